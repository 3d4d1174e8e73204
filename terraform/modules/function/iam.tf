locals {
  # A browser's Authorization header carries the Firebase token, which the runtime checks, so IAM must let it through.
  invokers = merge(var.invokers, var.public ? { everyone = "allUsers" } : {})
}

resource "google_cloud_run_service_iam_member" "invoker" {
  for_each = local.invokers

  project  = var.project
  location = var.region
  service  = basename(google_cloudfunctions2_function.this.service_config[0].service)
  role     = "roles/run.invoker"
  member   = each.value

  lifecycle {
    # A function that is replaced gets a new Cloud Run service, without the bindings of the old one.
    replace_triggered_by = [google_cloudfunctions2_function.this.id]
  }
}
