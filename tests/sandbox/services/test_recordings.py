"""The real provider's recorded requests, sent to the sandbox: the answers must be of the recorded form.

What the server makes up (etags, times, ids) is translated: a recorded etag in a later request becomes the etag the
sandbox gave in its place. Everything else must be equal, with the exceptions listed in ``_KNOWN``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.google.hierarchy import PROJECTS
from provisioner.sandbox.google.identity.accounts import create_default_compute_account
from provisioner.sandbox.google.services.docker_images import MANIFESTS, Image
from tests.sandbox.identity.cloud import NUMBER, PROJECT, START, Answer, Cloud

WIRE = Path(__file__).parents[3].parent / "shared" / "google-provider" / "wire"
IAM = "iam.googleapis.com/v1"
REGION = f"projects/{PROJECT}/locations/europe-west1"
_MADE_UP = frozenset(
    (
        "createTime", "creator", "etag", "expireTime", "lastModifier", "lastTransitionTime", "latestCreatedRevision",
        "latestReadyRevision", "mutateTime", "mutatedBy", "oauth2ClientId", "uid", "uniqueId", "updateTime", "uri",
        "urls", "userUpdateTime",
    )
)  # fmt: skip
# Where the sandbox follows Google's documentation and the recorded answers, from a local cloud, do not.
_KNOWN = frozenset(
    (
        "metadata.@type",  # the names of operation metadata
        "response.@type",  # a deletion's result: the deleted thing, of its own type
        "response.deleteTime",  # of a deleted Cloud Run service
        "payload.dataCrc32c",  # Secret Manager sends the checksum along
        "destroyTime",  # of a destroyed version of a secret
        "clientSpecifiedPayloadChecksum",  # the client sent none
        "scheduleTime",  # when a job of Cloud Scheduler runs next
        "totalSize",
        "creationRecord.mutatedBy",
        "mutationRecords.mutatedBy",
    )
)


def _account(cloud: Cloud, account_id: str) -> None:
    cloud.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": account_id})


def _accounts(cloud: Cloud) -> None:
    for name in ("runtime", "deploy", "sched"):
        _account(cloud, f"payments-dev-{name}")


def _pool(cloud: Cloud) -> None:
    parent = f"{IAM}/projects/{PROJECT}/locations/global/workloadIdentityPools"
    cloud.ok("POST", f"{parent}?workloadIdentityPoolId=payments-dev-github", {})


def _bound_account(cloud: Cloud) -> None:
    _accounts(cloud)
    _pool(cloud)
    place = f"projects/{NUMBER}/locations/global/workloadIdentityPools/payments-dev-github"
    member = f"principalSet://iam.googleapis.com/{place}/attribute.repo_env_ref/111:dev:refs/heads/main"
    binding = {"role": "roles/iam.workloadIdentityUser", "members": [member]}
    deploy = f"payments-dev-deploy@{PROJECT}.iam.gserviceaccount.com"
    url = f"{IAM}/projects/{PROJECT}/serviceAccounts/{deploy}:setIamPolicy"
    cloud.ok("POST", url, {"policy": {"bindings": [binding]}})


def _repository(cloud: Cloud) -> None:
    _accounts(cloud)
    parent = f"artifactregistry.googleapis.com/v1/{REGION}/repositories"
    cloud.ok("POST", f"{parent}?repositoryId=payments-dev", {"format": "DOCKER"})


def _secret(cloud: Cloud) -> None:
    _accounts(cloud)
    parent = f"secretmanager.googleapis.com/v1/projects/{PROJECT}/secrets"
    cloud.ok("POST", f"{parent}?secretId=payments-dev-db", {"replication": {"automatic": {}}})


def _image_and_secret(cloud: Cloud) -> None:
    _repository(cloud)
    parent = f"secretmanager.googleapis.com/v1/projects/{PROJECT}/secrets"
    cloud.ok("POST", f"{parent}?secretId=payments-dev-db", {"replication": {"automatic": {}}})
    runtime = f"serviceAccount:payments-dev-runtime@{PROJECT}.iam.gserviceaccount.com"
    policy = {"bindings": [{"role": "roles/secretmanager.secretAccessor", "members": [runtime]}]}
    cloud.ok("POST", f"{parent}/payments-dev-db:setIamPolicy", {"policy": policy})
    digest = f"sha256:{'0123456789abcdef' * 4}"
    with cloud.world.store.transaction() as tx:
        create_default_compute_account(tx, tx.get(PROJECTS, PROJECT) or {}, START)
        tx.put(MANIFESTS, Image(f"{REGION}/repositories/payments-dev", "api").key(digest), {"digest": digest})


def _service(cloud: Cloud) -> None:
    _image_and_secret(cloud)
    body = {"template": {"containers": [{"image": "us-docker.pkg.dev/cloudrun/container/hello"}]}}
    cloud.ok("POST", f"run.googleapis.com/v2/{REGION}/services?serviceId=payments-api", body)


def _channel(cloud: Cloud) -> None:
    name = f"projects/{PROJECT}/notificationChannels/1000000000001023"
    with cloud.world.store.transaction() as tx:
        tx.put("google/monitoring.notificationChannels", name, {"name": name, "type": "email"})


def _topic(cloud: Cloud) -> None:
    _accounts(cloud)
    cloud.ok("PUT", f"pubsub.googleapis.com/v1/projects/{PROJECT}/topics/payments-dev-events", {})


def _nothing(cloud: Cloud) -> None:
    del cloud


RECORDINGS: dict[str, Callable[[Cloud], None]] = {
    "google_service_account": _nothing,
    "google_service_account_iam_member": _bound_account,
    "google_iam_workload_identity_pool": _nothing,
    "google_iam_workload_identity_pool_provider": _pool,
    "google_artifact_registry_repository": _nothing,
    "google_artifact_registry_repository_iam_member": _repository,
    "google_cloud_run_v2_service": _image_and_secret,
    "google_cloud_run_v2_service_iam_member": _service,
    "google_secret_manager_secret_iam_member": _secret,
    "google_secret_manager_secret_version": _secret,
    "google_monitoring_notification_channel": _nothing,
    "google_monitoring_alert_policy": _channel,
    "google_pubsub_topic": _nothing,
    "google_pubsub_topic_iam_member": _topic,
    "google_cloud_scheduler_job": _accounts,
    "google_logging_metric": _nothing,
}


class _Translation:
    """What the sandbox gave in place of each recorded made-up value."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def learn(self, recorded: Any, given: Any, key: str = "") -> None:
        if isinstance(recorded, dict) and isinstance(given, dict):
            for name in recorded.keys() & given.keys():
                self.learn(recorded[name], given[name], name)
        elif isinstance(recorded, list) and isinstance(given, list):
            for one, other in zip(recorded, given, strict=False):
                self.learn(one, other, key)
        elif isinstance(recorded, str) and recorded != given and key in {"etag", "name"}:
            self.known[recorded] = given

    def apply(self, value: Any) -> Any:
        text = json.dumps(value)
        for recorded in sorted(self.known, key=len, reverse=True):
            text = text.replace(json.dumps(recorded)[1:-1], json.dumps(self.known[recorded])[1:-1])
        return json.loads(text)


def _differences(recorded: Any, given: Any, path: str = "") -> Iterator[str]:
    if path in _KNOWN:
        return
    if isinstance(recorded, dict) and isinstance(given, dict):
        yield from _differing_fields(recorded, given, path)
    elif isinstance(recorded, list) and isinstance(given, list) and len(recorded) == len(given):
        for one, other in zip(recorded, given, strict=True):
            yield from _differences(one, other, path)
    elif recorded != given:
        yield f"{path}: {given!r} instead of {recorded!r}"


def _differing_fields(recorded: dict[str, Any], given: dict[str, Any], path: str) -> Iterator[str]:
    for name in sorted(recorded.keys() | given.keys()):
        below = f"{path}.{name}" if path else name
        if name in recorded and name in given:
            if name not in _MADE_UP:
                yield from _differences(recorded[name], given[name], below)
        elif below not in _KNOWN:
            yield f"{below} {'is missing' if name in recorded else 'was not recorded'}"


def _send(cloud: Cloud, entry: dict[str, Any]) -> Answer:
    url = f"{entry['host']}{entry['path']}"
    return cloud.call(entry["method"], url, entry["request"], query=entry["query"])


@pytest.mark.parametrize("name", RECORDINGS)
def test_recorded_requests_are_answered_as_recorded(cloud: Cloud, name: str) -> None:
    file = WIRE / f"{name}.jsonl"
    if not file.exists():
        pytest.skip("the recordings are not here")
    RECORDINGS[name](cloud)
    translation = _Translation()
    for line in file.read_text().splitlines():
        entry = json.loads(line)
        sent = translation.apply({key: entry[key] for key in ("host", "path", "method", "request", "query")})
        answer = _send(cloud, sent)
        step = f"{entry['op']}: {entry['method']} {entry['path']}"
        assert answer.status == entry["status"], (step, answer.body)
        recorded = _without_outside_changes(name, entry["response"])
        given = _without_outside_changes(name, answer.body)
        translation.learn(recorded, given)
        assert list(_differences(translation.apply(recorded), given)) == [], step


def _without_outside_changes(name: str, document: dict[str, Any]) -> dict[str, Any]:
    """Leave out bindings that others made while the IAM recordings ran: only their form can be compared."""
    if not name.endswith("_iam_member"):
        return document
    return {key: value for key, value in document.items() if key not in {"bindings", "version"}}
