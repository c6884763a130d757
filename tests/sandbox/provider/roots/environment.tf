provider "google" {
  project        = "acme-payments-dev"
  region         = "europe-west1"
  default_labels = { team = "payments" }
  batching {
    enable_batching = true
    send_after      = "500ms"
  }
}
resource "google_project_service" "all" {
  for_each = toset(["compute.googleapis.com", "iam.googleapis.com", "artifactregistry.googleapis.com", "run.googleapis.com", "secretmanager.googleapis.com", "monitoring.googleapis.com", "pubsub.googleapis.com", "logging.googleapis.com", "cloudscheduler.googleapis.com", "billingbudgets.googleapis.com"])
  service  = each.key
}
data "google_project" "it" {
  depends_on = [google_project_service.all]
}
resource "google_service_account" "runtime" {
  account_id   = "payments-dev-runtime"
  display_name = "runtime"
  depends_on   = [google_project_service.all]
}
resource "google_project_iam_member" "logs" {
  project = "acme-payments-dev"
  role    = "roles/logging.logWriter"
  member  = google_service_account.runtime.member
}
resource "google_project_iam_member" "conditional" {
  project = "acme-payments-dev"
  role    = "roles/run.developer"
  member  = google_service_account.runtime.member
  condition {
    title      = "some"
    expression = "resource.name.startsWith(\"projects/x\")"
  }
}
resource "google_project_iam_audit_config" "secrets" {
  project = "acme-payments-dev"
  service = "secretmanager.googleapis.com"
  audit_log_config {
    log_type = "DATA_READ"
  }
}
resource "google_project_default_service_accounts" "it" {
  project    = "acme-payments-dev"
  action     = "DEPRIVILEGE"
  depends_on = [google_project_service.all]
}
resource "google_service_account_iam_member" "wif" {
  service_account_id = google_service_account.runtime.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.pool.name}/attribute.repository_id/111"
}
resource "google_iam_workload_identity_pool" "pool" {
  workload_identity_pool_id = "payments-dev-github"
  display_name              = "payments"
  depends_on                = [google_project_service.all]
}
resource "google_iam_workload_identity_pool_provider" "github" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.pool.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_mapping                  = { "google.subject" = "assertion.sub", "attribute.repository_id" = "assertion.repository_id" }
  attribute_condition                = "assertion.repository_owner_id == '1234567'"
  oidc {
    issuer_uri        = "https://token.actions.githubusercontent.com"
    allowed_audiences = ["https://example.com/audience"]
  }
}
resource "google_storage_bucket" "data" {
  name                        = "acme-payments-dev-data"
  location                    = "europe-west1"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = { data-class = "confidential" }
  force_destroy               = true
  versioning {
    enabled = true
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 5
      with_state         = "ARCHIVED"
    }
  }
}
resource "google_storage_bucket" "bare" {
  name     = "acme-payments-dev-bare"
  location = "EU"
}
resource "google_storage_bucket_iam_member" "runtime" {
  bucket = google_storage_bucket.data.name
  role   = "roles/storage.objectUser"
  member = google_service_account.runtime.member
}
resource "google_storage_managed_folder" "inbox" {
  bucket = google_storage_bucket.data.name
  name   = "inbox/"
}
resource "google_storage_managed_folder_iam_member" "inbox" {
  bucket         = google_storage_bucket.data.name
  managed_folder = google_storage_managed_folder.inbox.name
  role           = "roles/storage.objectCreator"
  member         = google_service_account.runtime.member
}
resource "google_storage_bucket_object" "readme" {
  bucket  = google_storage_bucket.data.name
  name    = "meta/README.txt"
  content = "hello"
}
resource "google_artifact_registry_repository" "images" {
  repository_id = "payments-dev"
  location      = "europe-west1"
  format        = "DOCKER"
  docker_config {
    immutable_tags = true
  }
  cleanup_policies {
    id     = "delete-untagged"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "30d"
    }
  }
  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 20
    }
  }
  depends_on = [google_project_service.all]
}
resource "google_artifact_registry_repository_iam_member" "runtime" {
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.runtime.member
}
resource "google_cloud_run_v2_service" "api" {
  name                = "payments-api"
  location            = "europe-west1"
  deletion_protection = false
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  template {
    service_account = google_service_account.runtime.email
    scaling {
      max_instance_count = 3
    }
    containers {
      image = "us-docker.pkg.dev/cloudrun/container/hello"
      resources {
        limits            = { cpu = "1", memory = "512Mi" }
        cpu_idle          = true
        startup_cpu_boost = true
      }
      env {
        name  = "ENVIRONMENT"
        value = "dev"
      }
      liveness_probe {
        http_get {
          path = "/healthz"
        }
      }
    }
  }
  depends_on = [google_project_service.all]
}
resource "google_cloud_run_v2_service" "bare" {
  name                = "payments-bare"
  location            = "europe-west1"
  deletion_protection = false
  template {
    containers {
      image = "us-docker.pkg.dev/cloudrun/container/hello"
    }
  }
  depends_on = [google_project_service.all]
}
resource "google_cloud_run_v2_service_iam_member" "invoker" {
  name     = google_cloud_run_v2_service.api.name
  location = google_cloud_run_v2_service.api.location
  role     = "roles/run.invoker"
  member   = google_service_account.runtime.member
}
resource "google_monitoring_notification_channel" "mail" {
  display_name = "mail"
  type         = "email"
  labels       = { email_address = "payments@example.com" }
  depends_on   = [google_project_service.all]
}
resource "google_billing_budget" "it" {
  billing_account = "000000-111111-222222"
  display_name    = "payments dev"
  budget_filter {
    projects = ["projects/${data.google_project.it.number}"]
  }
  amount {
    specified_amount {
      currency_code = "EUR"
      units         = "500"
    }
  }
  threshold_rules {
    threshold_percent = 0.8
  }
  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.mail.id]
    disable_default_iam_recipients   = true
  }
}
resource "google_secret_manager_secret" "db" {
  secret_id = "payments-dev-db"
  replication {
    auto {}
  }
  depends_on = [google_project_service.all]
}
resource "google_secret_manager_secret_version" "one" {
  secret      = google_secret_manager_secret.db.id
  secret_data = "first"
}
resource "google_secret_manager_secret_version" "two" {
  secret                 = google_secret_manager_secret.db.id
  secret_data_wo         = "second"
  secret_data_wo_version = "1"
}
resource "google_secret_manager_secret_iam_member" "runtime" {
  secret_id = google_secret_manager_secret.db.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.runtime.member
}
