resource "google_storage_bucket" "this" {
  project  = var.project_id
  name     = var.name
  location = var.location
  labels   = var.labels

  storage_class               = var.storage_class
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.delete_data

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 24 * 60 * 60
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = var.keep_versions
      with_state         = "ARCHIVED"
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.storage]
}

resource "google_kms_crypto_key_iam_member" "storage" {
  count = var.kms_key == null ? 0 : 1

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${var.project_number}@gs-project-accounts.iam.gserviceaccount.com"
}

resource "google_storage_bucket_iam_member" "users" {
  for_each = var.users

  bucket = google_storage_bucket.this.name
  role   = "roles/storage.objectUser"
  member = each.value
}

# force_destroy removes the folder and its grants; the objects in it stay.
resource "google_storage_managed_folder" "published" {
  for_each = var.publish_prefixes

  bucket        = google_storage_bucket.this.name
  name          = each.value
  force_destroy = true
}

resource "google_storage_managed_folder_iam_member" "publisher" {
  for_each = var.publish_prefixes

  bucket         = google_storage_bucket.this.name
  managed_folder = google_storage_managed_folder.published[each.value].name
  role           = "roles/storage.objectUser"
  member         = var.publisher

  lifecycle {
    precondition {
      condition     = var.publisher != null
      error_message = "publish_prefixes are given, so set publisher to the account that writes there."
    }
  }
}
