# Composes one environment: the project's foundations, one function for each manifest, and what triggers it.

module "security" {
  source = "../../modules/security"

  project    = var.project
  region     = var.region
  accounts   = local.accounts
  depends_on = [google_project_service.this]
}

module "data" {
  source = "../../modules/data"

  project         = var.project
  region          = var.region
  files_bucket    = local.files_bucket
  sources_bucket  = "${var.project}-sources"
  allowed_origins = var.allowed_origins
  files_access    = local.files_access
  build_member    = module.security.members["build"]
  depends_on      = [google_project_service.this]
}

module "functions" {
  source   = "../../modules/function"
  for_each = local.manifests

  project             = var.project
  region              = var.region
  name                = each.key
  zip                 = "${var.packages}/${each.key}.zip"
  sources_bucket      = module.data.sources_bucket
  runtime             = var.runtime
  account_email       = module.security.emails[each.value.account]
  build_account_email = module.security.emails["build"]
  public              = can(each.value.trigger.http)
  invokers            = local.callers[each.key]
  environment         = local.environment
  secrets             = contains(["ai", "documents"], try(each.value.needs, "base")) ? local.model_secrets : {}
  memory              = try(each.value.memory, null)
  cpu                 = try(each.value.cpu, null)
  timeout_seconds     = try(each.value.timeout_seconds, null)
  concurrency         = try(each.value.concurrency, null)
  min_instances       = try(each.value.min_instances, null)
  max_instances       = try(each.value.max_instances, null)
  depends_on          = [module.security, module.data, google_secret_manager_secret_iam_member.model_key]
}

# The stage of the dead letters stands apart: every other stage gives its messages up to it, and it to nobody.
module "dead_letters" {
  source   = "../../modules/stage"
  for_each = { for topic, name in local.topics : topic => name if topic == local.dead_letters }

  project               = var.project
  name                  = each.key
  push_endpoint         = module.functions[each.value].uri
  push_account_email    = module.security.emails["push"]
  ack_deadline_seconds  = max(10, try(local.manifests[each.value].timeout_seconds, 60))
  retention_seconds     = 2678400
  pubsub_agent          = local.pubsub_agent
  publishers            = { pubsub = local.pubsub_agent }
  notification_channels = var.notification_channels
}

module "stages" {
  source   = "../../modules/stage"
  for_each = { for topic, name in local.topics : topic => name if topic != local.dead_letters }

  project               = var.project
  name                  = each.key
  push_endpoint         = module.functions[each.value].uri
  push_account_email    = module.security.emails["push"]
  ack_deadline_seconds  = max(10, try(local.manifests[each.value].timeout_seconds, 60))
  max_delivery_attempts = try(local.manifests[each.value].max_delivery_attempts, null)
  dead_letter_topic     = module.dead_letters[local.dead_letters].topic_id
  pubsub_agent          = local.pubsub_agent
  publishers            = can(local.manifests[each.value].trigger.storage) ? local.storage_publishers : local.stage_publishers
  notification_channels = var.notification_channels

  object_notification = can(local.manifests[each.value].trigger.storage) ? {
    bucket = module.data.files_bucket
    prefix = local.manifests[each.value].trigger.storage
  } : null
}

module "schedules" {
  source   = "../../modules/schedule"
  for_each = local.scheduled

  project         = var.project
  region          = var.region
  name            = replace(each.key, "_", "-")
  schedule        = each.value.trigger.schedule
  uri             = module.functions[each.key].uri
  account_email   = module.security.emails["scheduler"]
  timeout_seconds = try(each.value.timeout_seconds, 60)
}

module "rest" {
  source = "../../modules/rest"

  project       = var.project
  region        = var.region
  contract      = "${local.root}/docs/openapi.json"
  account_email = module.security.emails["gateway"]
  gateway_key   = local.gateway_key
  backends = {
    for name, manifest in local.http : name => { uri = module.functions[name].uri, timeout_seconds = try(manifest.timeout_seconds, null) }
  }
  depends_on = [google_project_service.this]
}
