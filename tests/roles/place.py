"""An environment with one of everything the modules make, in a cloud that writes down who needed which permission."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from provisioner.request.loading import load_platform
from provisioner.request.models import Request as TeamRequest
from provisioner.request.resolve import EnvironmentSpec, Persona, Team, resolve
from provisioner.sandbox.google import foundations
from provisioner.sandbox.google.application import google_application
from provisioner.sandbox.google.identity import identity, operator_of
from provisioner.sandbox.google.identity.accounts import find_account
from provisioner.sandbox.google.identity.tokens import issue_account_token
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.provider import serve
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import World, open_world
from tests.policy.roots import EXAMPLES, MemoryCloud, Root, rendered_root
from tests.roles.recording import Named, Need, Recorder

Json = dict[str, Any]
PROJECT = "example-pricing-dev"
SECRET = "api-key"


def pricing() -> Team:
    document = {
        "team": "pricing",
        "owner": "pricing@example.com",
        "cost_center": "cc-1",
        "data_class": "internal",
        "environments": {"dev": {"project": PROJECT}},
        "buckets": {"data": {"publish_prefixes": ["cloud-infrastructure/", "models/"]}},
        "registries": {"images": {}},
        "services": {
            "api": {"secrets": {"API_KEY": {"secret": SECRET, "version": 1}}, "invokers": ["group:a@example.com"]}
        },
    }
    return resolve(TeamRequest.model_validate(document), load_platform(EXAMPLES / "platform.yaml"))


@dataclass(frozen=True)
class Place:
    """The cloud, the applied root, and what everybody needed so far.

    ``applied`` is what the first plan and apply needed, ``refreshed`` what the plan after them did.
    """

    world: World
    cloud: MemoryCloud
    recorder: Recorder
    team: Team
    root: Root
    applied: tuple[Need, ...]
    refreshed: tuple[Need, ...]

    @property
    def spec(self) -> EnvironmentSpec:
        return self.team.environment("dev")

    def email(self, kind: Persona) -> str:
        return self.spec.account_email(kind)

    def token(self, kind: Persona) -> str:
        """Return an access token of an account; how a job comes to it is for the attacks to try."""
        with self.world.store.transaction() as tx:
            account = find_account(tx, self.email(kind))
            assert account is not None
            now, scopes = datetime.now(UTC), ("https://www.googleapis.com/auth/cloud-platform",)
            return issue_account_token(tx, account, scopes, now, timedelta(minutes=15))[0]

    def forget(self, kind: Persona) -> None:
        self.recorder.needs.pop(self.email(kind), None)

    def needs(self, kind: Persona) -> list[Need]:
        return self.recorder.needs.get(self.email(kind), [])

    def held(self, kind: Persona) -> set[tuple[str, str]]:
        """Return the roles that the account holds as the modules granted them, on the ``project`` or on a ``thing``."""
        member, found = f"serviceAccount:{self.email(kind)}", set()
        with self.world.store.transaction() as tx:
            for name, policy in tx.scan("google/iam.policies"):
                level = "project" if name.startswith("//cloudresourcemanager.googleapis.com/") else "thing"
                held = (each["role"] for each in policy.get("bindings", []) if member in each["members"])
                found |= {(role, level) for role in held}
        return found

    def call(self, method: str, url: str, body: Any = None, *, token: str, raw: bytes | None = None) -> Response:
        """Send one request; return the answer whatever it is."""
        host, _, rest = url.partition("/")
        path, _, query = rest.partition("?")
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        kind = "application/octet-stream" if raw is not None else "application/json"
        headers = {"authorization": f"Bearer {token}", "content-type": kind}
        return self.cloud.application(Request(method, host, f"/{path}", query, headers, content))


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """Build the cloud, apply the root as the operator; the budget is left out: no account of a team reads it."""
    team = pricing()
    world = open_world(MemoryStore(), folder / "world")
    _foundations(world, team)
    recorder = Recorder(identity(world))
    application, operator = Named(google_application(world, recorder), recorder), operator_of(world)
    server = serve(application, default_token=operator.token)
    try:
        cloud = MemoryCloud(application, server, operator.token)
        _operators_work(cloud, team)
        root = rendered_root(folder / "roots", cloud, team, team.environments[0].names.root)
        recorder.needs.clear()
        root.plan()
        root.apply()
        applied = recorder.needs.pop(operator.email)
        root.plan("-lock=false")
        refreshed = recorder.needs.pop(operator.email)
        yield Place(world, cloud, recorder, team, root, tuple(applied), tuple(refreshed))
    finally:
        server.stop()


def _foundations(world: World, team: Team) -> None:
    platform = team.platform
    plan = {
        "organizationId": platform.organisation.id,
        "organizationDomain": platform.organisation.domain,
        "folderId": platform.organisation.folder,
        "billingAccount": platform.billing_account,
        "projects": [{"projectId": PROJECT}, {"projectId": platform.state.project}],
    }
    with world.store.transaction() as tx:
        foundations.lay_foundations(world, tx, plan)


def _operators_work(cloud: MemoryCloud, team: Team) -> None:
    """Make what is there before an environment: the state bucket and the secret that the request names."""
    state = team.platform.state
    for project, service in ((state.project, "storage"), (PROJECT, "secretmanager")):
        cloud.post(
            "serviceusage.googleapis.com", f"/v1/projects/{project}/services/{service}.googleapis.com:enable", {}
        )
    bucket = {"name": state.bucket, "location": state.location, "versioning": {"enabled": True}}
    bucket["iamConfiguration"] = {"uniformBucketLevelAccess": {"enabled": True}}
    cloud.post("storage.googleapis.com", f"/storage/v1/b?project={state.project}", bucket)
    secrets = f"/v1/projects/{PROJECT}/secrets"
    query = urlencode({"secretId": SECRET})
    cloud.post("secretmanager.googleapis.com", f"{secrets}?{query}", {"replication": {"automatic": {}}})
    cloud.post("secretmanager.googleapis.com", f"{secrets}/{SECRET}:addVersion", {"payload": {"data": "aGVsbG8="}})
