variable "project_id" {
  description = "Project that the account lives in and holds its roles in."
  type        = string
}

variable "account_id" {
  description = "Id of the account, the part before the @."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.account_id))
    error_message = "Write 6-30 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "display_name" {
  description = "What people see in lists, at most 100 characters."
  type        = string

  validation {
    condition     = length(var.display_name) <= 100
    error_message = "Write at most 100 characters."
  }
}

variable "description" {
  description = "What the account is for and who answers for it, at most 256 characters."
  type        = string
  default     = ""

  validation {
    condition     = length(var.description) <= 256
    error_message = "Write at most 256 characters."
  }
}

variable "project_roles" {
  description = "Predefined roles of the account in the project; each becomes one additive grant."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for role in var.project_roles : startswith(role, "roles/")])
    error_message = "Write predefined roles by their full name, such as roles/logging.logWriter."
  }

  validation {
    condition = length(setintersection(var.project_roles, [
      "roles/owner", "roles/editor", "roles/viewer",
      "roles/iam.serviceAccountUser", "roles/iam.serviceAccountTokenCreator", "roles/iam.workloadIdentityUser",
      "roles/iam.serviceAccountOpenIdTokenCreator", "roles/iam.serviceAccountKeyAdmin",
    ])) == 0
    error_message = "Basic roles and the right to act as any account of the project are never granted; name a narrower role, or grant it on one account."
  }
}
