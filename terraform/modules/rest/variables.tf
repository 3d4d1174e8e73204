variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be a project id: 6 to 30 lower-case letters, digits or hyphens, such as synapse-dev."
  }
}

variable "region" {
  description = "Region of the gateway; API Gateway is not in every region."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as us-central1, not a zone or a multi-region."
  }
}

variable "name" {
  description = "Name of the API, of its gateway, and what the names of its configs begin with."
  type        = string
  default     = "rest"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "name must be at most 40 lower-case letters, digits or hyphens, so that a config's hash fits behind it."
  }
}

variable "contract" {
  description = "Path of the OpenAPI document that make contract writes."
  type        = string
  nullable    = false

  validation {
    condition     = can(jsondecode(file(var.contract)).paths)
    error_message = "contract must be the path of an OpenAPI document in JSON; run make contract."
  }
}

variable "backends" {
  description = "Functions by the operation that each answers: URL of its Cloud Run service, and how long a call may take."
  type        = map(object({ uri = string, timeout_seconds = optional(number, 60) }))
  nullable    = false

  validation {
    condition = alltrue([
      for operation in flatten([for item in values(jsondecode(file(var.contract)).paths) : values(item)]) :
      contains(keys(var.backends), operation.operationId)
    ])
    error_message = "backends must name a function for each operation of the contract; run make contract where the two differ."
  }
}

variable "gateway_key" {
  description = "Secret of the gateway and the functions, by which they know its calls: its GATEWAY_KEY."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]{32,64}$", var.gateway_key))
    error_message = "gateway_key must be 32 to 64 letters, digits or hyphens that nobody can guess."
  }
}

variable "account_email" {
  description = "Service account that the gateway runs as; it needs no role, since the functions check the callers themselves."
  type        = string
  nullable    = false
}
