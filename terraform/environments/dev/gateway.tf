# What the functions know API Gateway's calls by, to believe it where a caller comes from; it opens nothing (docs/decisions/0036).

resource "terraform_data" "gateway_key" {
  input = uuid()

  # The function gives another one at each plan. For a new key: terraform apply -replace=terraform_data.gateway_key.
  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  gateway_key = sha256(terraform_data.gateway_key.output)
}
