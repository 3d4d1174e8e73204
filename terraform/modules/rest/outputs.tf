output "host" {
  description = "Host of the REST API: https://HOST/api/v1/..."
  value       = google_api_gateway_gateway.this.default_hostname
}

output "document" {
  description = "The document that the gateway routes by."
  value       = local.document
  sensitive   = true
}
