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
  description = "Region of the database and of the buckets; it cannot change later."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as us-central1, not a zone or a multi-region."
  }
}

variable "files_bucket" {
  description = "Name of the bucket of uploads/ and derived/; bucket names are global."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.files_bucket))
    error_message = "files_bucket must be 3 to 63 lower-case letters, digits or hyphens."
  }
}

variable "sources_bucket" {
  description = "Name of the bucket of the functions' zips; bucket names are global."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.sources_bucket)) && var.sources_bucket != var.files_bucket
    error_message = "sources_bucket must be 3 to 63 lower-case letters, digits or hyphens, and another than files_bucket."
  }
}

variable "allowed_origins" {
  description = "Origins of pages that may upload."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.allowed_origins) > 0 && alltrue([for origin in var.allowed_origins : can(regex("^https?://[^/*]+$", origin))])
    error_message = "allowed_origins must be origins without a path or a star, such as https://synapse-dev.web.app."
  }
}

variable "soft_delete_seconds" {
  description = "How long a deleted file can be brought back; 0 or at least a week."
  type        = number
  default     = 604800
  nullable    = false

  validation {
    condition     = var.soft_delete_seconds == 0 || (var.soft_delete_seconds >= 604800 && var.soft_delete_seconds <= 7776000)
    error_message = "soft_delete_seconds must be 0, or between 604800 (7 days) and 7776000 (90 days)."
  }
}

variable "files_access" {
  description = "Who may do what with the files, by account; a prefix confines it to objects below that folder."
  type = map(object({
    member = string
    role   = string
    prefix = optional(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for access in values(var.files_access) : startswith(access.role, "roles/storage.object") && !startswith(access.member, "all")])
    error_message = "files_access must give accounts a role on objects, such as roles/storage.objectUser."
  }
}

variable "build_member" {
  description = "Member that reads the zips to build functions."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.build_member, "serviceAccount:")
    error_message = "build_member must be a service account with its prefix, serviceAccount:..."
  }
}
