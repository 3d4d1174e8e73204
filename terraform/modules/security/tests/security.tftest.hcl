mock_provider "google" {}

variables {
  project = "synapse-dev"
  region  = "us-central1"
  accounts = {
    bots     = { description = "Bots", roles = ["roles/datastore.user"] }
    pipeline = { description = "Stages", roles = ["roles/datastore.user"], calls_models = true }
    push     = { description = "Pushes" }
    chat     = { description = "Chat turns", opens_keys = true }
    keys     = { description = "Saving of keys", seals_keys = true }
  }
}

run "each_account_has_its_own_roles" {
  command = plan

  assert {
    condition     = [for account in google_service_account.this : account.account_id] == ["synapse-bots", "synapse-chat", "synapse-keys", "synapse-pipeline", "synapse-push"]
    error_message = "Accounts must be named after their privileges."
  }

  assert {
    condition     = keys(google_project_iam_member.role) == ["bots roles/datastore.user", "pipeline roles/datastore.user"]
    error_message = "An account must have the roles given and no other."
  }
}

run "only_those_that_call_models_may" {
  command = plan

  assert {
    condition     = keys(google_project_iam_member.model_caller) == ["pipeline"]
    error_message = "Models cost money: only accounts that need them may call them."
  }

  assert {
    condition     = google_project_iam_custom_role.model_caller.permissions == toset(["aiplatform.endpoints.predict"])
    error_message = "Calling a model is one permission."
  }
}

run "a_basic_role_is_refused" {
  command = plan

  variables {
    accounts = { bots = { description = "Bots", roles = ["roles/editor"] } }
  }

  expect_failures = [var.accounts]
}

run "the_key_rotates_and_is_named_as_the_functions_are_told" {
  command = plan

  assert {
    condition     = google_kms_crypto_key.provider_keys.rotation_period == "7776000s" && google_kms_crypto_key.provider_keys.purpose == "ENCRYPT_DECRYPT"
    error_message = "The key must rotate every 90 days."
  }

  assert {
    condition     = output.kms_key == "projects/synapse-dev/locations/us-central1/keyRings/${google_kms_key_ring.this.name}/cryptoKeys/${google_kms_crypto_key.provider_keys.name}"
    error_message = "Functions must be told the name of the very key."
  }
}

run "who_seals_cannot_open_and_who_opens_cannot_seal" {
  command = plan

  assert {
    condition     = { for account, given in google_kms_crypto_key_iam_member.sealer : account => given.role } == { keys = "roles/cloudkms.cryptoKeyEncrypter" }
    error_message = "Only the account that saves keys may seal them, and it may do nothing else."
  }

  assert {
    condition     = { for account, given in google_kms_crypto_key_iam_member.opener : account => given.role } == { chat = "roles/cloudkms.cryptoKeyDecrypter" }
    error_message = "Only the account that uses keys may open them, and it may do nothing else."
  }
}

run "a_rotation_that_never_comes_is_refused" {
  command = plan

  variables {
    rotation_days = 0
  }

  expect_failures = [var.rotation_days]
}
