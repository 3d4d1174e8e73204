# One folder of functions/ as one Cloud Function (2nd gen): its zip, the function, and who may call it.

resource "google_storage_bucket_object" "source" {
  name   = "functions/${var.name}-${filesha256(var.zip)}.zip"
  bucket = var.sources_bucket
  source = var.zip

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_cloudfunctions2_function" "this" {
  project     = var.project
  location    = var.region
  name        = var.name
  description = var.description

  build_config {
    runtime         = var.runtime
    entry_point     = var.name
    service_account = "projects/${var.project}/serviceAccounts/${var.build_account_email}"

    # The image resets the time of every file, so bytecode that the build dates would be stale at each cold start.
    # With this variable Python's compileall marks it by the source's hash instead (docs/decisions/0011).
    environment_variables = { SOURCE_DATE_EPOCH = "315532800" }

    source {
      storage_source {
        bucket = google_storage_bucket_object.source.bucket
        object = google_storage_bucket_object.source.name
      }
    }
  }

  service_config {
    service_account_email            = var.account_email
    available_memory                 = var.memory
    available_cpu                    = var.cpu
    timeout_seconds                  = var.timeout_seconds
    max_instance_request_concurrency = var.concurrency
    min_instance_count               = var.min_instances
    max_instance_count               = var.max_instances
    ingress_settings                 = var.public ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision   = true
    environment_variables            = var.environment

    dynamic "secret_environment_variables" {
      for_each = var.secrets
      content {
        key        = secret_environment_variables.key
        project_id = var.project
        secret     = secret_environment_variables.value
        version    = "latest"
      }
    }
  }
}
