# The key that wraps the data keys of people's own provider keys. It never leaves Cloud KMS, and whoever seals need not be able to open.

resource "google_kms_key_ring" "this" {
  project  = var.project
  name     = var.prefix
  location = var.region

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key" "provider_keys" {
  name            = local.provider_keys
  key_ring        = google_kms_key_ring.this.id
  purpose         = "ENCRYPT_DECRYPT"
  rotation_period = "${var.rotation_days * 86400}s"

  # With the key goes everything that it has sealed, in every backup too.
  lifecycle {
    prevent_destroy = true
  }
}

locals {
  provider_keys = "provider-keys"
  sealers       = { for account, given in var.accounts : account => given if given.seals_keys }
  openers       = { for account, given in var.accounts : account => given if given.opens_keys }
}

resource "google_kms_crypto_key_iam_member" "sealer" {
  for_each = local.sealers

  crypto_key_id = google_kms_crypto_key.provider_keys.id
  role          = "roles/cloudkms.cryptoKeyEncrypter"
  member        = google_service_account.this[each.key].member
}

resource "google_kms_crypto_key_iam_member" "opener" {
  for_each = local.openers

  crypto_key_id = google_kms_crypto_key.provider_keys.id
  role          = "roles/cloudkms.cryptoKeyDecrypter"
  member        = google_service_account.this[each.key].member
}
