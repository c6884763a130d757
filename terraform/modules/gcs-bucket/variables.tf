variable "project_id" {
  description = "Project that owns the bucket."
  type        = string
}

variable "project_number" {
  description = "Number of the same project: Cloud Storage's own account is named after it. Needed with kms_key."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || var.project_number != null
    error_message = "With kms_key, give the project's number: the key is granted to Google's own account of that name."
  }
}

variable "name" {
  description = "Globally unique name of the bucket."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name)) && !startswith(var.name, "goog")
    error_message = "Write 3-63 lower-case letters, digits and hyphens; names that start with goog are Google's."
  }
}

variable "location" {
  description = "Region, dual-region or multi-region in capitals, as Cloud Storage returns it."
  type        = string

  validation {
    condition     = can(regex("^[A-Z0-9-]+$", var.location))
    error_message = "Write the location in capitals, such as EUROPE-WEST1: any other spelling replaces the bucket at the next plan."
  }
}

variable "storage_class" {
  description = "STANDARD, NEARLINE, COLDLINE or ARCHIVE."
  type        = string
  default     = "STANDARD"

  validation {
    condition     = contains(["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"], var.storage_class)
    error_message = "Write STANDARD, NEARLINE, COLDLINE or ARCHIVE."
  }
}

variable "labels" {
  description = "Labels of the bucket."
  type        = map(string)
}

variable "keep_versions" {
  description = "Old versions kept of each object."
  type        = number
  default     = 5

  validation {
    condition     = var.keep_versions >= 1 && var.keep_versions <= 100
    error_message = "Write a number from 1 to 100."
  }
}

variable "soft_delete_days" {
  description = "Days in which a deleted object can be restored."
  type        = number
  default     = 7

  validation {
    condition     = var.soft_delete_days >= 7 && var.soft_delete_days <= 90
    error_message = "Write 7 to 90 days."
  }
}

variable "kms_key" {
  description = "Full name of the key that encrypts new objects; Google's own keys when null."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "Write projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>."
  }
}

variable "users" {
  description = "Members that read and write all objects, under a name for each."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for member in values(var.users) : startswith(member, "serviceAccount:")])
    error_message = "Write serviceAccount: members only; nobody else uses a bucket directly."
  }
}

variable "publisher" {
  description = "Member that writes below publish_prefixes; needed when there are any."
  type        = string
  default     = null
}

variable "publish_prefixes" {
  description = "Prefixes that the publisher reads and writes; each becomes a managed folder."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for prefix in var.publish_prefixes : can(regex("^([A-Za-z0-9][A-Za-z0-9._-]*/)+$", prefix))])
    error_message = "Write prefixes that end with a slash, such as models/."
  }
}

variable "delete_data" {
  description = "True only in a destroy run that was asked to delete the data: the bucket goes with all its objects."
  type        = bool
  default     = false
}
