output "provider_name" {
  description = "Full name of the provider, as google-github-actions/auth wants it; waits for the grants."
  value       = "${local.pool_name}/providers/${google_iam_workload_identity_pool_provider.github.workload_identity_pool_provider_id}"
  depends_on = [
    google_service_account_iam_member.deploy,
    google_service_account_iam_member.plan,
  ]
}

output "pool_name" {
  description = "Full name of the pool, by the project's number."
  value       = local.pool_name
  depends_on  = [google_iam_workload_identity_pool.this]
}
