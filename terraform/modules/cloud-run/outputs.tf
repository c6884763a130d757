output "name" {
  description = "Name of the service, once its invokers can call it."
  value       = google_cloud_run_v2_service.this.name
  depends_on  = [google_cloud_run_v2_service_iam_member.invokers]
}

output "uri" {
  description = "Address of the service, once its invokers can call it."
  value       = google_cloud_run_v2_service.this.uri
  depends_on  = [google_cloud_run_v2_service_iam_member.invokers]
}
