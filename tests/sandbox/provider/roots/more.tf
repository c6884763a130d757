provider "google" {
  project = "acme-payments-dev"
  region  = "europe-west1"
}
resource "google_project_service" "all" {
  for_each = toset(["pubsub.googleapis.com", "logging.googleapis.com", "cloudscheduler.googleapis.com", "monitoring.googleapis.com", "iam.googleapis.com"])
  service  = each.key
}
resource "google_pubsub_topic" "events" {
  name                       = "payments-dev-events"
  message_retention_duration = "86400s"
  depends_on                 = [google_project_service.all]
}
resource "google_pubsub_subscription" "events" {
  name  = "payments-dev-events"
  topic = google_pubsub_topic.events.id
}
resource "google_pubsub_topic_iam_member" "events" {
  topic  = google_pubsub_topic.events.name
  role   = "roles/pubsub.publisher"
  member = "user:someone@example.com"
}
resource "google_cloud_scheduler_job" "nightly" {
  name     = "payments-dev-nightly"
  schedule = "0 3 * * *"
  http_target {
    uri     = "https://example.com/nightly"
    headers = { Content-Type = "application/json" }
    body    = base64encode("{}")
  }
  depends_on = [google_project_service.all]
}
resource "google_logging_metric" "errors" {
  name   = "payments-dev-errors"
  filter = "severity>=ERROR"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels {
      key = "service"
    }
  }
  label_extractors = { service = "EXTRACT(resource.labels.service_name)" }
  depends_on       = [google_project_service.all]
}
resource "google_monitoring_alert_policy" "errors" {
  display_name = "payments dev errors"
  combiner     = "OR"
  conditions {
    display_name = "log errors"
    condition_threshold {
      filter     = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.errors.name}\" AND resource.type=\"cloud_run_revision\""
      duration   = "300s"
      comparison = "COMPARISON_GT"
    }
  }
}
resource "google_project_iam_custom_role" "viewer" {
  role_id     = "paymentsViewer"
  title       = "Payments viewer"
  permissions = ["storage.buckets.get", "storage.buckets.list"]
  depends_on  = [google_project_service.all]
}
resource "google_project" "other" {
  name            = "payments other"
  project_id      = "acme-payments-other"
  org_id          = "900000000001"
  billing_account = "000000-111111-222222"
  deletion_policy = "DELETE"
}
