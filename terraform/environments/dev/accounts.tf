# Service accounts by set of privileges (docs/decisions/0012), and what each may do.

locals {
  files_bucket = "${var.project}-files"
  dead_letters = "dead-letters"

  # A test compares this table with the ports that the functions declare.
  privileges = {
    accounts  = { description = "Sign-up, sign-in and profiles", roles = ["roles/datastore.user"], keeps_sessions = true }
    bots      = { description = "Bots and other calls that need the database alone", roles = ["roles/datastore.user"] }
    chat      = { description = "Chat turns", roles = ["roles/datastore.user"], calls_models = true, opens_keys = true }
    keys      = { description = "Saving of people's own provider keys", roles = ["roles/datastore.user"], seals_keys = true }
    knowledge = { description = "Uploads and search", roles = ["roles/datastore.user"], calls_models = true }
    pipeline = {
      description  = "Stages of ingestion, what drives them, and administrators' calls about them"
      roles        = ["roles/datastore.user", "roles/firebasecloudmessaging.admin"]
      calls_models = true
    }
    operations = { description = "Calls that need no store, such as health" }
  }

  # Those that the manifests name, and the four that call, route to or build functions.
  accounts = merge(
    { for account in distinct([for manifest in values(local.manifests) : manifest.account]) : account => local.privileges[account] },
    {
      push      = { description = "Pub/Sub's pushes to stages" }
      scheduler = { description = "Cloud Scheduler's calls" }
      gateway   = { description = "API Gateway, which may do nothing: functions check their callers themselves" }
      build     = { description = "Builds of functions", roles = ["roles/logging.logWriter", "roles/artifactregistry.writer"] }
    },
  )

  files_access = {
    knowledge = { member = module.security.members["knowledge"], role = "roles/storage.objectUser", prefix = "uploads/" }
    pipeline  = { member = module.security.members["pipeline"], role = "roles/storage.objectUser" }
  }

  pubsub_agent       = "serviceAccount:${google_project_service_identity.pubsub.email}"
  stage_publishers   = { for account in ["bots", "chat", "knowledge", "pipeline"] : account => module.security.members[account] }
  storage_publishers = { storage = "serviceAccount:${data.google_storage_project_service_account.this.email_address}" }

  model_secrets = var.openai_key_secret == null ? {} : { OPENAI_API_KEY = var.openai_key_secret }
  key_readers = toset(var.openai_key_secret == null ? [] : [
    for manifest in values(local.manifests) : manifest.account if contains(["ai", "documents"], try(manifest.needs, "base"))
  ])
}

resource "google_secret_manager_secret_iam_member" "model_key" {
  for_each = local.key_readers

  project   = var.project
  secret_id = var.openai_key_secret
  role      = "roles/secretmanager.secretAccessor"
  member    = module.security.members[each.value]
}
