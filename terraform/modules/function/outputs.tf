output "name" {
  description = "Name of the function, underscores included."
  value       = google_cloudfunctions2_function.this.name
}

output "uri" {
  description = "URL of its Cloud Run service: the push endpoint and the audience of its callers' OIDC tokens."
  value       = google_cloudfunctions2_function.this.service_config[0].uri
}

output "url" {
  description = "URL that the Firebase SDK derives from project, region and name."
  value       = google_cloudfunctions2_function.this.url
}
