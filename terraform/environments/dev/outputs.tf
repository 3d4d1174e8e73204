output "functions" {
  description = "URL of each function."
  value       = { for name, function in module.functions : name => function.url }
}

output "rest_host" {
  description = "Host of the REST API; streams are called at their functions' own URLs."
  value       = module.rest.host
}

output "topics" {
  description = "Topic of each stage."
  value       = [for stage in merge(module.stages, module.dead_letters) : stage.topic]
}

output "files_bucket" {
  description = "Bucket of uploads and derived files."
  value       = module.data.files_bucket
}
