# What delivers messages to one private function: its topic, the push with retries, the way out for what never succeeds, and an alert.

locals {
  dead_letters = var.dead_letter_topic == null ? [] : [var.dead_letter_topic]
}

resource "google_pubsub_topic" "this" {
  project = var.project
  name    = var.name
}

resource "google_pubsub_subscription" "this" {
  project                    = var.project
  name                       = var.name
  topic                      = google_pubsub_topic.this.id
  ack_deadline_seconds       = var.ack_deadline_seconds
  message_retention_duration = "${var.retention_seconds}s"

  push_config {
    push_endpoint = var.push_endpoint

    oidc_token {
      service_account_email = var.push_account_email
      audience              = var.push_endpoint
    }
  }

  retry_policy {
    minimum_backoff = "${var.minimum_backoff_seconds}s"
    maximum_backoff = "${var.maximum_backoff_seconds}s"
  }

  # Without this a subscription that was quiet for 31 days is deleted.
  expiration_policy {
    ttl = ""
  }

  dynamic "dead_letter_policy" {
    for_each = local.dead_letters
    content {
      dead_letter_topic     = dead_letter_policy.value
      max_delivery_attempts = var.max_delivery_attempts
    }
  }
}

resource "google_storage_notification" "this" {
  count = var.object_notification == null ? 0 : 1

  bucket             = var.object_notification.bucket
  object_name_prefix = var.object_notification.prefix
  event_types        = ["OBJECT_FINALIZE"]
  payload_format     = "JSON_API_V1"
  topic              = google_pubsub_topic.this.id

  # Cloud Storage tries to publish while the notification is made.
  depends_on = [google_pubsub_topic_iam_member.publisher]
}
