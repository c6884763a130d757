locals {
  title       = "${var.team} ${var.environment}"
  description = "${var.team} ${var.environment}, ${var.owner_email}"

  secret_ids = toset(flatten([
    for service in values(var.services) : [for reference in values(service.secrets) : reference.secret]
  ]))
  has_budget = var.manage_project && var.budget != null
}

# The project exists already; its number names principals and Google's own accounts.
data "google_project" "this" {
  project_id = var.project_id
}

module "project" {
  source = "../project-services"
  count  = var.manage_project ? 1 : 0

  project_id = var.project_id
}

module "budget" {
  source = "../billing-budget"
  count  = local.has_budget ? 1 : 0

  billing_account = var.billing_account
  project_id      = var.project_id
  project_number  = data.google_project.this.number
  display_name    = substr("${local.title} ${var.project_id}", 0, 60)
  amount          = var.budget.amount
  currency        = var.budget.currency
  owner_email     = var.owner_email
  labels          = var.labels

  depends_on = [module.project]
}

module "workload_identity" {
  source = "../workload-identity"

  project_id              = var.project_id
  project_number          = data.google_project.this.number
  pool_id                 = var.pool_id
  provider_id             = var.provider_id
  team                    = var.team
  environment             = var.environment
  repository_id           = var.repository_id
  repository_owner_id     = var.repository_owner_id
  branch                  = var.branch
  oidc_issuer             = var.oidc_issuer
  oidc_audiences          = var.oidc_audiences
  self_hosted_runners     = var.self_hosted_runners
  trusted_workflows       = var.trusted_workflows
  deploy_account          = module.deploy.name
  plan_account            = module.plan.name
  allow_pull_request_plan = var.allow_pull_request_plan

  depends_on = [module.project]
}

module "buckets" {
  source   = "../gcs-bucket"
  for_each = var.buckets

  project_id       = var.project_id
  project_number   = data.google_project.this.number
  name             = each.value.name
  location         = each.value.location
  storage_class    = each.value.storage_class
  labels           = var.labels
  keep_versions    = each.value.keep_versions
  soft_delete_days = each.value.soft_delete_days
  kms_key          = each.value.kms_key
  users            = { runtime = module.runtime.member }
  publisher        = module.deploy.member
  publish_prefixes = each.value.publish_prefixes
  delete_data      = var.delete_data

  depends_on = [module.project]
}

module "registries" {
  source   = "../artifact-registry"
  for_each = var.registries

  project_id         = var.project_id
  project_number     = data.google_project.this.number
  name               = each.value.name
  location           = each.value.location
  description        = "${each.key} of ${local.description}"
  labels             = var.labels
  immutable_tags     = each.value.immutable_tags
  mutable_reason     = each.value.mutable_reason
  keep_untagged_days = each.value.keep_untagged_days
  kms_key            = each.value.kms_key
  writers            = { deploy = module.deploy.member }

  depends_on = [module.project]
}

module "services" {
  source   = "../cloud-run"
  for_each = var.services

  project_id          = var.project_id
  project_number      = data.google_project.this.number
  name                = each.value.name
  location            = var.region
  description         = "${each.key} of ${local.description}"
  labels              = var.labels
  service_account     = module.runtime.email
  image               = each.value.image
  cpu                 = each.value.cpu
  memory              = each.value.memory
  port                = each.value.port
  min_instances       = each.value.min_instances
  max_instances       = each.value.max_instances
  timeout_seconds     = each.value.timeout_seconds
  probe_path          = each.value.probe_path
  ingress             = each.value.ingress
  public_reason       = each.value.public_reason
  invokers            = each.value.invokers
  env                 = each.value.env
  secrets             = each.value.secrets
  kms_key             = each.value.kms_key
  deletion_protection = var.deletion_protection

  depends_on = [module.project, google_secret_manager_secret_iam_member.runtime]
}
