mock_provider "google" {}

# Any file stands for the zip: its bytes are not read here.
variables {
  project             = "synapse-dev"
  region              = "us-central1"
  name                = "health"
  zip                 = "./versions.tf"
  sources_bucket      = "synapse-dev-sources"
  account_email       = "synapse-bots@synapse-dev.iam.gserviceaccount.com"
  build_account_email = "synapse-build@synapse-dev.iam.gserviceaccount.com"
  public              = false
}

run "a_public_function_may_be_reached_by_anybody" {
  command = plan

  variables {
    public = true
  }

  assert {
    condition     = [for binding in google_cloud_run_service_iam_member.invoker : binding.member] == ["allUsers"]
    error_message = "A public function must have exactly one invoker, allUsers."
  }

  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].ingress_settings == "ALLOW_ALL"
    error_message = "A public function must accept requests from the internet."
  }
}

run "a_private_function_may_be_reached_by_its_callers_alone" {
  command = plan

  variables {
    invokers = { push = "serviceAccount:synapse-push@synapse-dev.iam.gserviceaccount.com" }
  }

  assert {
    condition     = keys(google_cloud_run_service_iam_member.invoker) == ["push"]
    error_message = "A private function must have no invoker but those given."
  }

  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"
    error_message = "A private function must not accept requests from the internet."
  }
}

run "a_private_function_without_callers_has_no_binding" {
  command = plan

  assert {
    condition     = length(google_cloud_run_service_iam_member.invoker) == 0
    error_message = "Nobody was given, so nobody may call."
  }
}

run "the_function_and_its_zip_are_named_after_the_folder_and_the_content" {
  command = plan

  assert {
    condition     = google_cloudfunctions2_function.this.name == "health" && google_cloudfunctions2_function.this.build_config[0].entry_point == "health"
    error_message = "Function and entry point must be the folder's name."
  }

  assert {
    condition     = google_storage_bucket_object.source.name == "functions/health-${filesha256("./versions.tf")}.zip"
    error_message = "The zip's object must be named by its content's hash, so that new content is a new deployment."
  }
}

run "a_secret_is_named_and_its_value_never_seen" {
  command = plan

  variables {
    secrets = { OPENAI_API_KEY = "openai-key" }
  }

  assert {
    condition     = [for secret in google_cloudfunctions2_function.this.service_config[0].secret_environment_variables : "${secret.key}=${secret.secret}:${secret.version}"] == ["OPENAI_API_KEY=openai-key:latest"]
    error_message = "The variable must come from Secret Manager."
  }
}

run "a_missing_zip_says_what_to_run" {
  command = plan

  variables {
    zip = "./absent.zip"
  }

  expect_failures = [var.zip]
}

run "a_hyphen_in_the_name_is_refused" {
  command = plan

  variables {
    name = "create-bot"
  }

  expect_failures = [var.name]
}

run "a_zone_is_no_region" {
  command = plan

  variables {
    region = "us-central1-a"
  }

  expect_failures = [var.region]
}

run "concurrency_needs_a_whole_processor" {
  command = plan

  variables {
    cpu = "0.5"
  }

  expect_failures = [var.concurrency]
}

run "everybody_is_no_invoker_of_a_private_function" {
  command = plan

  variables {
    invokers = { all = "allAuthenticatedUsers" }
  }

  expect_failures = [var.invokers]
}

run "an_emulator_is_no_setting_of_a_deployed_function" {
  command = plan

  variables {
    environment = { FIREBASE_AUTH_EMULATOR_HOST = "127.0.0.1:9099" }
  }

  expect_failures = [var.environment]
}
