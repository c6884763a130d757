# Three accounts: one that reads, one that deploys, one that the services run as. None has a key.

locals {
  plan_roles = concat(
    [
      "roles/artifactregistry.reader",
      "roles/iam.securityReviewer",
      "roles/iam.workloadIdentityPoolViewer",
      "roles/run.viewer",
      "roles/serviceusage.serviceUsageViewer",
      "roles/storage.bucketViewer",
    ],
    length(local.secret_ids) > 0 ? ["roles/secretmanager.viewer"] : [],
    local.has_budget ? ["roles/monitoring.viewer"] : [],
  )

  # Operations of Cloud Run are read on the project, so a grant per service would not do.
  deploy_roles  = ["roles/run.developer"]
  runtime_roles = ["roles/cloudtrace.agent", "roles/logging.logWriter", "roles/monitoring.metricWriter"]
}

module "plan" {
  source = "../service-account"

  project_id    = var.project_id
  account_id    = var.account_ids.plan
  display_name  = "${local.title} plan"
  description   = "Reads, for plans and checks: ${local.description}"
  project_roles = concat(local.plan_roles, var.extra_roles.plan)

  depends_on = [module.project]
}

module "deploy" {
  source = "../service-account"

  project_id    = var.project_id
  account_id    = var.account_ids.deploy
  display_name  = "${local.title} deploy"
  description   = "Deploys from CI: ${local.description}"
  project_roles = concat(local.deploy_roles, var.extra_roles.deploy)

  depends_on = [module.project]
}

module "runtime" {
  source = "../service-account"

  project_id    = var.project_id
  account_id    = var.account_ids.runtime
  display_name  = "${local.title} runtime"
  description   = "Runs the services: ${local.description}"
  project_roles = concat(local.runtime_roles, var.extra_roles.runtime)

  depends_on = [module.project]
}

resource "google_service_account_iam_member" "deploy_as_runtime" {
  service_account_id = module.runtime.name
  role               = "roles/iam.serviceAccountUser"
  member             = module.deploy.member
}

resource "google_secret_manager_secret_iam_member" "runtime" {
  for_each = local.secret_ids

  project   = var.project_id
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = module.runtime.member
}

# A managed folder, not a role on the bucket: a condition on object names would not limit listing.
# force_destroy removes the folder and its grants; the state in it stays.
resource "google_storage_managed_folder" "state" {
  bucket        = var.state_bucket
  name          = "${var.state_prefix}/"
  force_destroy = true
}

resource "google_storage_managed_folder_iam_member" "plan_reads_state" {
  bucket         = var.state_bucket
  managed_folder = google_storage_managed_folder.state.name
  role           = "roles/storage.objectViewer"
  member         = module.plan.member
}

# A pull request of the platform repository is planned from this state, read as it lies there: nothing is refreshed.
resource "google_storage_managed_folder_iam_member" "preview_reads_state" {
  count = var.preview_account == null ? 0 : 1

  bucket         = var.state_bucket
  managed_folder = google_storage_managed_folder.state.name
  role           = "roles/storage.objectViewer"
  member         = "serviceAccount:${var.preview_account}"
}
