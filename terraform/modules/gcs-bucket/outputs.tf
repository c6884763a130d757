output "name" {
  description = "Name of the bucket, once its users can use it."
  value       = google_storage_bucket.this.name
  depends_on = [
    google_storage_bucket_iam_member.users,
    google_storage_managed_folder_iam_member.publisher,
  ]
}
