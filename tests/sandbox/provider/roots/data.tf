provider "google" {
  project = "acme-payments-dev"
  region  = "europe-west1"
}
resource "google_project_service" "all" {
  for_each = toset(["bigquery", "cloudkms", "logging", "run", "monitoring", "compute"])
  service  = "${each.key}.googleapis.com"
}
resource "google_kms_key_ring" "ring" {
  name       = "payments"
  location   = "europe-west1"
  depends_on = [google_project_service.all]
}
resource "google_kms_crypto_key" "key" {
  name            = "data"
  key_ring        = google_kms_key_ring.ring.id
  rotation_period = "7776000s"
}
resource "google_kms_crypto_key_iam_member" "reader" {
  crypto_key_id = google_kms_crypto_key.key.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "user:someone@example.com"
}
resource "google_bigquery_dataset" "features" {
  dataset_id                  = "features"
  location                    = "EU"
  description                 = "what models learn from"
  default_table_expiration_ms = 3600000
  labels                      = { data-class = "internal" }
  access {
    role          = "OWNER"
    user_by_email = "someone@example.com"
  }
  depends_on = [google_project_service.all]
}
resource "google_bigquery_table" "days" {
  dataset_id          = google_bigquery_dataset.features.dataset_id
  table_id            = "days"
  deletion_protection = false
  clustering          = ["team"]
  time_partitioning {
    type  = "DAY"
    field = "day"
  }
  schema = jsonencode([
    { name = "day", type = "DATE", mode = "REQUIRED" },
    { name = "team", type = "STRING" },
  ])
}
resource "google_bigquery_table" "view" {
  dataset_id          = google_bigquery_dataset.features.dataset_id
  table_id            = "recent"
  deletion_protection = false
  view {
    query          = "SELECT * FROM `acme-payments-dev.features.days`"
    use_legacy_sql = false
  }
  depends_on = [google_bigquery_table.days]
}
resource "google_logging_project_sink" "errors" {
  name        = "errors"
  destination = "bigquery.googleapis.com/projects/acme-payments-dev/datasets/${google_bigquery_dataset.features.dataset_id}"
  filter      = "severity>=ERROR"
  bigquery_options {
    use_partitioned_tables = true
  }
}
resource "google_monitoring_dashboard" "team" {
  dashboard_json = jsonencode({
    displayName = "payments"
    gridLayout  = { columns = "2", widgets = [{ title = "note", text = { content = "hello", format = "MARKDOWN" } }] }
  })
  depends_on = [google_project_service.all]
}
resource "google_cloud_run_v2_job" "train" {
  name                = "train"
  location            = "europe-west1"
  deletion_protection = false
  template {
    template {
      max_retries = 1
      containers {
        image = "us-docker.pkg.dev/cloudrun/container/job"
      }
    }
  }
  depends_on = [google_project_service.all]
}
resource "google_cloud_run_v2_job_iam_member" "runner" {
  name     = google_cloud_run_v2_job.train.name
  location = google_cloud_run_v2_job.train.location
  role     = "roles/run.invoker"
  member   = "user:someone@example.com"
}
