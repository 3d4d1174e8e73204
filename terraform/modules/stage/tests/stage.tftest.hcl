mock_provider "google" {}

variables {
  project              = "synapse-dev"
  name                 = "extract-document"
  push_endpoint        = "https://extract-document-abc-uc.a.run.app"
  push_account_email   = "synapse-push@synapse-dev.iam.gserviceaccount.com"
  pubsub_agent         = "serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com"
  publishers           = { pipeline = "serviceAccount:synapse-pipeline@synapse-dev.iam.gserviceaccount.com" }
  dead_letter_topic    = "projects/synapse-dev/topics/dead-letters"
  ack_deadline_seconds = 540
}

run "a_push_carries_a_token_for_the_function_alone" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.this.push_config[0].oidc_token[0].audience == var.push_endpoint
    error_message = "The token's audience must be the service's URL."
  }

  assert {
    condition     = google_pubsub_subscription.this.push_config[0].oidc_token[0].service_account_email == var.push_account_email
    error_message = "The token must be the push account's."
  }
}

run "a_failed_message_is_tried_again_and_then_given_up" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.this.retry_policy[0].minimum_backoff == "5s" && google_pubsub_subscription.this.retry_policy[0].maximum_backoff == "300s"
    error_message = "Retries must be spaced."
  }

  assert {
    condition     = google_pubsub_subscription.this.dead_letter_policy[0].max_delivery_attempts == 10
    error_message = "A message must be given up after ten deliveries."
  }

  assert {
    condition     = google_pubsub_subscription_iam_member.dead_letter_mover[0].member == var.pubsub_agent
    error_message = "Pub/Sub's agent must be able to take a dead message away."
  }

  assert {
    condition     = google_pubsub_subscription.this.expiration_policy[0].ttl == ""
    error_message = "A quiet subscription must not expire."
  }

  assert {
    condition     = length(google_monitoring_alert_policy.stuck.conditions) == 2
    error_message = "Somebody must be told of old messages and of dead ones."
  }
}

run "the_dead_letters_own_stage_gives_nothing_up" {
  command = plan

  variables {
    name              = "dead-letters"
    dead_letter_topic = null
  }

  assert {
    condition     = length(google_pubsub_subscription.this.dead_letter_policy) == 0 && length(google_pubsub_subscription_iam_member.dead_letter_mover) == 0
    error_message = "There is no topic behind the dead letters."
  }
}

run "a_bucket_announces_what_is_uploaded" {
  command = plan

  variables {
    name                = "on-upload"
    object_notification = { bucket = "synapse-dev-files", prefix = "uploads/" }
  }

  assert {
    condition     = google_storage_notification.this[0].object_name_prefix == "uploads/" && google_storage_notification.this[0].event_types == toset(["OBJECT_FINALIZE"])
    error_message = "Only finished uploads must be announced, since derived files lie in the same bucket."
  }
}

run "other_stages_listen_to_no_bucket" {
  command = plan

  assert {
    condition     = length(google_storage_notification.this) == 0
    error_message = "No notification was asked for."
  }
}

run "a_stage_longer_than_the_acknowledgement_limit_is_refused" {
  command = plan

  variables {
    ack_deadline_seconds = 900
  }

  expect_failures = [var.ack_deadline_seconds]
}

run "fewer_than_five_attempts_are_refused" {
  command = plan

  variables {
    max_delivery_attempts = 3
  }

  expect_failures = [var.max_delivery_attempts]
}

run "an_underscore_in_the_topic_is_refused" {
  command = plan

  variables {
    name = "extract_document"
  }

  expect_failures = [var.name]
}

run "everybody_is_no_publisher" {
  command = plan

  variables {
    publishers = { all = "allUsers" }
  }

  expect_failures = [var.publishers]
}
