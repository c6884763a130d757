variable "project_id" {
  description = "Project that runs the service."
  type        = string
}

variable "project_number" {
  description = "Number of the same project: Cloud Run's own account is named after it. Needed with kms_key."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || var.project_number != null
    error_message = "With kms_key, give the project's number: the key is granted to Google's own account of that name."
  }
}

variable "name" {
  description = "Name of the service in its project and region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$", var.name))
    error_message = "Write 1-49 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "location" {
  description = "Region of the service."
  type        = string
}

variable "description" {
  description = "Which team and environment the service belongs to."
  type        = string
}

variable "labels" {
  description = "Labels of the service."
  type        = map(string)
}

variable "service_account" {
  description = "Address of the account that the container runs as; every environment has its own."
  type        = string

  validation {
    condition = (
      can(regex("^[a-z][a-z0-9-]+@[a-z0-9-]+[.]iam[.]gserviceaccount[.]com$", var.service_account))
      && !endswith(var.service_account, "-compute@developer.gserviceaccount.com")
    )
    error_message = "Write the address of a dedicated service account; the default one is never used."
  }
}

variable "image" {
  description = "Image by digest that the service is created with; later versions are deployed by CI and left alone here."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Write the image by digest: <registry>/<image>@sha256:<64 hexadecimal digits>. A tag can be moved."
  }
}

variable "cpu" {
  description = "CPUs of an instance."
  type        = string
  default     = "1"

  validation {
    condition     = contains(["1", "2", "4", "8"], var.cpu)
    error_message = "Write 1, 2, 4 or 8."
  }
}

variable "memory" {
  description = "Memory of an instance, such as 512Mi or 2Gi."
  type        = string
  default     = "512Mi"

  validation {
    condition     = can(regex("^[1-9][0-9]{0,4}(Mi|Gi)$", var.memory))
    error_message = "Write a number and Mi or Gi, such as 512Mi."
  }
}

variable "port" {
  description = "Port that the container listens on."
  type        = number
  default     = 8080
}

variable "min_instances" {
  description = "Instances that are always ready."
  type        = number
  default     = 0
}

variable "max_instances" {
  description = "Instances that are never exceeded."
  type        = number
  default     = 3

  validation {
    condition     = var.max_instances >= 1 && var.max_instances >= var.min_instances
    error_message = "Write at least 1, and not less than min_instances."
  }
}

variable "concurrency" {
  description = "Requests that one instance handles at once."
  type        = number
  default     = 80
}

variable "timeout_seconds" {
  description = "Longest time a request may take."
  type        = number
  default     = 60
}

variable "probe_path" {
  description = "Path that answers 200 once the service can work (startup) and as long as it does (liveness)."
  type        = string
  default     = "/health"

  validation {
    condition     = startswith(var.probe_path, "/")
    error_message = "Write a path that starts with /."
  }
}

variable "ingress" {
  description = "Where requests may come from: internal, load-balancer or public."
  type        = string
  default     = "internal"

  validation {
    condition     = contains(["internal", "load-balancer", "public"], var.ingress)
    error_message = "Write internal, load-balancer or public."
  }
}

variable "public_reason" {
  description = "Why the whole internet may reach the service."
  type        = string
  default     = null

  validation {
    condition     = var.ingress != "public" || try(length(var.public_reason) >= 10, false)
    error_message = "A public service needs public_reason: a sentence of at least 10 characters."
  }
}

variable "invokers" {
  description = "Members that may call the service."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.invokers : can(regex("^(user|group|serviceAccount):[^@[:space:]]+@[^@[:space:]]+$", member)) || member == "allUsers"])
    error_message = "Write user:, group: or serviceAccount: and an address."
  }

  validation {
    condition     = var.ingress == "public" || !contains(var.invokers, "allUsers")
    error_message = "allUsers is allowed only together with ingress = \"public\" and a public_reason."
  }
}

variable "env" {
  description = "Environment variables of the container."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Environment variables that take a pinned version of a secret; the service account can read them already."
  type        = map(object({ secret = string, version = number }))
  default     = {}

  validation {
    condition     = alltrue([for reference in values(var.secrets) : reference.version >= 1])
    error_message = "Pin a version number of the secret; \"latest\" changes without a deployment."
  }

  validation {
    condition     = length(setintersection(keys(var.secrets), keys(var.env))) == 0
    error_message = "A name stands in env and in secrets; keep one of them."
  }
}

variable "kms_key" {
  description = "Full name of the key that encrypts the deployed image; Google's own keys when null."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "Write projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>."
  }
}

variable "deletion_protection" {
  description = "False only in the first of a destroy run's two plans."
  type        = bool
  default     = true
}
