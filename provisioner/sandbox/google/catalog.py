"""Which hosts the sandbox's Google plays, from which discovery documents, with which service modules.

A new service is one more ``Service`` here and its modules under ``services/``; nothing is imported or read before the
first request to one of its hosts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Service:
    """One API family.

    ``name`` is what ``gcloud services enable`` calls it; ``hosts`` are exact names or ``*`` patterns; ``documents``
    maps path prefixes to discovery documents; ``modules`` are the handlers' modules under ``services``. ``title`` is
    the API's name in messages. ``optional`` services answer only in projects where they are enabled.
    """

    name: str
    title: str
    hosts: tuple[str, ...]
    documents: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    optional: bool = False


def _plain(name: str, title: str, documents: Mapping[str, str], modules: tuple[str, ...] = ()) -> Service:
    return Service(f"{name}.googleapis.com", title, (f"{name}.googleapis.com",), documents, modules or (name,))


def _optional(name: str, title: str, documents: Mapping[str, str], modules: tuple[str, ...] = ()) -> Service:
    host = f"{name}.googleapis.com"
    return Service(host, title, (host,), documents, modules or (name,), optional=True)


_STORAGE_PREFIXES = ("/storage/v1/", "/upload/storage/v1/", "/resumable/upload/storage/v1/", "/download/storage/v1/")

SERVICES: tuple[Service, ...] = (
    Service(
        "storage.googleapis.com",
        "Cloud Storage JSON API",
        ("storage.googleapis.com", "www.googleapis.com", "*.storage.googleapis.com"),
        dict.fromkeys(_STORAGE_PREFIXES, "storage.v1"),
        (
            "storage_buckets",
            "storage_objects",
            "storage_uploads",
            "storage_copies",
            "storage_restores",
            "storage_folders",
            "storage_namespace",
            "storage_policies",
            "storage_acls",
            "storage_notifications",
            "storage_hmac",
            "storage_xml",
            "storage_xml_buckets",
        ),
    ),
    Service(
        "cloudresourcemanager.googleapis.com",
        "Cloud Resource Manager API",
        ("cloudresourcemanager.googleapis.com", "*-cloudresourcemanager.googleapis.com"),
        {
            "/v1/": "cloudresourcemanager.v1",
            "/v2/": "cloudresourcemanager.v2",
            "/v2:": "cloudresourcemanager.v2",
            "/v3/": "cloudresourcemanager.v3",
            "/v3:": "cloudresourcemanager.v3",
        },
        (
            "cloudresourcemanager_v1",
            "cloudresourcemanager_v2",
            "cloudresourcemanager_v3",
            "cloudresourcemanager_folders",
            "cloudresourcemanager_liens",
            "cloudresourcemanager_tags",
            "cloudresourcemanager_bindings",
            "cloudresourcemanager_policies",
        ),
    ),
    _plain("orgpolicy", "Organization Policy API", {"/v2/": "orgpolicy.v2"}),
    _plain("serviceusage", "Service Usage API", {"/v1/": "serviceusage.v1"}),
    _plain("cloudbilling", "Cloud Billing API", {"/v1/": "cloudbilling.v1"}),
    _plain("billingbudgets", "Cloud Billing Budget API", {"/v1/": "billingbudgets.v1"}),
    Service(
        "compute.googleapis.com",
        "Compute Engine API",
        ("compute.googleapis.com", "www.googleapis.com"),
        {"/compute/v1/": "compute.v1"},
        ("compute",),
        optional=True,
    ),
    Service(
        "oauth2.googleapis.com",
        "Google Identity",
        ("oauth2.googleapis.com", "www.googleapis.com", "openidconnect.googleapis.com", "accounts.google.com"),
        {"/oauth2/": "oauth2.v2", "/userinfo/": "oauth2.v2"},
        ("userinfo", "google_keys", "oauth_token"),
    ),
    _plain("sts", "Security Token Service API", {"/v1/": "sts.v1"}),
    _optional(
        "iam",
        "Identity and Access Management (IAM) API",
        {"/v1/": "iam.v1"},
        ("iam_accounts", "iam_catalog", "iam_keys", "iam_pools", "iam_providers", "iam_roles"),
    ),
    _optional("iamcredentials", "IAM Service Account Credentials API", {"/v1/": "iamcredentials.v1"}),
    _optional(
        "artifactregistry",
        "Artifact Registry API",
        {
            **dict.fromkeys(("/v1/", "/upload/v1/", "/resumable/upload/v1/", "/download/v1/"), "artifactregistry.v1"),
            "/v1beta2/": "artifactregistry.v1beta2",
        },
        (
            "artifactregistry_repositories",
            "artifactregistry_contents",
            "artifactregistry_packages",
            "artifactregistry_files",
            "artifactregistry_places",
            "artifactregistry_rules",
        ),
    ),
    Service(
        "artifactregistry.googleapis.com",
        "Artifact Registry API",
        ("*.pkg.dev",),
        {},
        ("docker_uploads", "docker_referrers", "docker_registry"),
    ),
    Service(
        "run.googleapis.com",
        "Cloud Run Admin API",
        ("run.googleapis.com", "*-run.googleapis.com"),
        {"/v2/": "run.v2", "/v1/": "run.v1", "/apis/": "run.v1"},
        (
            "run_services",
            "run_revisions",
            "run_operations",
            "run_jobs",
            "run_executions",
            "run_knative",
            "run_knative_reads",
            "run_knative_jobs",
        ),
        optional=True,
    ),
    Service("run.googleapis.com", "Cloud Run Admin API", ("*.run.app",), {}, ("run_invocation",)),
    Service(
        "secretmanager.googleapis.com",
        "Secret Manager API",
        ("secretmanager.googleapis.com", "secretmanager.*.rep.googleapis.com"),
        {"/v1/": "secretmanager.v1"},
        ("secretmanager_secrets", "secretmanager_versions"),
        optional=True,
    ),
    _optional(
        "monitoring",
        "Stackdriver Monitoring API",
        {"/v3/": "monitoring.v3", "/v1/": "monitoring.v1"},
        (
            "monitoring_channels",
            "monitoring_dashboards",
            "monitoring_descriptors",
            "monitoring_policies",
            "monitoring_series",
            "monitoring_snoozes",
        ),
    ),
    _optional(
        "pubsub",
        "Cloud Pub/Sub API",
        {"/v1/": "pubsub.v1"},
        ("pubsub_topics", "pubsub_subscriptions", "pubsub_messages", "pubsub_schemas", "pubsub_snapshots"),
    ),
    _optional(
        "logging",
        "Cloud Logging API",
        {"/v2/": "logging.v2"},
        ("logging", "logging_entries", "logging_sinks", "logging_buckets", "logging_views"),
    ),
    _optional(
        "cloudkms",
        "Cloud Key Management Service (KMS) API",
        {"/v1/": "cloudkms.v1"},
        ("cloudkms_keys", "cloudkms_versions"),
    ),
    Service(
        "bigquery.googleapis.com",
        "BigQuery API",
        ("bigquery.googleapis.com", "www.googleapis.com"),
        {"/bigquery/v2/": "bigquery.v2"},
        ("bigquery_datasets", "bigquery_tables"),
        optional=True,
    ),
    _optional("cloudscheduler", "Cloud Scheduler API", {"/v1/": "cloudscheduler.v1"}),
)


def services_of(host: str) -> tuple[Service, ...]:
    """Return the services a host belongs to, in the order they are asked; empty for a host nobody plays."""
    exact = tuple(service for service in SERVICES if host in service.hosts)
    if exact:
        return exact
    return tuple(service for service in SERVICES if any(fnmatchcase(host, pattern) for pattern in service.hosts))
