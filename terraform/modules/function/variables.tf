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
  description = "Region of the function."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as us-central1, not a zone or a multi-region."
  }
}

variable "name" {
  description = "Name of the folder in functions/, of the entry point and of the function, so that httpsCallable(name) works."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z_]{0,61}[a-z]$", var.name))
    error_message = "name must be a folder of functions/: lower-case letters and underscores, at most 63, such as create_bot."
  }
}

variable "description" {
  description = "What the function does, shown in the console."
  type        = string
  default     = ""
  nullable    = false
}

variable "zip" {
  description = "Path of the function's zip, as python -m local.package builds it."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists(var.zip)
    error_message = "${var.zip} does not exist; run python -m local.package in the project's root to build the zips."
  }
}

variable "sources_bucket" {
  description = "Bucket that holds the zips."
  type        = string
  nullable    = false
}

variable "runtime" {
  description = "Python runtime; the tests run on the default."
  type        = string
  default     = "python311"
  nullable    = false

  validation {
    condition     = can(regex("^python31[1-9]$", var.runtime))
    error_message = "runtime must be python311 or later, such as python312."
  }
}

variable "account_email" {
  description = "Service account that the function runs as."
  type        = string
  nullable    = false
}

variable "build_account_email" {
  description = "Service account that builds the function's image."
  type        = string
  nullable    = false
}

variable "public" {
  description = "Whether anybody may reach the function, which then checks tokens itself. Stages and schedules are private."
  type        = bool
  nullable    = false
}

variable "invokers" {
  description = "Members with roles/run.invoker, by a name of their part, such as push = serviceAccount:push@..."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.invokers) : !startswith(member, "all")])
    error_message = "invokers must be accounts; for a function that anybody may reach set public = true."
  }
}

variable "environment" {
  description = "Environment variables: the fields of shared.core.settings.Settings in capitals."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.environment) : can(regex("^[A-Z][A-Z0-9_]*$", key))])
    error_message = "environment must have names in capitals, such as GOOGLE_CLOUD_PROJECT."
  }

  validation {
    condition     = alltrue([for key in keys(var.environment) : !endswith(key, "_EMULATOR_HOST")])
    error_message = "environment must not name an emulator: with one, Firebase Auth accepts unsigned tokens."
  }
}

variable "secrets" {
  description = "Secret Manager secret ids by environment variable; the function reads the version that is latest when it starts."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for secret in values(var.secrets) : can(regex("^[A-Za-z0-9_-]{1,255}$", secret))])
    error_message = "secrets must name ids of secrets, not their values or versions."
  }
}

variable "memory" {
  description = "Memory of an instance; /tmp is part of it."
  type        = string
  default     = "256Mi"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]+(Mi|Gi)$", var.memory))
    error_message = "memory must be whole Mi or Gi, such as 512Mi."
  }
}

variable "cpu" {
  description = "Processors of an instance."
  type        = string
  default     = "1"
  nullable    = false

  validation {
    condition     = can(tonumber(var.cpu)) && try(tonumber(var.cpu), 0) > 0 && try(tonumber(var.cpu), 9) <= 8
    error_message = "cpu must be a number above 0 and up to 8, such as 1 or 0.5."
  }
}

variable "timeout_seconds" {
  description = "How long one request may take."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 3600
    error_message = "timeout_seconds must lie between 1 and 3600."
  }
}

variable "concurrency" {
  description = "Requests that one instance serves at once."
  type        = number
  default     = 80
  nullable    = false

  validation {
    condition     = var.concurrency >= 1 && var.concurrency <= 1000
    error_message = "concurrency must lie between 1 and 1000."
  }

  validation {
    condition     = var.concurrency == 1 || try(tonumber(var.cpu), 0) >= 1
    error_message = "concurrency above 1 needs cpu of at least 1; the platform refuses it otherwise."
  }
}

variable "min_instances" {
  description = "Instances that stay warm, and are paid for, without traffic."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.min_instances >= 0 && var.min_instances <= 100
    error_message = "min_instances must lie between 0 and 100."
  }
}

variable "max_instances" {
  description = "Instances that may run at once: the ceiling of what a flood can cost."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 1000 && var.max_instances >= var.min_instances
    error_message = "max_instances must lie between 1 and 1000, and not below min_instances."
  }
}
