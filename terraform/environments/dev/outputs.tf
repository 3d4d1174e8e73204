output "functions" {
  description = "URL of each function."
  value       = { for name, function in module.functions : name => function.url }
}

output "topics" {
  description = "Topic of each stage."
  value       = [for stage in merge(module.stages, module.dead_letters) : stage.topic]
}

output "files_bucket" {
  description = "Bucket of uploads and derived files."
  value       = module.data.files_bucket
}
