variable "billing_account" {
  description = "Billing account that pays for the project."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "Write the billing account as 01AB23-CD45EF-678901, without the prefix billingAccounts/."
  }
}

variable "project_id" {
  description = "Project that the budget watches and that holds the notification channel."
  type        = string
}

variable "project_number" {
  description = "Number of the same project: budgets filter by number."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "Write the project's number (digits), not its id."
  }
}

variable "display_name" {
  description = "Name of the budget, 1-60 characters; unique in the billing account, so that it is found again."
  type        = string

  validation {
    condition     = length(var.display_name) >= 1 && length(var.display_name) <= 60
    error_message = "Write a name of 1 to 60 characters."
  }
}

variable "amount" {
  description = "Whole units of the currency per month."
  type        = number

  validation {
    condition     = var.amount >= 1 && floor(var.amount) == var.amount
    error_message = "Write a whole number of at least 1."
  }
}

variable "currency" {
  description = "The billing account's currency, such as EUR."
  type        = string

  validation {
    condition     = can(regex("^[A-Z]{3}$", var.currency))
    error_message = "Write three capital letters such as EUR."
  }
}

variable "owner_email" {
  description = "Who is told when a threshold is passed."
  type        = string

  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+$", var.owner_email))
    error_message = "Write one e-mail address."
  }
}

variable "labels" {
  description = "Labels of the notification channel."
  type        = map(string)
  default     = {}
}
