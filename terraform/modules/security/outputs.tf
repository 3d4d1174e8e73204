output "emails" {
  description = "E-mail address of each account."
  value       = { for account, made in google_service_account.this : account => made.email }
}

output "members" {
  description = "IAM member of each account."
  value       = { for account, made in google_service_account.this : account => made.member }
}
