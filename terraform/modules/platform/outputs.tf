output "environment" {
  description = "What the platform repository and the proof need to know, in the shape of a team's environment; waits for every grant."
  value = {
    project_id                 = var.project_id
    project_number             = data.google_project.this.number
    region                     = var.region
    workload_identity_provider = module.workload_identity.provider_name
    plan_service_account       = module.accounts["plan"].email
    deploy_service_account     = module.accounts["deploy"].email
    runtime_service_account    = ""
    preview_service_account    = module.accounts["preview"].email
    buckets                    = { state = google_storage_bucket.state.name }
    registries                 = {}
    services                   = {}
  }
  depends_on = [
    google_billing_account_iam_member.toolkit,
    google_folder_iam_member.toolkit,
    google_organization_iam_member.toolkit,
    google_service_account_iam_member.preview,
    google_storage_bucket_iam_member.state,
  ]
}
