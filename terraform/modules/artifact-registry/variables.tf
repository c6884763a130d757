variable "project_id" {
  description = "Project that owns the registry."
  type        = string
}

variable "project_number" {
  description = "Number of the same project: Artifact Registry's own account is named after it. Needed with kms_key."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || var.project_number != null
    error_message = "With kms_key, give the project's number: the key is granted to Google's own account of that name."
  }
}

variable "name" {
  description = "Name of the registry in its project and location."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "Write 1-63 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "location" {
  description = "Region or multi-region in lower case."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.location))
    error_message = "Write the location in lower case, such as europe-west1."
  }
}

variable "description" {
  description = "Which team and environment the images belong to."
  type        = string
}

variable "labels" {
  description = "Labels of the registry."
  type        = map(string)
}

variable "immutable_tags" {
  description = "A tag never moves. False needs mutable_reason and lets cleanup delete old tagged images."
  type        = bool
  default     = true
}

variable "mutable_reason" {
  description = "Why tags must be able to move."
  type        = string
  default     = null

  validation {
    condition     = var.immutable_tags || try(length(var.mutable_reason) >= 10, false)
    error_message = "Tags that can move need mutable_reason: a sentence of at least 10 characters."
  }
}

variable "keep_untagged_days" {
  description = "Days after which an image without a tag is deleted."
  type        = number
  default     = 30

  validation {
    condition     = var.keep_untagged_days >= 1 && var.keep_untagged_days <= 365
    error_message = "Write 1 to 365 days."
  }
}

variable "keep_newest" {
  description = "With tags that can move: newest versions that cleanup never deletes."
  type        = number
  default     = 20
}

variable "keep_tagged_days" {
  description = "With tags that can move: days after which a tagged image may be deleted."
  type        = number
  default     = 180
}

variable "cleanup_dry_run" {
  description = "True: cleanup only logs what it would delete."
  type        = bool
  default     = true
}

variable "kms_key" {
  description = "Full name of the key that encrypts the images; Google's own keys when null."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "Write projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>."
  }
}

variable "writers" {
  description = "Members that push images, under a name for each."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for member in values(var.writers) : startswith(member, "serviceAccount:")])
    error_message = "Write serviceAccount: members only; people do not push images."
  }
}

variable "readers" {
  description = "Members that pull images, under a name for each."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for member in values(var.readers) : can(regex("^(serviceAccount|group):", member))])
    error_message = "Write serviceAccount: or group: members."
  }
}
