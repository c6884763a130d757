"""Many environments in one sandbox, made through its public API: thirty resources each."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.load import Line
from provisioner.sandbox.handle import Handle

FOLDER = "888888888888"
RESOURCES = 30
_BUILDERS = 2
_SERVICES = ("artifactregistry", "cloudscheduler", "iam", "iamcredentials", "logging", "monitoring", "pubsub", "run")
_ACCOUNTS = ("plan", "deploy", "runtime")

Step = tuple[str, str, str, Any]
"""Host (without googleapis.com), verb, path, body."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a builder works: the server, and the operator's token."""

    handle: Handle
    token: str

    def line(self, host: str, token: str = "") -> Line:
        """Open a connection to an API."""
        port = int(self.handle.proxy_url.rpartition(":")[2])
        return Line(port, self.handle.ca_file, f"{host}.googleapis.com", token or self.token)


def build(site: Site, names: Sequence[str]) -> None:
    """Make the environments, a project of its own for each name."""
    broken: list[BaseException] = []

    def work(part: Sequence[str]) -> None:
        try:
            _build(site, part)
        except (SystemExit, OSError) as problem:
            broken.append(problem)

    threads = [threading.Thread(target=work, args=(names[number::_BUILDERS],)) for number in range(_BUILDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if broken:
        raise broken[0]


def _build(site: Site, names: Sequence[str]) -> None:
    lines: dict[str, Line] = {}
    for name in names:
        for host, verb, path, body in environment(name):
            if host not in lines:
                lines[host] = site.line(host)
            lines[host].ask(verb, path, body)
    for line in lines.values():
        line.close()


def environment(name: str) -> Iterator[Step]:
    """Yield the requests that make one environment."""
    place, member = f"projects/{name}/locations", f"serviceAccount:deploy@{name}.iam.gserviceaccount.com"
    parent = {"type": "folder", "id": FOLDER}
    yield "cloudresourcemanager", "POST", "/v1/projects", {"projectId": name, "parent": parent}
    services = [f"{each}.googleapis.com" for each in (*_SERVICES, "secretmanager", "sts")]
    yield "serviceusage", "POST", f"/v1/projects/{name}/services:batchEnable", {"serviceIds": services}
    for account in _ACCOUNTS:
        yield "iam", "POST", f"/v1/projects/{name}/serviceAccounts", {"accountId": f"{account}-{name}"[:30]}
    yield "iam", "POST", f"/v1/projects/{name}/serviceAccounts", {"accountId": "deploy"}
    yield "iam", "POST", f"/v1/{place}/global/workloadIdentityPools?workloadIdentityPoolId=github", {}
    provider = {"oidc": {"issuerUri": "https://token.actions.githubusercontent.com"}}
    mapping = {"attributeMapping": {"google.subject": "assertion.sub"}, "attributeCondition": "assertion.sub != ''"}
    pool = f"/v1/{place}/global/workloadIdentityPools/github"
    yield "iam", "POST", f"{pool}/providers?workloadIdentityPoolProviderId=github", provider | mapping
    for kind in ("data", "models"):
        yield "storage", "POST", f"/storage/v1/b?project={name}", {"name": f"{name}-{kind}", "location": "EU"}
    registry = f"/v1/{place}/europe-west1/repositories"
    yield "artifactregistry", "POST", f"{registry}?repositoryId=images", {"format": "DOCKER"}
    secret: dict[str, Any] = {"replication": {"automatic": {}}}
    for kind in ("first", "second"):
        yield "secretmanager", "POST", f"/v1/projects/{name}/secrets?secretId={kind}", secret
    yield "pubsub", "PUT", f"/v1/projects/{name}/topics/events", {}
    yield "pubsub", "PUT", f"/v1/projects/{name}/subscriptions/events", {"topic": f"projects/{name}/topics/events"}
    yield from _grants(name, member)


def _grants(name: str, member: str) -> Iterator[Step]:
    def policy(role: str) -> dict[str, Any]:
        return {"policy": {"bindings": [{"role": f"roles/{role}", "members": [member]}]}}

    at = f"/v1/projects/{name}"
    yield "iam", "POST", f"{at}/serviceAccounts/deploy@{name}.iam.gserviceaccount.com:setIamPolicy", _user(member)
    yield (
        "artifactregistry",
        "POST",
        f"{at}/locations/europe-west1/repositories/images:setIamPolicy",
        policy("artifactregistry.writer"),
    )
    yield "secretmanager", "POST", f"{at}/secrets/first:setIamPolicy", policy("secretmanager.secretAccessor")
    yield "pubsub", "POST", f"{at}/topics/events:setIamPolicy", policy("pubsub.publisher")
    yield "pubsub", "POST", f"{at}/subscriptions/events:setIamPolicy", policy("pubsub.subscriber")
    yield "storage", "PUT", f"/storage/v1/b/{name}-data/iam", policy("storage.objectUser")["policy"]


def _user(member: str) -> dict[str, Any]:
    return {"policy": {"bindings": [{"role": "roles/iam.serviceAccountUser", "members": [member]}]}}
