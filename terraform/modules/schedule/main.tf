# Calls one private function by the clock.

resource "google_cloud_scheduler_job" "this" {
  project          = var.project
  region           = var.region
  name             = var.name
  schedule         = var.schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "${max(15, var.timeout_seconds)}s"

  http_target {
    uri         = var.uri
    http_method = "POST"

    oidc_token {
      service_account_email = var.account_email
      audience              = var.uri
    }
  }

  retry_config {
    retry_count          = var.retry_count
    min_backoff_duration = "5s"
    max_backoff_duration = "60s"
    max_doublings        = 3
  }
}
