"""A sandbox's Google side in memory, driven by plain requests: what the tests of identity and services share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from provisioner.sandbox.google.application import GoogleApplication
from provisioner.sandbox.google.hierarchy import ENABLED_SERVICES, ORGANIZATIONS, PROJECT_NUMBERS, PROJECTS
from provisioner.sandbox.google.identity import identity, operator_of
from provisioner.sandbox.google.identity.issuers import IssuerKeys
from provisioner.sandbox.google.identity.tokens import issue_user_token
from provisioner.sandbox.http import Request
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import World, open_world

Json = dict[str, Any]
ORGANIZATION = "900000000001"
PROJECT = "acme-payments-dev"
NUMBER = "420000000042"
START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
SERVICES = (
    "iam",
    "iamcredentials",
    "artifactregistry",
    "run",
    "secretmanager",
    "monitoring",
    "pubsub",
    "logging",
    "cloudscheduler",
    "sts",
)


@dataclass(frozen=True)
class Answer:
    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""

    @property
    def message(self) -> str:
        error = self.body.get("error", {})
        return str(error if isinstance(error, str) else error.get("message", ""))


class Cloud:
    """One organisation, one project with every API enabled, and the operator's token."""

    def __init__(self, folder: Path, issuer_keys: IssuerKeys | None = None) -> None:
        self.world: World = open_world(MemoryStore(), folder, lambda: START)
        self.application = GoogleApplication(self.world, identity(self.world, issuer_keys))
        self.operator = operator_of(self.world, "example.com").token
        with self.world.store.transaction() as tx:
            tx.put(ORGANIZATIONS, ORGANIZATION, {"name": f"organizations/{ORGANIZATION}", "state": "ACTIVE"})
        self.add_project(PROJECT, NUMBER)

    def restart(self) -> None:
        """End what runs beside the store, as the end of a server does, and begin again on the same store."""
        self.world.companions.close()
        self.world = open_world(self.world.store, self.world.folder, lambda: START)
        self.application = GoogleApplication(self.world, identity(self.world))

    def add_project(self, project_id: str, number: str) -> None:
        with self.world.store.transaction() as tx:
            parent = {"type": "organization", "id": ORGANIZATION}
            found = {
                "projectId": project_id,
                "projectNumber": number,
                "lifecycleState": "ACTIVE",
                "name": project_id,
                "parent": parent,
            }
            tx.put(PROJECTS, project_id, found)
            tx.put(PROJECT_NUMBERS, number, {"projectId": project_id})
            for service in SERVICES:
                tx.put(ENABLED_SERVICES, f"{project_id}/{service}.googleapis.com", {})

    def user_token(self, email: str) -> str:
        with self.world.store.transaction() as tx:
            return issue_user_token(tx, email)

    def call(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        token: str | None = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Send one request; ``token`` None sends no credentials, empty the operator's."""
        parts = urlsplit(url if "://" in url else f"https://{url}")
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("authorization", f"Bearer {token or self.operator}")
        if body is not None:
            sent.setdefault("content-type", "application/json")
            content = json.dumps(body).encode()
        query_text = "&".join(part for part in (parts.query, urlencode(query or {})) if part)
        got = self.application(Request(method, parts.hostname or "", parts.path, query_text, sent, content or b""))
        assert isinstance(got.body, bytes)
        given = {name.lower(): value for name, value in got.headers}
        is_json = "json" in given.get("content-type", "")
        document = json.loads(got.body) if got.body and is_json else {}
        return Answer(got.status, document, given, got.body)

    def ok(self, method: str, url: str, body: Any = None, **rest: Any) -> Json:
        answer = self.call(method, url, body, **rest)
        assert answer.status == 200, (method, url, answer.status, answer.body or answer.content)
        return answer.body
