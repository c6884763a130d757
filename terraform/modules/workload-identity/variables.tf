variable "project_id" {
  description = "Project that holds the pool."
  type        = string
}

variable "project_number" {
  description = "Number of the same project: principals are named by it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "Write the project's number (digits), not its id."
  }
}

variable "pool_id" {
  description = "Id of the environment's own pool."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}[a-z0-9]$", var.pool_id)) && !startswith(var.pool_id, "gcp-")
    error_message = "Write 4-32 lower-case letters, digits and hyphens, a letter first; ids that start with gcp- are Google's."
  }
}

variable "provider_id" {
  description = "Id of the pool's only provider."
  type        = string
  default     = "github"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}[a-z0-9]$", var.provider_id)) && !startswith(var.provider_id, "gcp-")
    error_message = "Write 4-32 lower-case letters, digits and hyphens, a letter first; ids that start with gcp- are Google's."
  }
}

variable "team" {
  description = "Team, for names that people read."
  type        = string
}

variable "environment" {
  description = "GitHub environment whose jobs deploy."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.environment))
    error_message = "Write 1-31 lower-case letters, digits and hyphens, a letter first: a colon or a capital would read differently inside a token."
  }
}

variable "repository_id" {
  description = "GitHub's number of the repository."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.repository_id))
    error_message = "Write the repository's number as digits (gh api repos/<owner>/<name> --jq .id); a name can be registered again by somebody else."
  }
}

variable "repository_owner_id" {
  description = "GitHub's number of the repository's owner."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.repository_owner_id))
    error_message = "Write the owner's number as digits (gh api users/<owner> --jq .id); a name can be registered again by somebody else."
  }
}

variable "branch" {
  description = "Branch whose jobs deploy and plan."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$", var.branch)) && !startswith(var.branch, "refs/")
    error_message = "Write one branch without refs/heads/ and without wildcards, such as main."
  }
}

variable "oidc_issuer" {
  description = "Issuer of the tokens."
  type        = string
  default     = "https://token.actions.githubusercontent.com"

  validation {
    condition     = startswith(var.oidc_issuer, "https://")
    error_message = "Write the issuer's https address."
  }
}

variable "oidc_audiences" {
  description = "Audiences accepted; the provider's own full name when empty."
  type        = list(string)
  default     = []
}

variable "self_hosted_runners" {
  description = "True lets jobs on the repository's own runners in; otherwise only GitHub's."
  type        = bool
  default     = false
}

variable "trusted_workflows" {
  description = "When given, only these reusable workflows (owner/repository/path@ref) get a token exchanged."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for workflow in var.trusted_workflows : can(regex("^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+/[A-Za-z0-9._/-]+@[A-Za-z0-9._/-]+$", workflow))])
    error_message = "Write workflows as owner/repository/.github/workflows/file.yaml@ref."
  }
}

variable "deploy_account" {
  description = "Full name of the service account that deployments become."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/serviceAccounts/[^/]+$", var.deploy_account))
    error_message = "Write projects/<project>/serviceAccounts/<e-mail>."
  }
}

variable "plan_account" {
  description = "Full name of the service account that plans and checks become."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/serviceAccounts/[^/]+$", var.plan_account))
    error_message = "Write projects/<project>/serviceAccounts/<e-mail>."
  }
}

variable "allow_pull_request_plan" {
  description = "True lets jobs of pull requests become the plan account."
  type        = bool
  default     = false
}
