mock_provider "google" {}

variables {
  project         = "synapse-dev"
  region          = "us-central1"
  files_bucket    = "synapse-dev-files"
  sources_bucket  = "synapse-dev-sources"
  allowed_origins = ["https://synapse-dev.web.app"]
  build_member    = "serviceAccount:synapse-build@synapse-dev.iam.gserviceaccount.com"
  files_access = {
    knowledge = {
      member = "serviceAccount:synapse-knowledge@synapse-dev.iam.gserviceaccount.com"
      role   = "roles/storage.objectUser"
      prefix = "uploads/"
    }
  }
}

run "no_bucket_can_be_made_public" {
  command = plan

  assert {
    condition     = google_storage_bucket.files.public_access_prevention == "enforced" && google_storage_bucket.sources.public_access_prevention == "enforced"
    error_message = "Public access must be prevented."
  }
}

run "a_right_can_be_confined_to_a_folder" {
  command = plan

  assert {
    condition     = google_storage_bucket_iam_member.files["knowledge"].condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/synapse-dev-files/objects/uploads/\")"
    error_message = "The right must hold below uploads/ alone."
  }
}

run "the_database_is_protected" {
  command = plan

  assert {
    condition     = google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.this.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
    error_message = "The database must survive a mistake."
  }
}

run "any_origin_is_refused" {
  command = plan

  variables {
    allowed_origins = ["*"]
  }

  expect_failures = [var.allowed_origins]
}

run "one_bucket_for_both_is_refused" {
  command = plan

  variables {
    sources_bucket = "synapse-dev-files"
  }

  expect_failures = [var.sources_bucket]
}
