output "files_bucket" {
  description = "Name of the bucket of uploads and derived files."
  value       = google_storage_bucket.files.name
}

output "sources_bucket" {
  description = "Name of the bucket of the functions' zips."
  value       = google_storage_bucket.sources.name
}

output "database" {
  description = "Name of the Firestore database."
  value       = google_firestore_database.this.name
}
