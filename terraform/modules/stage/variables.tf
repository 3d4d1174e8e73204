variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be a project id: 6 to 30 lower-case letters, digits or hyphens, such as synapse-dev."
  }
}

variable "name" {
  description = "Name of the topic and of its one subscription."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,60}$", var.name))
    error_message = "name must be a topic: 3 to 61 lower-case letters, digits or hyphens, such as extract-document."
  }
}

variable "push_endpoint" {
  description = "URL of the function's Cloud Run service, which is also the audience of the OIDC token."
  type        = string
  nullable    = false
}

variable "push_account_email" {
  description = "Service account whose OIDC token a push carries; it needs roles/run.invoker on the function."
  type        = string
  nullable    = false
}

variable "pubsub_agent" {
  description = "Member of Pub/Sub's service agent, such as serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.pubsub_agent, "serviceAccount:")
    error_message = "pubsub_agent must be a member with its prefix, serviceAccount:..."
  }
}

variable "publishers" {
  description = "Members that may publish to the topic, by a name of their part."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.publishers) > 0 && alltrue([for member in values(var.publishers) : !startswith(member, "all")])
    error_message = "publishers must name at least one account, and never allUsers or allAuthenticatedUsers."
  }
}

variable "dead_letter_topic" {
  description = "Id of the topic for messages that failed too often (projects/P/topics/T); null for the dead letters' own stage."
  type        = string
  default     = null

  validation {
    condition     = var.dead_letter_topic == null || can(regex("^projects/[^/]+/topics/[^/]+$", var.dead_letter_topic))
    error_message = "dead_letter_topic must be a full id, projects/PROJECT/topics/TOPIC."
  }
}

variable "max_delivery_attempts" {
  description = "Deliveries before a message counts as dead."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_delivery_attempts >= 5 && var.max_delivery_attempts <= 100
    error_message = "max_delivery_attempts must lie between 5 and 100, the platform's limits."
  }
}

variable "ack_deadline_seconds" {
  description = "How long one delivery may take before it is repeated; at least the function's timeout."
  type        = number
  nullable    = false

  validation {
    condition     = var.ack_deadline_seconds >= 10 && var.ack_deadline_seconds <= 600
    error_message = "ack_deadline_seconds must lie between 10 and 600, so a stage's timeout_seconds is at most 600; split longer work in shards."
  }
}

variable "minimum_backoff_seconds" {
  description = "Pause before the first redelivery."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.minimum_backoff_seconds >= 0 && var.minimum_backoff_seconds <= 600
    error_message = "minimum_backoff_seconds must lie between 0 and 600."
  }
}

variable "maximum_backoff_seconds" {
  description = "Longest pause between redeliveries."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.maximum_backoff_seconds >= var.minimum_backoff_seconds && var.maximum_backoff_seconds <= 600
    error_message = "maximum_backoff_seconds must lie between minimum_backoff_seconds and 600."
  }
}

variable "retention_seconds" {
  description = "How long an undelivered message is kept."
  type        = number
  default     = 604800
  nullable    = false

  validation {
    condition     = var.retention_seconds >= 600 && var.retention_seconds <= 2678400
    error_message = "retention_seconds must lie between 600 (ten minutes) and 2678400 (31 days)."
  }
}

variable "undelivered_age_seconds" {
  description = "Age of the oldest undelivered message from which somebody is told."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.undelivered_age_seconds >= 60
    error_message = "undelivered_age_seconds must be at least 60, the grain of the metric."
  }
}

variable "notification_channels" {
  description = "Ids of the Monitoring channels that are told; none means that the alert only shows in the console."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "object_notification" {
  description = "Bucket whose finalized objects are announced on the topic, and the prefix of their names; null for other stages."
  type = object({
    bucket = string
    prefix = string
  })
  default = null

  validation {
    condition     = var.object_notification == null || can(regex("^[a-z]+/$", var.object_notification.prefix))
    error_message = "object_notification.prefix must be one folder with its slash, such as uploads/."
  }
}
