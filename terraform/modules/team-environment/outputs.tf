output "environment" {
  description = "Everything the repository and the proof need to know; waits for every grant."
  value = {
    project_id                 = var.project_id
    project_number             = data.google_project.this.number
    region                     = var.region
    workload_identity_provider = module.workload_identity.provider_name
    plan_service_account       = module.plan.email
    deploy_service_account     = module.deploy.email
    runtime_service_account    = module.runtime.email
    buckets                    = { for key, bucket in module.buckets : key => bucket.name }
    registries                 = { for key, registry in module.registries : key => registry.url }
    services                   = { for key, service in module.services : key => { name = service.name, uri = service.uri } }
  }
  depends_on = [
    google_service_account_iam_member.deploy_as_runtime,
    google_secret_manager_secret_iam_member.runtime,
    google_storage_managed_folder_iam_member.plan_reads_state,
  ]
}
