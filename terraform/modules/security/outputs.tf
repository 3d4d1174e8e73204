output "emails" {
  description = "E-mail address of each account."
  value       = { for account, made in google_service_account.this : account => made.email }
}

output "members" {
  description = "IAM member of each account."
  value       = { for account, made in google_service_account.this : account => made.member }
}

output "kms_key" {
  description = "Full name of the key that wraps people's own provider keys."
  value       = "projects/${var.project}/locations/${var.region}/keyRings/${var.prefix}/cryptoKeys/${local.provider_keys}"
}
