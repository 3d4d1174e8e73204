# One service account for each set of privileges, and what it may do in the whole project.

resource "google_service_account" "this" {
  for_each = var.accounts

  project      = var.project
  account_id   = "${var.prefix}-${each.key}"
  display_name = each.value.description
}

# roles/aiplatform.user could also create endpoints, jobs and indexes, which cost money while idle.
resource "google_project_iam_custom_role" "model_caller" {
  project     = var.project
  role_id     = "${var.prefix}ModelCaller"
  title       = "Model caller"
  description = "Ask a model for text or vectors, and nothing else of Vertex AI."
  permissions = ["aiplatform.endpoints.predict"]
}

locals {
  roles = merge([
    for account, given in var.accounts : {
      for role in given.roles : "${account} ${role}" => { account = account, role = role }
    }
  ]...)
  model_callers = { for account, given in var.accounts : account => given if given.calls_models }
}

resource "google_project_iam_member" "role" {
  for_each = local.roles

  project = var.project
  role    = each.value.role
  member  = google_service_account.this[each.value.account].member
}

resource "google_project_iam_member" "model_caller" {
  for_each = local.model_callers

  project = var.project
  role    = "projects/${var.project}/roles/${google_project_iam_custom_role.model_caller.role_id}"
  member  = google_service_account.this[each.key].member
}
