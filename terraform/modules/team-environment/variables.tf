variable "project_id" {
  description = "The environment's project; it exists already."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "Write the project's id (6-30 lower-case letters, digits and hyphens), not its name or number."
  }
}

variable "region" {
  description = "Region of the services."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "Write a Google Cloud region such as europe-west1."
  }
}

variable "team" {
  description = "The team's short name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,28}[a-z0-9]$", var.team))
    error_message = "Write 2-30 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "environment" {
  description = "The environment's name, which is the GitHub environment's too."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.environment)) && !startswith(var.environment, "github")
    error_message = "Write 1-31 lower-case letters, digits and hyphens, a letter first; names that start with github are GitHub's."
  }
}

variable "labels" {
  description = "Labels of everything that takes labels."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["team", "env", "cost-center", "owner", "data-class", "managed-by"], keys(var.labels))) == 0
    error_message = "Give the labels team, env, cost-center, owner, data-class and managed-by."
  }

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "Labels have at most 63 lower-case letters, digits, hyphens and underscores; an e-mail address does not fit."
  }
}

variable "owner_email" {
  description = "Who answers for the environment and is told about its budget."
  type        = string
}

variable "repository_id" {
  description = "GitHub's number of the team's repository, as digits."
  type        = string
}

variable "repository_owner_id" {
  description = "GitHub's number of the repository's owner, as digits."
  type        = string
}

variable "branch" {
  description = "Branch that deploys here."
  type        = string
  default     = "main"
}

variable "oidc_issuer" {
  description = "Issuer of GitHub's tokens."
  type        = string
  default     = "https://token.actions.githubusercontent.com"
}

variable "oidc_audiences" {
  description = "Audiences accepted; the provider's own full name when empty."
  type        = list(string)
  default     = []
}

variable "allow_pull_request_plan" {
  description = "True lets jobs of pull requests become the plan account."
  type        = bool
  default     = false
}

variable "self_hosted_runners" {
  description = "True lets jobs on the repository's own runners in."
  type        = bool
  default     = false
}

variable "trusted_workflows" {
  description = "When given, only these reusable workflows (owner/repository/path@ref) get a token exchanged."
  type        = list(string)
  default     = []
}

variable "pool_id" {
  description = "Id of the environment's workload identity pool."
  type        = string
}

variable "provider_id" {
  description = "Id of the pool's provider."
  type        = string
  default     = "github"
}

variable "account_ids" {
  description = "Ids of the three service accounts."
  type        = object({ plan = string, deploy = string, runtime = string })

  validation {
    condition     = length(distinct(values(var.account_ids))) == 3
    error_message = "Give three different ids: one account that plans, one that deploys, one that the services run as."
  }
}

variable "buckets" {
  description = "Buckets by their short name."
  type = map(object({
    name             = string
    location         = string
    storage_class    = optional(string, "STANDARD")
    keep_versions    = optional(number, 5)
    soft_delete_days = optional(number, 7)
    kms_key          = optional(string)
    publish_prefixes = optional(list(string), [])
  }))
  default = {}
}

variable "registries" {
  description = "Docker registries by their short name."
  type = map(object({
    name               = string
    location           = string
    immutable_tags     = optional(bool, true)
    mutable_reason     = optional(string)
    keep_untagged_days = optional(number, 30)
    kms_key            = optional(string)
  }))
  default = {}
}

variable "services" {
  description = "Cloud Run services by their short name."
  type = map(object({
    name            = string
    image           = string
    cpu             = optional(string, "1")
    memory          = optional(string, "512Mi")
    port            = optional(number, 8080)
    min_instances   = optional(number, 0)
    max_instances   = optional(number, 3)
    timeout_seconds = optional(number, 60)
    probe_path      = optional(string, "/health")
    ingress         = optional(string, "internal")
    public_reason   = optional(string)
    invokers        = optional(list(string), [])
    env             = optional(map(string), {})
    secrets         = optional(map(object({ secret = string, version = number })), {})
    kms_key         = optional(string)
  }))
  default = {}
}

variable "extra_roles" {
  description = "Project roles beyond the standard ones, per account."
  type = object({
    plan    = optional(list(string), [])
    deploy  = optional(list(string), [])
    runtime = optional(list(string), [])
  })
  default = {}
}

variable "budget" {
  description = "Monthly budget of the project; none when null."
  type        = object({ amount = number, currency = string })
  default     = null
}

variable "billing_account" {
  description = "Billing account of the budget."
  type        = string
  default     = null

  validation {
    condition     = var.budget == null || var.billing_account != null
    error_message = "A budget needs the billing account that pays."
  }
}

variable "state_bucket" {
  description = "Bucket with the state of all roots."
  type        = string
}

variable "state_prefix" {
  description = "Where this environment's state lies: <team>/<env>. The plan account reads there and nowhere else."
  type        = string

  validation {
    condition     = var.state_prefix == "${var.team}/${var.environment}"
    error_message = "Write <team>/<env>: a wider prefix would show the state of other environments."
  }
}

variable "preview_account" {
  description = "Account that pull requests of the platform repository become; it reads this environment's state. None when null."
  type        = string
  default     = null

  validation {
    condition     = var.preview_account == null || var.allow_pull_request_plan
    error_message = "Leave it out where pull requests may not plan: a pull request must not read the state of a guarded environment."
  }

  validation {
    condition     = var.preview_account == null || can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z][a-z0-9-]{4,28}[a-z0-9]\\.iam\\.gserviceaccount\\.com$", var.preview_account))
    error_message = "Write the address of one service account: <id>@<project>.iam.gserviceaccount.com."
  }
}

variable "manage_project" {
  description = "False where the project is shared: its services, audit settings and budget then belong to its own root."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "False only in the first of a destroy run's two plans."
  type        = bool
  default     = true
}

variable "delete_data" {
  description = "True only in a destroy run that was asked to delete the data."
  type        = bool
  default     = false
}
