mock_provider "google" {}

variables {
  project = "synapse-dev"
  accounts = {
    bots     = { description = "Bots", roles = ["roles/datastore.user"] }
    pipeline = { description = "Stages", roles = ["roles/datastore.user"], calls_models = true }
    push     = { description = "Pushes" }
  }
}

run "each_account_has_its_own_roles" {
  command = plan

  assert {
    condition     = [for account in google_service_account.this : account.account_id] == ["synapse-bots", "synapse-pipeline", "synapse-push"]
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
