"""The kinds of monitored resources and the metrics that Google itself writes about them, as far as they are used.

https://cloud.google.com/monitoring/api/resources and https://cloud.google.com/monitoring/api/metrics_gcp.
"""

from __future__ import annotations

from functools import cache
from typing import Any

Json = dict[str, Any]
# type: title: labels (every one has project_id besides)
_RESOURCES = """
api: Produced API: service method version location
audited_resource: Audited Resource: service method
bigquery_dataset: BigQuery Dataset: dataset_id
bigquery_project: BigQuery Project: location
bigquery_resource: BigQuery:
cloud_function: Cloud Function: function_name region
cloud_run_job: Cloud Run Job: job_name location
cloud_run_revision: Cloud Run Revision: service_name revision_name location configuration_name
cloud_scheduler_job: Cloud Scheduler Job: job_id location
cloudbuild_build: Cloud Build: build_id build_trigger_id
cloudkms_cryptokey: Cloud KMS CryptoKey: key_ring_id crypto_key_id location
cloudkms_keyring: Cloud KMS KeyRing: key_ring_id location
consumed_api: Consumed API: service method version location credential_id
folder: Google Folder: folder_id
gce_instance: VM Instance: instance_id zone
gcs_bucket: GCS Bucket: bucket_name location
generic_node: Generic Node: location namespace node_id
generic_task: Generic Task: location namespace job task_id
global: Global:
iam_role: IAM Role: role_name
k8s_cluster: Kubernetes Cluster: cluster_name location
k8s_container: Kubernetes Container: cluster_name container_name location namespace_name pod_name
k8s_pod: Kubernetes Pod: cluster_name location namespace_name pod_name
logging_bucket: Logging bucket: bucket_id location source_resource_container
logging_sink: Logging export sink: name destination
metric: Metric Type: name
organization: Google Organization: organization_id
project: Google Project:
prometheus_target: Prometheus Target: cluster instance job location namespace
pubsub_snapshot: Cloud Pub/Sub Snapshot: snapshot_id
pubsub_subscription: Cloud Pub/Sub Subscription: subscription_id
pubsub_topic: Cloud Pub/Sub Topic: topic_id
secretmanager.googleapis.com/Secret: Secret Manager Secret: resource_container location secret_id
service_account: Service Account: email_id unique_id
storage_transfer_job: Storage Transfer Job: job_id
uptime_url: Uptime Monitor URL: host
"""
# type: kind: value type: unit: resource: labels
_METRICS = """
run.googleapis.com/request_count: DELTA: INT64: 1: cloud_run_revision: response_code response_code_class
run.googleapis.com/request_latencies: DELTA: DISTRIBUTION: ms: cloud_run_revision: response_code response_code_class
run.googleapis.com/container/billable_instance_time: DELTA: DOUBLE: s/s: cloud_run_revision:
run.googleapis.com/container/cpu/allocation_time: DELTA: DOUBLE: s: cloud_run_revision:
run.googleapis.com/container/cpu/utilizations: DELTA: DISTRIBUTION: 10^2.%: cloud_run_revision:
run.googleapis.com/container/instance_count: GAUGE: INT64: 1: cloud_run_revision: state
run.googleapis.com/container/max_request_concurrencies: DELTA: DISTRIBUTION: 1: cloud_run_revision: state
run.googleapis.com/container/memory/utilizations: DELTA: DISTRIBUTION: 10^2.%: cloud_run_revision:
run.googleapis.com/container/startup_latencies: DELTA: DISTRIBUTION: ms: cloud_run_revision:
run.googleapis.com/job/completed_execution_count: DELTA: INT64: 1: cloud_run_job: result
run.googleapis.com/job/completed_task_attempt_count: DELTA: INT64: 1: cloud_run_job: result attempt
cloudscheduler.googleapis.com/job/attempt_count: DELTA: INT64: 1: cloud_scheduler_job: response_code
logging.googleapis.com/byte_count: DELTA: INT64: By: global: log severity
logging.googleapis.com/log_entry_count: DELTA: INT64: 1: global: log severity
monitoring.googleapis.com/uptime_check/check_passed: GAUGE: BOOL: : uptime_url: check_id checker_location
monitoring.googleapis.com/uptime_check/request_latency: GAUGE: DOUBLE: ms: uptime_url: check_id checker_location
pubsub.googleapis.com/subscription/dead_letter_message_count: DELTA: INT64: 1: pubsub_subscription:
pubsub.googleapis.com/subscription/num_undelivered_messages: GAUGE: INT64: 1: pubsub_subscription:
pubsub.googleapis.com/subscription/oldest_unacked_message_age: GAUGE: INT64: s: pubsub_subscription:
pubsub.googleapis.com/subscription/push_request_count: DELTA: INT64: 1: pubsub_subscription: response_class
pubsub.googleapis.com/topic/send_message_operation_count: DELTA: INT64: 1: pubsub_topic: response_class
serviceruntime.googleapis.com/api/request_count: DELTA: INT64: 1: consumed_api: response_code
storage.googleapis.com/api/request_count: DELTA: INT64: 1: gcs_bucket: method response_code
storage.googleapis.com/storage/object_count: GAUGE: INT64: 1: gcs_bucket: storage_class
storage.googleapis.com/storage/total_bytes: GAUGE: DOUBLE: By: gcs_bucket: storage_class
aiplatform.googleapis.com/prediction/online/error_count: DELTA: INT64: 1: aiplatform.googleapis.com/Endpoint:
bigquery.googleapis.com/storage/stored_bytes: GAUGE: INT64: By: bigquery_dataset: table
compute.googleapis.com/instance/cpu/utilization: GAUGE: DOUBLE: 10^2.%: gce_instance: instance_name
"""


@cache
def _resources() -> dict[str, tuple[str, tuple[str, ...]]]:
    found = {}
    for line in _RESOURCES.strip().splitlines():
        kind, title, labels = (part.strip() for part in line.split(":", 2))
        found[kind] = (title, ("project_id", *labels.split()))
    return found


def resource_descriptors() -> list[Json]:
    """Return the monitored resource descriptors, sorted by type."""
    return [
        {
            "type": kind,
            "displayName": title,
            "description": f"{title}.",
            "labels": [{"key": label, "description": f"The {label.replace('_', ' ')}."} for label in labels],
        }
        for kind, (title, labels) in sorted(_resources().items())
    ]


def resource_problem(resource: Json) -> str:
    """Return what is wrong with the resource of a log entry, empty if nothing is.

    Labels may be missing there; types outside the table are taken, since Google has hundreds.
    """
    kind = resource.get("type", "")
    if not kind:
        return "A log entry's resource needs a type."
    known = _resources().get(kind)
    unknown = sorted(set(resource.get("labels") or {}) - set(known[1])) if known else []
    return f"Resource type {kind!r} has no label {unknown[0]!r}." if unknown else ""


def resource_labels(kind: str) -> tuple[str, ...] | None:
    """Return the labels of a resource type, None for one that is not known here."""
    known = _resources().get(kind)
    return known[1] if known else None


@cache
def metric_descriptors() -> dict[str, Json]:
    """Return the built-in metric descriptors by type, without their names."""
    found = {}
    for line in _METRICS.strip().splitlines():
        kind, shape, value, unit, resource, labels = (part.strip() for part in line.split(":", 5))
        found[kind] = {
            "type": kind,
            "metricKind": shape,
            "valueType": value,
            "unit": unit or "1",
            "labels": [{"key": label} for label in labels.split()],
            "description": f"{kind.rpartition('/')[2].replace('_', ' ').capitalize()}.",
            "displayName": kind.rpartition("/")[2].replace("_", " ").capitalize(),
            "launchStage": "GA",
            "monitoredResourceTypes": [resource],
        }
    return found
