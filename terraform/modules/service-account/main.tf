locals {
  # Known before the account exists, so that every grant can be read in the plan.
  email = "${var.account_id}@${var.project_id}.iam.gserviceaccount.com"
}

resource "google_service_account" "this" {
  project      = var.project_id
  account_id   = var.account_id
  display_name = var.display_name
  description  = var.description

  # The id names team and environment: an account that is there already is ours, left by a create whose answer was lost.
  create_ignore_already_exists = true
}

resource "google_project_iam_member" "this" {
  for_each = var.project_roles

  project = var.project_id
  role    = each.value
  member  = "serviceAccount:${local.email}"

  depends_on = [google_service_account.this]
}
