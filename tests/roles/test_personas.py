"""Each persona does its work with what the modules grant it, and holds no role that its work does not need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from provisioner.policy.personas import BASELINE
from provisioner.request.resolve import Persona
from provisioner.sandbox.http import Response
from provisioner.sandbox.provider import serve
from tests.policy.roots import MemoryCloud, Root
from tests.roles.facts import Roles, idle, missing, of_google, of_sandbox, spare
from tests.roles.pipeline import recorded
from tests.roles.place import PROJECT, SECRET, Place, place

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("roles")]
FACTS = pytest.mark.parametrize("roles", [of_google, of_sandbox], ids=["of Google", "of the sandbox"])
_TRACES = "cloudtrace.traces.patch"
_NOT_PLAYED = {
    # https://cloud.google.com/trace/docs/iam: the sandbox plays no Cloud Trace; its client patches traces.
    "runtime": {(_TRACES, "project")},
}


@pytest.fixture(scope="module")
def pricing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("roles")) as made:
        yield made


@pytest.fixture(scope="module")
def worked(pricing: Place) -> Place:
    """Every persona has done its work; what deploy does takes its programs, and was recorded (see pipeline.py)."""
    for kind in ("plan", "runtime"):
        pricing.forget(kind)
    plans(pricing)
    runs(pricing)
    pricing.recorder.needs[pricing.email("deploy")] = recorded()
    return pricing


def plans(pricing: Place) -> None:
    """Read the state as the backend does (recorded: init and plan without a lock), then plan with its own token."""
    token = pricing.token("plan")
    for line in _backend():
        answer = pricing.call("GET", f"storage.googleapis.com{line}", token=token)
        assert answer.status in {200, 404}, (line, answer.body)
    server = serve(pricing.cloud.application, default_token=token)
    try:
        cloud = MemoryCloud(pricing.cloud.application, server, token)
        with pytest.raises(AssertionError, match="google_billing_budget"):
            Root(pricing.root.folder, cloud).plan("-lock=false")
    finally:
        server.stop()


def _backend() -> list[str]:
    bucket, prefix = "example-ml-terraform-state", "pricing/dev/"
    name = quote(f"{prefix}default.tfstate", safe="")
    return [
        f"/storage/v1/b/{bucket}/o?delimiter=%2F&prefix={quote(prefix, safe='')}",
        f"/{bucket}/{prefix}default.tfstate",
        f"/storage/v1/b/{bucket}/o/{name}",
    ]


def runs(pricing: Place) -> None:
    """Do what a service does at run time: read its secret, use its bucket, write logs and metrics."""
    token, bucket = pricing.token("runtime"), pricing.spec.buckets[0].name
    version = f"secretmanager.googleapis.com/v1/projects/{PROJECT}/secrets/{SECRET}/versions/1:access"
    _ok(pricing.call("GET", version, token=token))
    objects = f"storage.googleapis.com/storage/v1/b/{bucket}/o"
    upload = f"storage.googleapis.com/upload/storage/v1/b/{bucket}/o?uploadType=media&name=scores%2F1.json"
    _ok(pricing.call("POST", upload, token=token, raw=b"{}"))
    _ok(pricing.call("GET", f"{objects}?prefix=scores%2F", token=token))
    _ok(pricing.call("GET", f"{objects}/scores%2F1.json?alt=media", token=token))
    _ok(pricing.call("DELETE", f"{objects}/scores%2F1.json", token=token))
    entry = {"logName": f"projects/{PROJECT}/logs/scores", "resource": {"type": "global"}, "textPayload": "scored"}
    _ok(pricing.call("POST", "logging.googleapis.com/v2/entries:write", {"entries": [entry]}, token=token))
    series = {"metric": {"type": "custom.googleapis.com/scores"}, "resource": {"type": "global", "labels": {}}}
    points = [{"interval": {"endTime": datetime.now(UTC).isoformat()}, "value": {"int64Value": "1"}}]
    body = {"timeSeries": [{**series, "metricKind": "GAUGE", "valueType": "INT64", "points": points}]}
    _ok(pricing.call("POST", f"monitoring.googleapis.com/v3/projects/{PROJECT}/timeSeries", body, token=token))


def _ok(answer: Response) -> bytes:
    assert answer.status < 300, (answer.status, answer.body)
    assert isinstance(answer.body, bytes)
    return answer.body


def needed(pricing: Place, kind: Persona) -> set[tuple[str, str]]:
    held = [need for need in pricing.needs(kind) if need.held]
    return {(need.permission, need.level) for need in held} | _NOT_PLAYED.get(kind, set())


BEYOND = frozenset({"billing.budgets.get", "storage.managedFolders.get", "storage.managedFolders.getIamPolicy"})
"""What a whole root needs and a team's plan account has not: budgets are the toolkit's, so are grants on folders.

No role that only reads holds them for a folder: roles/storage.objectViewer on a bucket's folder would open what is in
it, and getIamPolicy of a folder is otherwise in roles that write. So whole roots are planned by the toolkit's account.
"""

SPARE = {
    # What serviceUsageViewer and the secrets' viewer hold of the needs is in securityReviewer too; the promise names
    # them, because securityReviewer is about policies and may lose lists that are not.
    "plan": {"roles/serviceusage.serviceUsageViewer", "roles/secretmanager.viewer"},
}


@FACTS
@pytest.mark.parametrize("kind", ["plan", "deploy", "runtime"])
def test_no_permission_too_few_and_no_role_too_much(worked: Place, kind: Persona, roles: Callable[[], Roles]) -> None:
    needs, held, table = needed(worked, kind), worked.held(kind), roles()
    assert len(needs) >= len(held) - len(SPARE.get(kind, ()))

    assert missing(needs, held, table) == set()
    assert idle(needs, held, table) == set()
    assert spare(needs, held, table) == SPARE.get(kind, set())


@pytest.mark.parametrize("kind", ["plan", "deploy", "runtime"])
def test_nothing_is_refused_but_what_is_the_toolkits(worked: Place, kind: Persona) -> None:
    refused = {need.permission for need in worked.needs(kind) if not need.held}

    assert refused == (BEYOND if kind == "plan" else set())


@pytest.mark.parametrize("kind", ["plan", "deploy", "runtime"])
def test_a_persona_holds_what_the_promise_lists_and_nothing_else(worked: Place, kind: Persona) -> None:
    on_things = {
        "plan": {"roles/storage.objectViewer"},
        "deploy": {"roles/artifactregistry.writer", "roles/iam.serviceAccountUser", "roles/storage.objectUser"},
        "runtime": {"roles/secretmanager.secretAccessor", "roles/storage.objectUser"},
    }
    unused = {"roles/pubsub.viewer"} if kind == "plan" else set()  # allowed where topics are declared; here none is

    found = worked.held(kind)
    assert {role for role, level in found if level == "project"} == BASELINE[kind] - unused
    assert {role for role, level in found if level == "thing"} == on_things[kind]
