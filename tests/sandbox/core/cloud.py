"""A Google application in memory with the organisation, folder, billing account and project of the recordings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from provisioner.sandbox.google.application import GoogleApplication
from provisioner.sandbox.google.foundations import lay_foundations
from provisioner.sandbox.google.identity import identity, operator_of
from provisioner.sandbox.google.identity.tokens import issue_user_token
from provisioner.sandbox.http import Request
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import open_world

Json = dict[str, Any]
ORGANIZATION, FOLDER, BILLING = "123456789012", "888888888888", "000000-111111-222222"
PROJECT, NUMBER = "acme-payments-dev", "420000000042"
START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content.strip() else None

    @property
    def reason(self) -> str:
        return str(self.body["error"]["errors"][0]["reason"])

    @property
    def message(self) -> str:
        return str(self.body["error"]["message"])


class Ticking:
    """Time that moves a millisecond with every look, so that nothing happens at the same instant."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment


class GoogleCloud:
    """Requests go straight into the application, as its operator unless told otherwise."""

    def __init__(self, folder: Path) -> None:
        self.world = open_world(MemoryStore(), folder, Ticking())
        self.application = GoogleApplication(self.world, identity(self.world))
        plan = {
            "organizationId": ORGANIZATION,
            "organizationDomain": "example.com",
            "folderId": FOLDER,
            "billingAccount": BILLING,
            "projects": [{"projectId": PROJECT, "number": NUMBER}],
        }
        with self.world.store.transaction() as tx:
            lay_foundations(self.world, tx, plan)
        self.operator = operator_of(self.world).token

    def user(self, email: str) -> str:
        with self.world.store.transaction() as tx:
            return issue_user_token(tx, email)

    def call(  # noqa: PLR0913 - a request has this many parts
        self,
        verb: str,
        url: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """``url`` has no scheme; ``body`` is JSON unless it is bytes; ``token`` "" sends none."""
        parts = urlsplit(f"https://{url}")
        sent = {"content-type": "application/json"} | dict(headers or {})
        token = self.operator if token is None else token
        if token:
            sent["authorization"] = f"Bearer {token}"
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        asked = "&".join(filter(None, (parts.query, urlencode(query or {}))))
        response = self.application(Request(verb, parts.netloc, parts.path, asked, sent, content))
        whole = response.body if isinstance(response.body, bytes) else b"".join(response.body)
        return Answer(response.status, whole, {name.lower(): value for name, value in response.headers})

    def bucket(self, name: str, **settings: object) -> Answer:
        body = {"name": name, "location": "EUROPE-WEST1"} | settings
        return self.call("POST", f"storage.googleapis.com/storage/v1/b?project={PROJECT}", body)

    def upload(self, bucket: str, name: str, content: bytes, query: str = "", token: str | None = None) -> Answer:
        url = f"storage.googleapis.com/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}{query}"
        return self.call("POST", url, content, headers={"content-type": "text/plain"}, token=token)

    def grant(self, url: str, role: str, member: str, condition: Json | None = None) -> None:
        """Add a binding to a policy of the ``:getIamPolicy`` kind."""
        policy = self.call("POST", f"{url}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}}).body
        binding = {"role": role, "members": [member]} | ({"condition": condition} if condition else {})
        policy["bindings"] = [*policy.get("bindings", []), binding]
        answer = self.call("POST", f"{url}:setIamPolicy", {"policy": policy | {"version": 3}})
        assert answer.status == 200, answer.body
