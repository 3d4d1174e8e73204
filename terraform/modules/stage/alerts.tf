resource "google_monitoring_alert_policy" "stuck" {
  project               = var.project
  display_name          = "${var.name}: messages are stuck or given up"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.notification_channels

  conditions {
    display_name = "Oldest undelivered message is older than ${var.undelivered_age_seconds} s"

    condition_threshold {
      filter          = "${local.series} AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.undelivered_age_seconds
      duration        = "300s"

      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  dynamic "conditions" {
    for_each = local.dead_letters
    content {
      display_name = "A message was given up"

      condition_threshold {
        filter          = "${local.series} AND metric.type = \"pubsub.googleapis.com/subscription/dead_letter_message_count\""
        comparison      = "COMPARISON_GT"
        threshold_value = 0
        duration        = "0s"

        aggregations {
          alignment_period   = "300s"
          per_series_aligner = "ALIGN_DELTA"
        }
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = <<-EOT
      Subscription `${var.name}` of project `${var.project}`. Read the logs of its function; the correlation id of a message is its
      attribute `correlation_id`. What was given up is listed in the collection `dead_letters`, with its body, and can be replayed.
    EOT
  }
}

locals {
  series = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${google_pubsub_subscription.this.name}\""
}
