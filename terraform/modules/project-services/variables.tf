variable "project_id" {
  description = "Project whose services, default accounts and audit settings are managed."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "Write the project's id (6-30 lower-case letters, digits and hyphens), not its name or number."
  }
}

variable "services" {
  description = "APIs that stay enabled; destroying the root never disables one."
  type        = set(string)
  default = [
    "artifactregistry.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudtrace.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
  ]

  validation {
    condition     = alltrue([for service in var.services : endswith(service, ".googleapis.com")])
    error_message = "Write services by their full name, such as run.googleapis.com."
  }
}

variable "audited_services" {
  description = "Services whose data access is written to the audit log: who exchanged a token, who became whom."
  type        = set(string)
  default     = ["iam.googleapis.com", "sts.googleapis.com"]

  validation {
    condition     = length(setsubtract(["iam.googleapis.com", "sts.googleapis.com"], var.audited_services)) == 0
    error_message = "Keep iam.googleapis.com and sts.googleapis.com in the list; others may be added."
  }
}
