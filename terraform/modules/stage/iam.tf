resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = var.publishers

  project = var.project
  topic   = google_pubsub_topic.this.name
  role    = "roles/pubsub.publisher"
  member  = each.value
}

# Pub/Sub itself moves a message that failed too often: it acknowledges it here, and publishes it to the dead letters.
resource "google_pubsub_subscription_iam_member" "dead_letter_mover" {
  count = length(local.dead_letters)

  project      = var.project
  subscription = google_pubsub_subscription.this.name
  role         = "roles/pubsub.subscriber"
  member       = var.pubsub_agent
}
