output "name" {
  description = "Full name projects/<project>/serviceAccounts/<e-mail>; waits for the account alone."
  value       = "projects/${var.project_id}/serviceAccounts/${local.email}"
  depends_on  = [google_service_account.this]
}

output "member" {
  description = "The account as an IAM member; waits for the account alone."
  value       = "serviceAccount:${local.email}"
  depends_on  = [google_service_account.this]
}

output "email" {
  description = "Address of the account; waits for its roles too, so that what runs as it finds them."
  value       = local.email
  depends_on  = [google_service_account.this, google_project_iam_member.this]
}
