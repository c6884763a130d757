variable "project_id" {
  description = "The platform's own project: it holds the state bucket and the toolkit's identities."
  type        = string
}

variable "region" {
  description = "Region of the provider; nothing here is regional."
  type        = string
}

variable "team" {
  description = "Name that stands for the platform where a team's stands elsewhere."
  type        = string
}

variable "environment" {
  description = "GitHub environment of the platform repository whose jobs apply."
  type        = string
}

variable "labels" {
  description = "Labels of everything that takes them."
  type        = map(string)
}

variable "owner_email" {
  description = "Address of the platform team."
  type        = string
}

variable "state_bucket" {
  description = "Bucket that holds the state of every root."
  type        = string
}

variable "state_location" {
  description = "Location of the bucket in capitals, as Cloud Storage returns it."
  type        = string

  validation {
    condition     = can(regex("^[A-Z0-9-]+$", var.state_location))
    error_message = "Write the location in capitals, such as EU: any other spelling would replace the bucket."
  }
}

variable "keep_versions" {
  description = "Old versions kept of each state."
  type        = number
  default     = 100

  validation {
    condition     = var.keep_versions >= 10
    error_message = "Keep at least 10 old versions: a state is had back from them."
  }
}

variable "soft_delete_days" {
  description = "Days in which a deleted state can be restored."
  type        = number
  default     = 30

  validation {
    condition     = var.soft_delete_days >= 7 && var.soft_delete_days <= 90
    error_message = "Write 7 to 90 days."
  }
}

variable "services" {
  description = "APIs of the platform's project: those its identities call, on whatever project, and its own."
  type        = set(string)
}

variable "account_ids" {
  description = "Ids of the three accounts: plan (the whole, from the main branch), preview (from pull requests) and deploy."
  type        = map(string)

  validation {
    condition     = toset(keys(var.account_ids)) == toset(["deploy", "plan", "preview"])
    error_message = "Name the accounts plan, preview and deploy; there are no others."
  }
}

variable "purposes" {
  description = "What each account is for, for people."
  type        = map(string)
}

variable "scope" {
  description = "Where the teams' projects are: folders/<number>, or organizations/<number>."
  type        = string

  validation {
    condition     = can(regex("^(folders|organizations)/[0-9]+$", var.scope))
    error_message = "Write folders/<number>, or organizations/<number> where the teams have no folder of their own."
  }
}

variable "scope_roles" {
  description = "Roles of each account on the scope."
  type        = map(set(string))

  validation {
    condition = length(setintersection(flatten([for roles in values(var.scope_roles) : tolist(roles)]), [
      "roles/owner", "roles/editor", "roles/viewer", "roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountKeyAdmin",
    ])) == 0
    error_message = "Basic roles, tokens of other accounts and keys are nobody's; name a narrower role."
  }
}

variable "scope_conditions" {
  description = "Conditions of single roles on the scope, by <account>/<role>: the role counts only where the expression holds."
  type        = map(object({ title = string, description = string, expression = string }))
  default     = {}

  validation {
    condition = alltrue([
      for name in keys(var.scope_conditions) :
      contains(flatten([for kind, roles in var.scope_roles : [for role in roles : "${kind}/${role}"]]), name)
    ])
    error_message = "Each condition belongs to a role of scope_roles: write its name as <account>/<role>."
  }
}

variable "billing_account" {
  description = "Billing account of the teams' projects."
  type        = string
}

variable "billing_roles" {
  description = "Role of an account on the billing account, by account."
  type        = map(string)
}

variable "state_roles" {
  description = "Roles of each account on the state bucket; preview has none."
  type        = map(set(string))

  validation {
    condition     = !contains(keys(var.state_roles), "preview")
    error_message = "A pull request never reaches the state: give the account preview nothing here."
  }
}

variable "budget" {
  description = "Monthly budget of the platform's project."
  type        = object({ amount = number, currency = string })
}

variable "pool_id" {
  description = "Id of the platform repository's own pool."
  type        = string
}

variable "provider_id" {
  description = "Id of the pool's only provider."
  type        = string
}

variable "repository_id" {
  description = "GitHub's number of the platform repository."
  type        = string
}

variable "repository_owner_id" {
  description = "GitHub's number of its owner."
  type        = string
}

variable "branch" {
  description = "Branch whose jobs plan and apply."
  type        = string
}

variable "oidc_issuer" {
  description = "Issuer of the tokens."
  type        = string
}

variable "oidc_audiences" {
  description = "Audiences accepted; the provider's own full name when empty."
  type        = list(string)
}

variable "self_hosted_runners" {
  description = "True lets jobs on the repository's own runners in; otherwise only GitHub's."
  type        = bool
  default     = false
}
