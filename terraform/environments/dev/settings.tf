# The environment of every function: the fields of shared.core.settings.Settings in capitals; a test compares the two.

locals {
  environment = {
    for field, value in merge(var.settings, {
      google_cloud_project = var.project
      region               = var.region
      bucket               = local.files_bucket
      allowed_origins      = join(",", var.allowed_origins)
      kms_key              = module.security.kms_key
      gateway_key          = local.gateway_key
    }) : upper(field) => tostring(value) if value != null
  }
}
