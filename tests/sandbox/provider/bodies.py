"""Pieces of roots that several tests use."""

from __future__ import annotations

PROVIDER = 'provider "google" {\n  project = "acme-payments-dev"\n  region  = "europe-west1"\n}\n'
SERVICES = """
resource "google_project_service" "all" {
  for_each = toset(["iam", "secretmanager", "run", "compute"])
  service  = "${each.key}.googleapis.com"
}
"""
ACCOUNT = """
resource "google_service_account" "it" {
  account_id = "payments-dev"
  depends_on = [google_project_service.all]
}
"""
MEMBER = """
resource "google_project_iam_member" "it" {
  project = "acme-payments-dev"
  role    = "roles/viewer"
  member  = "user:Someone@Example.com"
}
"""
