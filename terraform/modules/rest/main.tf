# API Gateway: method and path to function, as docs/openapi.json says.

locals {
  contract = jsondecode(file(var.contract))

  # What the gateway routes by and no more: it knows its own dialect of OpenAPI, checks neither bodies nor our tokens, and would
  # refuse a document for a part that it does not understand.
  operations = {
    for path, item in local.contract.paths : path => {
      for method, operation in item : method => {
        operationId        = operation.operationId
        parameters         = [for name in regexall("{(\\w+)}", path) : merge(local.parameter, { name = name[0] })]
        responses          = local.responses
        "x-google-backend" = operation.operationId
      }
    }
  }

  # A browser asks before it calls, and the gateway hands on only what is described. Any function of a path may answer, since all
  # answer alike.
  preflights = {
    for path, methods in local.operations : path => {
      options = merge(methods[keys(methods)[0]], { operationId = "preflight_${methods[keys(methods)[0]].operationId}" })
    }
  }

  parameter = { in = "path", required = true, schema = { type = "string" } }
  responses = { "200" = { description = "What the function answers." } }

  document = jsonencode({
    openapi = local.contract.openapi
    info    = { title = local.contract.info.title, version = local.contract.info.version }
    paths   = { for path, methods in local.operations : path => merge(methods, local.preflights[path]) }

    "x-google-api-management" = {
      backends = {
        for name, backend in var.backends : name => {
          # A function believes whoever knows the key about where its caller comes from (shared/runtime/gateway.py).
          address         = "${backend.uri}/via-${var.gateway_key}"
          deadline        = backend.timeout_seconds
          pathTranslation = "APPEND_PATH_TO_ADDRESS"
          # With a token of its own in Authorization, the gateway would take the place of the caller's.
          disableAuth = true
        }
      }
    }
  })
}

resource "google_api_gateway_api" "this" {
  provider = google-beta

  project = var.project
  api_id  = var.name
}

resource "google_api_gateway_api_config" "this" {
  provider = google-beta

  project = var.project
  api     = google_api_gateway_api.this.api_id
  # A config never changes: another document is another config, made before the gateway lets the old one go.
  api_config_id = "${var.name}-${nonsensitive(substr(sha256(local.document), 0, 16))}"

  gateway_config {
    backend_config {
      google_service_account = var.account_email
    }
  }

  openapi_documents {
    document {
      path     = "openapi.json"
      contents = base64encode(local.document)
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_api_gateway_gateway" "this" {
  provider = google-beta

  project    = var.project
  region     = var.region
  gateway_id = var.name
  api_config = google_api_gateway_api_config.this.id
}
