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
  description = "Region of the job."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as us-central1, not a zone or a multi-region."
  }
}

variable "name" {
  description = "Name of the job."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.name))
    error_message = "name must be lower-case letters, digits or hyphens, such as clean-up."
  }
}

variable "schedule" {
  description = "Five cron fields, in UTC."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^ ]+( [^ ]+){4}$", var.schedule))
    error_message = "schedule must have five cron fields, such as 0 3 * * * for three o'clock each night."
  }
}

variable "uri" {
  description = "URL of the function's Cloud Run service, which is also the audience of the OIDC token."
  type        = string
  nullable    = false
}

variable "account_email" {
  description = "Service account whose OIDC token a call carries; it needs roles/run.invoker on the function."
  type        = string
  nullable    = false
}

variable "timeout_seconds" {
  description = "How long one call may take; the function's timeout."
  type        = number
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 1800
    error_message = "timeout_seconds of a scheduled function must lie between 1 and 1800; Scheduler waits no longer."
  }
}

variable "retry_count" {
  description = "Repetitions of a call that failed, before the next time of the schedule."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.retry_count >= 0 && var.retry_count <= 5
    error_message = "retry_count must lie between 0 and 5, the platform's limits."
  }
}
