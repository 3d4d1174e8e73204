variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be a project id: 6 to 30 lower-case letters, digits or hyphens, such as synapse-dev."
  }
}

variable "region" {
  description = "Region of the key ring."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as us-central1, not a zone or a multi-region."
  }
}

variable "rotation_days" {
  description = "How often Cloud KMS makes a new version of the key; older ones go on opening what they have sealed."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 365 && floor(var.rotation_days) == var.rotation_days
    error_message = "rotation_days must be a whole number of days from 1 to 365, such as 90."
  }
}

variable "prefix" {
  description = "Beginning of every account's id, and the key ring's name, which Cloud KMS never gives free again."
  type        = string
  default     = "synapse"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,12}$", var.prefix))
    error_message = "prefix must be 3 to 13 lower-case letters or digits, since an account's id has at most 30."
  }
}

variable "accounts" {
  description = "What each account is for, its roles in the project, whether it may call models, seal or open keys, make sessions; by the manifests' account."
  type = map(object({
    description    = string
    roles          = optional(set(string), [])
    calls_models   = optional(bool, false)
    seals_keys     = optional(bool, false)
    opens_keys     = optional(bool, false)
    keeps_sessions = optional(bool, false)
  }))
  nullable = false

  validation {
    condition     = alltrue([for account in keys(var.accounts) : can(regex("^[a-z][a-z-]{2,15}$", account))])
    error_message = "accounts must be named by 3 to 16 lower-case letters or hyphens, such as pipeline."
  }

  validation {
    condition     = alltrue(flatten([for account in values(var.accounts) : [for role in account.roles : can(regex("^roles/[a-zA-Z]+\\.", role))]]))
    error_message = "accounts must have predefined roles of one service, such as roles/datastore.user; never roles/owner, editor or viewer."
  }
}
