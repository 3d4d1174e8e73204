# Everything below follows from the folders of functions/: adding a function is adding a folder.

locals {
  root     = "${path.module}/../../.."
  registry = jsondecode(file("${local.root}/shared/models.json"))

  manifests = {
    for path in fileset("${local.root}/functions", "*/function.yaml") :
    dirname(path) => yamldecode(file("${local.root}/functions/${path}"))
  }

  http      = { for name, manifest in local.manifests : name => manifest if can(manifest.trigger.http) }
  scheduled = { for name, manifest in local.manifests : name => manifest if can(manifest.trigger.schedule) }

  # A function by the topic that triggers it; a storage notification's topic is the function's own name.
  topics = merge(
    { for name, manifest in local.manifests : manifest.trigger.topic => name if can(manifest.trigger.topic) },
    { for name, manifest in local.manifests : replace(name, "_", "-") => name if can(manifest.trigger.storage) },
  )

  # What a function of no topic and no schedule is called by: anybody, since the runtime checks the Firebase token.
  callers = {
    for name, manifest in local.manifests : name =>
    can(manifest.trigger.http) ? {} :
    can(manifest.trigger.schedule) ? { scheduler = module.security.members["scheduler"] } :
    { push = module.security.members["push"] }
  }
}
