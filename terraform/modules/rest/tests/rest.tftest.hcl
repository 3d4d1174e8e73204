mock_provider "google-beta" {}

variables {
  project       = "synapse-dev"
  region        = "us-central1"
  contract      = "./tests/contract.json"
  gateway_key   = "0123456789abcdef0123456789abcdef"
  account_email = "synapse-gateway@synapse-dev.iam.gserviceaccount.com"
  backends = {
    chat       = { uri = "https://chat-abc-uc.a.run.app", timeout_seconds = 300 }
    delete_bot = { uri = "https://delete-bot-abc-uc.a.run.app" }
    get_bot    = { uri = "https://get-bot-abc-uc.a.run.app" }
  }
}

run "a_route_leads_to_its_function_with_its_path_its_time_and_the_callers_token" {
  command = plan

  assert {
    condition     = jsondecode(output.document).paths["/api/v1/child-bots/{bot_id}"].get["x-google-backend"] == "get_bot"
    error_message = "An operation's backend must be the function of its name."
  }

  assert {
    condition = jsondecode(output.document)["x-google-api-management"].backends.chat == {
      address         = "https://chat-abc-uc.a.run.app/via-0123456789abcdef0123456789abcdef"
      deadline        = 300
      disableAuth     = true
      pathTranslation = "APPEND_PATH_TO_ADDRESS"
    }
    error_message = "A backend must know the gateway by its key, keep the path and the caller's Authorization, and wait as long as its function may take."
  }
}

run "a_paths_parameters_are_named" {
  command = plan

  assert {
    condition     = [for one in jsondecode(output.document).paths["/api/v1/child-bots/{bot_id}"].delete.parameters : one.name] == ["bot_id"]
    error_message = "The gateway needs each parameter of a path."
  }

  assert {
    condition     = length(jsondecode(output.document).paths["/api/v1/chat"].post.parameters) == 0
    error_message = "A path without braces has no parameters."
  }
}

run "a_browser_may_ask_before_it_calls" {
  command = plan

  assert {
    condition     = jsondecode(output.document).paths["/api/v1/chat"].options["x-google-backend"] == "chat"
    error_message = "OPTIONS must reach a function, which answers CORS itself."
  }

  assert {
    condition = length(distinct([
      for one in flatten([for item in values(jsondecode(output.document).paths) : values(item)]) : one.operationId
    ])) == 5
    error_message = "Every operation needs an id of its own."
  }
}

run "nothing_that_the_gateway_does_not_route_by_is_handed_to_it" {
  command = plan

  assert {
    condition     = !strcontains(output.document, "bearer") && !strcontains(output.document, "Left out")
    error_message = "Security and descriptions are the functions' business."
  }
}

run "another_document_is_another_config" {
  command = plan

  assert {
    condition     = google_api_gateway_api_config.this.api_config_id == "rest-${substr(sha256(output.document), 0, 16)}"
    error_message = "A config must be named by its content."
  }

  assert {
    condition     = base64decode(google_api_gateway_api_config.this.openapi_documents[0].document[0].contents) == output.document
    error_message = "The config must hold the document."
  }
}

run "an_operation_without_a_function_is_refused" {
  command = plan

  variables {
    backends = { chat = { uri = "https://chat-abc-uc.a.run.app" } }
  }

  expect_failures = [var.backends]
}

run "a_missing_contract_is_refused" {
  command = plan

  variables {
    contract = "./absent.json"
  }

  expect_failures = [var.contract]
}

run "a_key_that_could_be_guessed_is_refused" {
  command = plan

  variables {
    gateway_key = "secret"
  }

  expect_failures = [var.gateway_key]
}

run "a_zone_is_no_region" {
  command = plan

  variables {
    region = "us-central1-a"
  }

  expect_failures = [var.region]
}
