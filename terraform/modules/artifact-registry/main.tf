locals {
  day = 24 * 60 * 60
}

resource "google_artifact_registry_repository" "this" {
  project       = var.project_id
  location      = var.location
  repository_id = var.name
  description   = var.description
  format        = "DOCKER"
  mode          = "STANDARD_REPOSITORY"
  labels        = var.labels
  kms_key_name  = var.kms_key

  cleanup_policy_dry_run = var.cleanup_dry_run

  vulnerability_scanning_config {
    enablement_config = "INHERITED"
  }

  dynamic "docker_config" {
    for_each = var.immutable_tags ? [true] : []
    content {
      immutable_tags = true
    }
  }

  cleanup_policies {
    id     = "delete-untagged"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "${var.keep_untagged_days * local.day}s"
    }
  }

  # An immutable tag cannot be deleted, not even by cleanup: these make sense only where tags move.
  dynamic "cleanup_policies" {
    for_each = var.immutable_tags ? [] : [true]
    content {
      id     = "delete-old"
      action = "DELETE"
      condition {
        tag_state  = "TAGGED"
        older_than = "${var.keep_tagged_days * local.day}s"
      }
    }
  }

  dynamic "cleanup_policies" {
    for_each = var.immutable_tags ? [] : [true]
    content {
      id     = "keep-live"
      action = "KEEP"
      condition {
        tag_state    = "TAGGED"
        tag_prefixes = ["live-"]
      }
    }
  }

  dynamic "cleanup_policies" {
    for_each = var.immutable_tags ? [] : [true]
    content {
      id     = "keep-newest"
      action = "KEEP"
      most_recent_versions {
        keep_count = var.keep_newest
      }
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.registry]
}

resource "google_kms_crypto_key_iam_member" "registry" {
  count = var.kms_key == null ? 0 : 1

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${var.project_number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
}

resource "google_artifact_registry_repository_iam_member" "writers" {
  for_each = var.writers

  project    = var.project_id
  location   = var.location
  repository = google_artifact_registry_repository.this.repository_id
  role       = "roles/artifactregistry.writer"
  member     = each.value
}

resource "google_artifact_registry_repository_iam_member" "readers" {
  for_each = var.readers

  project    = var.project_id
  location   = var.location
  repository = google_artifact_registry_repository.this.repository_id
  role       = "roles/artifactregistry.reader"
  member     = each.value
}
