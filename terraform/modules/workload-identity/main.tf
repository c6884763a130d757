locals {
  branch_ref = "refs/heads/${var.branch}"
  pool_name  = "projects/${var.project_number}/locations/global/workloadIdentityPools/${var.pool_id}"
  set        = "principalSet://iam.googleapis.com/${local.pool_name}"

  # One attribute holds everything that a grant depends on: a principal set tests one attribute and two cannot be combined.
  from_branch = {
    for event in ["push", "schedule", "workflow_dispatch"] : event => {
      in_environment = "${local.set}/attribute.repo_env_ref_event/${var.repository_id}:${var.environment}:${local.branch_ref}:${event}"
      no_environment = "${local.set}/attribute.repo_env_ref_event/${var.repository_id}::${local.branch_ref}:${event}"
    }
  }
  from_pull_request = "${local.set}/attribute.repo_event/${var.repository_id}::pull_request"

  deploy_members = { for event in ["push", "workflow_dispatch"] : event => local.from_branch[event].in_environment }
  plan_members = merge(
    { for event, members in local.from_branch : event => members.no_environment },
    var.allow_pull_request_plan ? { pull_request = local.from_pull_request } : {},
  )

  # A claim that a token lacks would fail the whole exchange, so optional ones are guarded and absent means ''.
  environment = "(has(assertion.environment) ? assertion.environment : '')"
  attribute_mapping = merge(
    {
      "google.subject"               = "assertion.repository_id + (has(assertion.environment) ? ':env:' + assertion.environment : ':event:' + assertion.event_name)"
      "attribute.repository_id"      = "assertion.repository_id"
      "attribute.repo_event"         = "assertion.repository_id + ':' + ${local.environment} + ':' + assertion.event_name"
      "attribute.repo_env_ref_event" = "assertion.repository_id + ':' + ${local.environment} + ':' + assertion.ref + ':' + assertion.event_name"
    },
    # For audit logs; never part of a grant.
    { for claim in ["repository", "ref", "actor_id", "job_workflow_ref"] : "attribute.${claim}" => "has(assertion.${claim}) ? assertion.${claim} : ''" },
  )

  attribute_condition = join(" && ", concat(
    [
      "assertion.repository_owner_id == '${var.repository_owner_id}'",
      "assertion.repository_id in ['${var.repository_id}']",
      "assertion.event_name in ['push','workflow_dispatch','schedule','pull_request']",
    ],
    var.self_hosted_runners ? [] : [
      "has(assertion.runner_environment) && assertion.runner_environment == 'github-hosted'",
    ],
    length(var.trusted_workflows) == 0 ? [] : [
      "has(assertion.job_workflow_ref) && assertion.job_workflow_ref in [${join(",", [for workflow in var.trusted_workflows : "'${workflow}'"])}]",
    ],
  ))
}

resource "google_iam_workload_identity_pool" "this" {
  project                   = var.project_id
  workload_identity_pool_id = var.pool_id
  display_name              = substr("${var.team} ${var.environment}", 0, 32)
  description               = "Jobs of the repository of ${var.team} in ${var.environment}"
}

resource "google_iam_workload_identity_pool_provider" "github" {
  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.this.workload_identity_pool_id
  workload_identity_pool_provider_id = var.provider_id
  display_name                       = "GitHub Actions"
  description                        = "Tokens of repository ${var.repository_id} only"

  attribute_mapping   = local.attribute_mapping
  attribute_condition = local.attribute_condition

  oidc {
    issuer_uri        = var.oidc_issuer
    allowed_audiences = length(var.oidc_audiences) == 0 ? null : var.oidc_audiences
  }

  lifecycle {
    precondition {
      condition     = length(local.attribute_condition) <= 4096
      error_message = "The trust condition is longer than Google allows (4096 characters); name fewer trusted_workflows."
    }
  }
}

resource "google_service_account_iam_member" "deploy" {
  for_each = local.deploy_members

  service_account_id = var.deploy_account
  role               = "roles/iam.workloadIdentityUser"
  member             = each.value

  depends_on = [google_iam_workload_identity_pool_provider.github]
}

resource "google_service_account_iam_member" "plan" {
  for_each = local.plan_members

  service_account_id = var.plan_account
  role               = "roles/iam.workloadIdentityUser"
  member             = each.value

  depends_on = [google_iam_workload_identity_pool_provider.github]
}
