variable "project" {
  description = "Id of the Google Cloud project, which is also the Firebase project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be a project id: 6 to 30 lower-case letters, digits or hyphens, such as synapse-dev."
  }
}

variable "region" {
  description = "Region of everything; the Firebase SDK calls us-central1 unless the page says otherwise."
  type        = string
  default     = "us-central1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as us-central1, not a zone or a multi-region."
  }
}

variable "packages" {
  description = "Folder of the zips that python -m local.package built."
  type        = string
  default     = "../../../build/functions"
  nullable    = false
}

variable "runtime" {
  description = "Python runtime of every function; the tests run on the default."
  type        = string
  default     = "python311"
  nullable    = false

  validation {
    condition     = can(regex("^python31[1-9]$", var.runtime))
    error_message = "runtime must be python311 or later, such as python312."
  }
}

variable "allowed_origins" {
  description = "Origins of pages that may call the functions and upload files."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.allowed_origins) > 0 && alltrue([for origin in var.allowed_origins : can(regex("^https?://[^/*,]+$", origin))])
    error_message = "allowed_origins must be origins without a path or a star, such as https://synapse-dev.web.app."
  }
}

variable "settings" {
  description = "Settings that the environment decides, by the field's name in shared/core/settings.py; one left out has the default there."
  type = object({
    app_check                    = optional(string, "enforce")
    chat_model                   = optional(string, "gemini-3.5-flash")
    embedder                     = optional(string, "gemini-embedding-001")
    openai_base_url              = optional(string)
    openai_model                 = optional(string)
    openai_sees                  = optional(bool)
    gemini_location              = optional(string)
    gemini_base_url              = optional(string)
    model_connect_seconds        = optional(number)
    model_first_token_seconds    = optional(number)
    model_between_tokens_seconds = optional(number)
    stream_checkpoint_seconds    = optional(number)
    turn_retention_days          = optional(number)
    daily_token_ceiling          = optional(number)
    stream_heartbeat_seconds     = optional(number)
    step_lease_seconds           = optional(number)
    notifier                     = optional(string, "fcm")
    session_hours                = optional(number)
    web_contact_url              = optional(string)
    site_pause_seconds           = optional(number)
    firebase_api_key             = optional(string)
    max_upload_bytes             = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["off", "enforce"], var.settings.app_check)
    error_message = "settings.app_check must be off or enforce."
  }

  validation {
    condition     = contains(["log", "fcm"], var.settings.notifier)
    error_message = "settings.notifier must be fcm, or log to tell no device."
  }

  validation {
    condition     = contains([for model in local.registry.chat_models : model.name], var.settings.chat_model)
    error_message = "settings.chat_model must be one of shared/models.json: ${join(", ", [for model in local.registry.chat_models : model.name])}."
  }

  validation {
    condition     = contains([for embedder in local.registry.embedders : embedder.name if embedder.adapter != "minilm"], var.settings.embedder)
    error_message = "settings.embedder must be one of shared/models.json that runs in the cloud; local models are in no deployed set."
  }
}

variable "openai_key_secret" {
  description = "Id of the Secret Manager secret with the key of settings.openai_base_url; null where none is used."
  type        = string
  default     = null

  validation {
    condition     = var.openai_key_secret == null || can(regex("^[A-Za-z0-9_-]{1,255}$", var.openai_key_secret))
    error_message = "openai_key_secret must be the id of a secret, not its value: letters, digits, hyphens, underscores."
  }
}

variable "notification_channels" {
  description = "Ids of the Monitoring channels that alerts go to."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for channel in var.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", channel))])
    error_message = "notification_channels must be full ids, projects/PROJECT/notificationChannels/NUMBER."
  }
}
