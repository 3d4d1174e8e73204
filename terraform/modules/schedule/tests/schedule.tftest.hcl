mock_provider "google" {}

variables {
  project         = "synapse-dev"
  region          = "us-central1"
  name            = "sweep-stalled-documents"
  schedule        = "* * * * *"
  uri             = "https://sweep-stalled-documents-abc-uc.a.run.app"
  account_email   = "synapse-scheduler@synapse-dev.iam.gserviceaccount.com"
  timeout_seconds = 60
}

run "a_call_carries_a_token_for_the_function_alone" {
  command = plan

  assert {
    condition     = google_cloud_scheduler_job.this.http_target[0].oidc_token[0].audience == var.uri
    error_message = "The token's audience must be the service's URL."
  }

  assert {
    condition     = google_cloud_scheduler_job.this.time_zone == "Etc/UTC" && google_cloud_scheduler_job.this.attempt_deadline == "60s"
    error_message = "Schedules are in UTC, and a call may take as long as the function."
  }
}

run "a_schedule_of_four_fields_is_refused" {
  command = plan

  variables {
    schedule = "0 3 * *"
  }

  expect_failures = [var.schedule]
}

run "an_underscore_in_the_name_is_refused" {
  command = plan

  variables {
    name = "clean_up"
  }

  expect_failures = [var.name]
}

run "a_call_longer_than_the_scheduler_waits_is_refused" {
  command = plan

  variables {
    timeout_seconds = 3600
  }

  expect_failures = [var.timeout_seconds]
}
