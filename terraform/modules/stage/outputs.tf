output "topic" {
  description = "Name of the topic."
  value       = google_pubsub_topic.this.name
}

output "topic_id" {
  description = "Full id of the topic, known while planning."
  value       = "projects/${var.project}/topics/${google_pubsub_topic.this.name}"
}

output "subscription" {
  description = "Name of the push subscription."
  value       = google_pubsub_subscription.this.name
}
