output "name" {
  description = "Name of the registry in its project, once its writers and readers can use it."
  value       = google_artifact_registry_repository.this.repository_id
  depends_on = [
    google_artifact_registry_repository_iam_member.writers,
    google_artifact_registry_repository_iam_member.readers,
  ]
}

output "url" {
  description = "What image names start with: <location>-docker.pkg.dev/<project>/<name>."
  value       = "${var.location}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.this.repository_id}"
  depends_on = [
    google_artifact_registry_repository_iam_member.writers,
    google_artifact_registry_repository_iam_member.readers,
  ]
}
