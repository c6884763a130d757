"""Configurations derived from the recordings: registries, services, budgets and what tells about them."""

from __future__ import annotations

from tests.sandbox.provider.case import case, member

SERVICE_CASES = (
    case(
        "google_artifact_registry_repository",
        """
  repository_id          = "payments-dev"
  location               = "europe-west1"
  format                 = "DOCKER"
  description            = "container images of payments dev"
  cleanup_policy_dry_run = true
  docker_config {
    immutable_tags = true
  }
  vulnerability_scanning_config {
    enablement_config = "INHERITED"
  }
  cleanup_policies {
    id     = "delete-untagged"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "2592000s"
    }
  }
  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 20
    }
  }""",
        ("images of payments dev", "images of payments dev two"),
    ),
    case(
        "google_artifact_registry_repository_iam_member",
        f"""
  location   = "europe-west1"
  repository = "payments-dev"
  role       = "roles/artifactregistry.reader"
  member     = "{member("runtime")}" """,
    ),
    case(
        "google_billing_budget",
        """
  billing_account = "000000-111111-222222"
  display_name    = "payments dev"
  budget_filter {
    projects = ["projects/420000000042"]
  }
  amount {
    specified_amount {
      currency_code = "EUR"
      units         = "500"
    }
  }
  threshold_rules {
    threshold_percent = 0.5
  }
  threshold_rules {
    threshold_percent = 0.8
  }
  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }
  all_updates_rule {
    pubsub_topic                     = "projects/acme-payments-dev/topics/payments-dev-events"
    monitoring_notification_channels = ["projects/acme-payments-dev/notificationChannels/1000000000001023"]
    disable_default_iam_recipients   = true
  }""",
        ('"payments dev"', '"payments dev two"'),
        ('"500"', '"600"'),
    ),
    case(
        "google_monitoring_notification_channel",
        """
  display_name = "payments dev mail"
  type         = "email"
  labels       = { email_address = "payments@example.invalid" }
  user_labels  = { env = "dev", team = "payments" }""",
        ("dev mail", "dev mail two"),
    ),
    case(
        "google_secret_manager_secret_iam_member",
        f"""
  secret_id = "payments-dev-db"
  role      = "roles/secretmanager.secretAccessor"
  member    = "{member("runtime")}" """,
    ),
    case(
        "google_secret_manager_secret_version",
        """
  secret      = "projects/acme-payments-dev/secrets/payments-dev-db"
  secret_data = "not-a-secret" """,
    ),
    case(
        "google_cloud_run_v2_service",
        """
  name                = "payments-api"
  location            = "europe-west1"
  description         = "payments api"
  deletion_protection = false
  ingress             = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
  labels              = { data-class = "confidential" }
  scaling {
    min_instance_count = 1
  }
  template {
    service_account                  = "payments-dev-runtime@acme-payments-dev.iam.gserviceaccount.com"
    timeout                          = "60s"
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = 40
    scaling {
      max_instance_count = 5
    }
    containers {
      name  = "app"
      image = "europe-west1-docker.pkg.dev/acme-payments-dev/payments-dev/api@sha256:DIGEST"
      ports {
        container_port = 8080
      }
      resources {
        limits            = { cpu = "1", memory = "512Mi" }
        cpu_idle          = true
        startup_cpu_boost = true
      }
      env {
        name  = "ENVIRONMENT"
        value = "dev"
      }
      env {
        name = "DATABASE_URL"
        value_source {
          secret_key_ref {
            secret  = "payments-dev-db"
            version = "1"
          }
        }
      }
      startup_probe {
        failure_threshold = 6
        period_seconds    = 5
        timeout_seconds   = 2
        http_get {
          path = "/healthz"
          port = 8080
        }
      }
      liveness_probe {
        period_seconds = 30
        http_get {
          path = "/healthz"
        }
      }
    }
  }
  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }""".replace("DIGEST", "0123456789abcdef" * 4),
        ('"payments api"', '"payments api two"'),
        ('value = "dev"', 'value = "dev two"'),
    ),
    case(
        "google_cloud_run_v2_service",
        """
  name                = "payments-bare"
  location            = "europe-west1"
  deletion_protection = false
  template {
    containers {
      image = "us-docker.pkg.dev/cloudrun/container/hello"
    }
  }""",
        create="create_minimal",
        delete="delete_minimal",
    ),
    case(
        "google_cloud_run_v2_service_iam_member",
        f"""
  name     = "payments-api"
  location = "europe-west1"
  role     = "roles/run.invoker"
  member   = "{member("sched")}" """,
    ),
    case(
        "google_pubsub_topic",
        """
  name                       = "payments-dev-events"
  message_retention_duration = "86400s"
  message_storage_policy {
    allowed_persistence_regions = ["europe-west1"]
  }""",
        ("86400s", "172800s"),
    ),
    case(
        "google_pubsub_topic_iam_member",
        f'topic = "payments-dev-events"\nrole = "roles/pubsub.publisher"\nmember = "{member("runtime")}"',
    ),
    case(
        "google_cloud_scheduler_job",
        """
  name             = "payments-dev-nightly"
  description      = "nightly run"
  schedule         = "0 3 * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "320s"
  retry_config {
    retry_count = 3
  }
  http_target {
    http_method = "POST"
    uri         = "https://payments-api-abcdefghij-ew.a.run.app/nightly"
    headers     = { Content-Type = "application/json" }
    body        = base64encode("{}")
    oidc_token {
      service_account_email = "payments-dev-sched@acme-payments-dev.iam.gserviceaccount.com"
      audience              = "https://payments-api-abcdefghij-ew.a.run.app"
    }
  }""",
        ("nightly run", "nightly run two"),
    ),
    case(
        "google_logging_metric",
        """
  name             = "payments-dev-errors"
  filter           = "resource.type=\\"cloud_run_revision\\" AND severity>=ERROR"
  label_extractors = { service = "EXTRACT(resource.labels.service_name)" }
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels {
      key = "service"
    }
  }""",
        ("severity>=ERROR", "severity>=ERROR AND labels.rev=two"),
    ),
    case(
        "google_monitoring_alert_policy",
        """
  display_name          = "payments dev errors"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = ["projects/acme-payments-dev/notificationChannels/1000000000001023"]
  user_labels           = { env = "dev", team = "payments" }
  alert_strategy {
    auto_close = "1800s"
  }
  documentation {
    content = "See the runbook."
  }
  conditions {
    display_name = "log errors"
    condition_threshold {
      filter = join(" AND ", [
        "resource.type=\\"cloud_run_revision\\"",
        "metric.type=\\"logging.googleapis.com/user/payments-dev-errors\\"",
      ])
      duration        = "300s"
      comparison      = "COMPARISON_GT"
      threshold_value = 5
      trigger {
        count = 1
      }
      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_RATE"
      }
    }
  }""",
        ('= "payments dev errors"', '= "payments dev errors two"'),
    ),
)
