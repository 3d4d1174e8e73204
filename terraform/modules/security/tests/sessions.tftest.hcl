mock_provider "google" {}

variables {
  project = "synapse-dev"
  region  = "us-central1"
  accounts = {
    accounts = { description = "Sign-in", keeps_sessions = true }
    bots     = { description = "Bots" }
  }
}

run "sessions_are_kept_by_who_is_given_them" {
  command = plan

  assert {
    condition     = keys(google_project_iam_member.session_keeper) == ["accounts"]
    error_message = "Whoever makes sessions can act as any user: only accounts that are given it may."
  }

  assert {
    condition     = google_project_iam_custom_role.session_keeper.permissions == toset(["firebaseauth.users.createSession", "firebaseauth.users.update"])
    error_message = "Making and ending sessions is two permissions; users are neither read nor removed."
  }
}
