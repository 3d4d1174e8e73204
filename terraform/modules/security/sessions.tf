# Who turns a sign-in into a session, and ends it.

# roles/firebaseauth.admin could also read, change and remove every user, and how people sign in.
resource "google_project_iam_custom_role" "session_keeper" {
  project     = var.project
  role_id     = "${var.prefix}SessionKeeper"
  title       = "Session keeper"
  description = "Make session cookies and revoke a user's tokens, which is an update of the user."
  permissions = ["firebaseauth.users.createSession", "firebaseauth.users.update"]
}

resource "google_project_iam_member" "session_keeper" {
  for_each = { for account, given in var.accounts : account => given if given.keeps_sessions }

  project = var.project
  role    = "projects/${var.project}/roles/${google_project_iam_custom_role.session_keeper.role_id}"
  member  = google_service_account.this[each.key].member
}
