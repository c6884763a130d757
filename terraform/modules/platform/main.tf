# The ground that every team stands on: where state lives, and the toolkit's own identities.

locals {
  # Known before the accounts exist, so that every grant can be read in the plan.
  members = { for kind, id in var.account_ids : kind => "serviceAccount:${id}@${var.project_id}.iam.gserviceaccount.com" }

  # The kind stands first: the same role held by two identities is two grants.
  grants = merge([
    for kind, roles in var.scope_roles : { for role in roles : "${kind}/${role}" => { kind = kind, role = role } }
  ]...)
  in_folder = startswith(var.scope, "folders/")
}

# The project exists already; its number names principals.
data "google_project" "this" {
  project_id = var.project_id
}

module "project" {
  source = "../project-services"

  project_id = var.project_id
  services   = var.services
}

module "budget" {
  source = "../billing-budget"

  billing_account = var.billing_account
  project_id      = var.project_id
  project_number  = data.google_project.this.number
  display_name    = substr("${var.team} ${var.environment} ${var.project_id}", 0, 60)
  amount          = var.budget.amount
  currency        = var.budget.currency
  owner_email     = var.owner_email
  labels          = var.labels

  depends_on = [module.project]
}

# The backend needs the bucket before the first plan, so the run makes it through the API and this takes it in.
# What is lost here is lost for every team: nothing in this product destroys it.
resource "google_storage_bucket" "state" {
  project  = var.project_id
  name     = var.state_bucket
  location = var.state_location
  labels   = var.labels

  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 24 * 60 * 60
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = var.keep_versions
      with_state         = "ARCHIVED"
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

module "accounts" {
  source   = "../service-account"
  for_each = var.account_ids

  project_id   = var.project_id
  account_id   = each.value
  display_name = "provision-env ${each.key}"
  description  = "${var.purposes[each.key]}: ${var.owner_email}"

  depends_on = [module.project]
}

resource "google_folder_iam_member" "toolkit" {
  for_each = local.in_folder ? local.grants : {}

  folder = var.scope
  role   = each.value.role
  member = local.members[each.value.kind]

  dynamic "condition" {
    for_each = { for name, condition in var.scope_conditions : name => condition if name == each.key }

    content {
      title       = condition.value.title
      description = condition.value.description
      expression  = condition.value.expression
    }
  }

  depends_on = [module.accounts]
}

resource "google_organization_iam_member" "toolkit" {
  for_each = local.in_folder ? {} : local.grants

  org_id = trimprefix(var.scope, "organizations/")
  role   = each.value.role
  member = local.members[each.value.kind]

  dynamic "condition" {
    for_each = { for name, condition in var.scope_conditions : name => condition if name == each.key }

    content {
      title       = condition.value.title
      description = condition.value.description
      expression  = condition.value.expression
    }
  }

  depends_on = [module.accounts]
}

resource "google_billing_account_iam_member" "toolkit" {
  for_each = var.billing_roles

  billing_account_id = var.billing_account
  role               = each.value
  member             = local.members[each.key]

  depends_on = [module.accounts]
}

resource "google_storage_bucket_iam_member" "state" {
  for_each = merge([
    for kind, roles in var.state_roles : { for role in roles : "${kind}/${role}" => { kind = kind, role = role } }
  ]...)

  bucket = google_storage_bucket.state.name
  role   = each.value.role
  member = local.members[each.value.kind]

  depends_on = [module.accounts]
}

module "workload_identity" {
  source = "../workload-identity"

  project_id          = var.project_id
  project_number      = data.google_project.this.number
  pool_id             = var.pool_id
  provider_id         = var.provider_id
  team                = var.team
  environment         = var.environment
  repository_id       = var.repository_id
  repository_owner_id = var.repository_owner_id
  branch              = var.branch
  oidc_issuer         = var.oidc_issuer
  oidc_audiences      = var.oidc_audiences
  self_hosted_runners = var.self_hosted_runners
  deploy_account      = module.accounts["deploy"].name
  plan_account        = module.accounts["plan"].name

  depends_on = [module.project]
}

# A pull request reaches this account and no other. It sees what exists, and neither state nor data.
resource "google_service_account_iam_member" "preview" {
  service_account_id = module.accounts["preview"].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${module.workload_identity.pool_name}/attribute.repo_event/${var.repository_id}::pull_request"
}
