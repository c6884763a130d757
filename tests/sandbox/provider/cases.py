"""Configurations derived from the recordings: projects, identities and storage."""

from __future__ import annotations

from tests.sandbox.provider.case import ACCOUNT, case, member

IDENTITY_CASES = (
    case("google_project_service", 'service = "iam.googleapis.com"\ndisable_on_destroy = true'),
    case(
        "google_project_iam_member",
        f'project = "acme-payments-dev"\nrole = "roles/logging.logWriter"\nmember = "{member("runtime")}"',
    ),
    case(
        "google_project_iam_member",
        f"""
  project = "acme-payments-dev"
  role    = "roles/run.developer"
  member  = "{member("deploy")}"
  condition {{
    title       = "payments-services-only"
    description = "only services of the payments team"
    expression  = "resource.name.startsWith(\\"projects/acme-payments-dev/locations/europe-west1/services/payments-\\")"
  }}""",
        create="create_condition",
        delete="delete_condition",
    ),
    case(
        "google_project_iam_audit_config",
        """
  project = "acme-payments-dev"
  service = "secretmanager.googleapis.com"
  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type = "ADMIN_READ"
  }""",
    ),
    case(
        "google_service_account",
        """
  account_id   = "payments-dev-runtime"
  display_name = "payments dev runtime"
  description  = "team=payments env=dev purpose=runtime" """,
        ('"payments dev runtime"', '"payments dev runtime two"'),
    ),
    case(
        "google_service_account_iam_member",
        f'service_account_id = "{ACCOUNT}"\nrole = "roles/iam.serviceAccountUser"\nmember = "{member("deploy")}"',
    ),
    case(
        "google_iam_workload_identity_pool",
        """
  workload_identity_pool_id = "payments-dev-github"
  display_name              = "payments dev github"
  description               = "GitHub Actions of the payments team" """,
        ("of the payments team", "of the payments team two"),
    ),
    case(
        "google_iam_workload_identity_pool_provider",
        """
  workload_identity_pool_id          = "payments-dev-github"
  workload_identity_pool_provider_id = "github-actions"
  display_name                       = "github actions"
  attribute_condition = join(" && ", [
    "assertion.repository_owner_id == '1234567'",
    "assertion.repository_id in ['111']",
    "assertion.event_name != 'pull_request_target'",
  ])
  attribute_mapping = {
    "google.subject" = join(" + ':' + ", [
      "assertion.repository_id",
      "(has(assertion.environment) ? assertion.environment : assertion.event_name)",
    ])
    "attribute.repository_id"       = "assertion.repository_id"
    "attribute.repository_owner_id" = "assertion.repository_owner_id"
    "attribute.repo_env_ref" = join(" + ':' + ", [
      "assertion.repository_id",
      "(has(assertion.environment) ? assertion.environment : '')",
      "assertion.ref",
    ])
  }
  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }""",
        ('"github actions"', '"github actions two"'),
    ),
)

STORAGE_CASES = (
    case(
        "google_storage_bucket",
        """
  name                        = "acme-payments-dev-data"
  location                    = "europe-west1"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = { data-class = "confidential" }
  versioning {
    enabled = true
  }
  soft_delete_policy {
    retention_duration_seconds = 1209600
  }
  logging {
    log_bucket        = "acme-payments-dev-logs"
    log_object_prefix = "data/"
  }
  cors {
    origin          = ["https://payments.example.invalid"]
    method          = ["GET"]
    response_header = ["Content-Type"]
    max_age_seconds = 3600
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
  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "NEARLINE"
    }
    condition {
      age                   = 90
      matches_storage_class = ["STANDARD"]
    }
  }
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }""",
        ('{ data-class = "confidential" }', '{ data-class = "confidential", rev = "two" }'),
    ),
    case(
        "google_storage_bucket_iam_member",
        f'bucket = "acme-payments-dev-data"\nrole = "roles/storage.objectUser"\nmember = "{member("runtime")}"',
    ),
    case(
        "google_storage_bucket_iam_member",
        f"""
  bucket = "acme-payments-dev-data"
  role   = "roles/storage.objectViewer"
  member = "{member("plan")}"
  condition {{
    title      = "meta-only"
    expression = "resource.name.startsWith(\\"projects/_/buckets/acme-payments-dev-data/objects/meta/\\")"
  }}""",
        create="create_condition",
        delete="delete_condition",
    ),
    case(
        "google_storage_managed_folder_iam_member",
        f"""
  bucket         = "acme-payments-dev-data"
  managed_folder = "inbox/"
  role           = "roles/storage.objectCreator"
  member         = "{member("deploy")}" """,
    ),
    case(
        "google_storage_bucket_object",
        """
  bucket       = "acme-payments-dev-data"
  name         = "meta/README.txt"
  content_type = "text/plain"
  content      = "payments dev data bucket\\n" """,
        ("data bucket\\n", "data bucket two\\n"),
    ),
)
