# What outlives every deployment: the database, the files, and the zips.

resource "google_firestore_database" "this" {
  project                           = var.project
  name                              = "(default)"
  location_id                       = var.region
  type                              = "FIRESTORE_NATIVE"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = "DELETE_PROTECTION_ENABLED"
  deletion_policy                   = "ABANDON"
}

resource "google_storage_bucket" "files" {
  project                     = var.project
  name                        = var.files_bucket
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # The page uploads straight to the bucket, by a resumable session that names its origin.
  cors {
    origin          = var.allowed_origins
    method          = ["PUT", "POST", "GET"]
    response_header = ["Content-Type", "Content-Range", "Range", "Location", "X-Goog-Resumable"]
    max_age_seconds = 3600
  }

  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_seconds
  }
}

resource "google_storage_bucket" "sources" {
  project                     = var.project
  name                        = var.sources_bucket
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
}

resource "google_storage_bucket_iam_member" "files" {
  for_each = var.files_access

  bucket = google_storage_bucket.files.name
  role   = each.value.role
  member = each.value.member

  dynamic "condition" {
    for_each = each.value.prefix == null ? [] : [each.value.prefix]
    content {
      title      = "only-${trimsuffix(condition.value, "/")}"
      expression = "resource.name.startsWith(\"projects/_/buckets/${var.files_bucket}/objects/${condition.value}\")"
    }
  }
}

resource "google_storage_bucket_iam_member" "sources" {
  bucket = google_storage_bucket.sources.name
  role   = "roles/storage.objectViewer"
  member = var.build_member
}
