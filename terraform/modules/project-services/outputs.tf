output "project_id" {
  description = "The project, once its services are enabled."
  value       = var.project_id
  depends_on = [
    google_project_service.this,
    google_project_default_service_accounts.this,
  ]
}
