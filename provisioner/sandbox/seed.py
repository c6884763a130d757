"""Fills a new sandbox with what a platform team has before it starts: organisation, projects, state bucket, GitHub.

Everything that the public APIs can make is made through them, as the operator, over the proxy. What they cannot (an
organisation, a billing account, a folder or project with a chosen number, a GitHub owner) comes from the control
interface. Running it again makes only what is missing.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from provisioner.errors import ProvisionError
from provisioner.sandbox.handle import Handle

Json = dict[str, Any]
_SECONDS = 60.0
_FIRST_ERROR = 400
_MISSING = frozenset((403, 404))
_MOST_POLLS = 100


@dataclass(frozen=True, slots=True)
class SeedProject:
    """A project to have; without a number the sandbox draws one."""

    project_id: str
    number: str | None = None


@dataclass(frozen=True, slots=True)
class SeedTeam:
    """A GitHub team and its members (logins)."""

    slug: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """What the sandbox should have, as platform.yaml and the request name it; empty texts leave a thing out."""

    organisation_id: str
    organisation_domain: str
    folder_id: str | None
    billing_account: str
    projects: tuple[SeedProject, ...]
    state_bucket: str
    state_project: str
    state_location: str
    github_owner: str
    github_plan: str = "enterprise"
    users: tuple[str, ...] = ()
    teams: tuple[SeedTeam, ...] = ()


def seed(handle: Handle, plan: SeedPlan) -> list[str]:
    """Make what is missing; return a line for people per thing made. Raises ProvisionError."""
    made = list(handle.control("POST", "seed", _foundations(plan))["made"])
    with _Operator(handle) as operator:
        for wanted in _all_projects(plan):
            made += _project(operator, plan, wanted.project_id)
        made += _state_bucket(operator, plan)
    return made


def _foundations(plan: SeedPlan) -> Json:
    numbered = [project for project in _all_projects(plan) if project.number]
    return {
        "organizationId": plan.organisation_id,
        "organizationDomain": plan.organisation_domain,
        "folderId": plan.folder_id or "",
        "billingAccount": plan.billing_account,
        "projects": [{"projectId": project.project_id, "number": project.number} for project in numbered],
        "githubOwner": plan.github_owner,
        "githubPlan": plan.github_plan,
        "users": list(plan.users),
        "teams": [{"slug": team.slug, "members": list(team.members)} for team in plan.teams],
    }


def _all_projects(plan: SeedPlan) -> tuple[SeedProject, ...]:
    """Return every project once, the one of the state bucket included."""
    by_id = {project.project_id: project for project in plan.projects}
    if plan.state_bucket and plan.state_project:
        by_id.setdefault(plan.state_project, SeedProject(plan.state_project))
    return tuple(by_id.values())


def _project(operator: _Operator, plan: SeedPlan, project_id: str) -> Iterator[str]:
    place = f"cloudresourcemanager.googleapis.com/v1/projects/{project_id}"
    if operator.find(place) is None:
        kind, number = ("folder", plan.folder_id) if plan.folder_id else ("organization", plan.organisation_id)
        body = {"projectId": project_id, "parent": {"type": kind, "id": number}}
        operation = operator.ask("POST", "cloudresourcemanager.googleapis.com/v1/projects", body)
        operator.wait("cloudresourcemanager.googleapis.com/v1", operation)
        yield f"project {project_id} ({operator.ask('GET', place)['projectNumber']})"
    billing = f"cloudbilling.googleapis.com/v1/projects/{project_id}/billingInfo"
    if plan.billing_account and not operator.ask("GET", billing).get("billingEnabled"):
        operator.ask("PUT", billing, {"billingAccountName": f"billingAccounts/{plan.billing_account}"})
        yield f"billing of project {project_id}"


def _state_bucket(operator: _Operator, plan: SeedPlan) -> Iterator[str]:
    if not plan.state_bucket or operator.find(f"storage.googleapis.com/storage/v1/b/{plan.state_bucket}"):
        return
    body = {
        "name": plan.state_bucket,
        "location": plan.state_location,
        "versioning": {"enabled": True},
        "iamConfiguration": {
            "uniformBucketLevelAccess": {"enabled": True},
            "publicAccessPrevention": "enforced",
        },
    }
    operator.ask("POST", f"storage.googleapis.com/storage/v1/b?project={plan.state_project}", body)
    yield f"state bucket {plan.state_bucket} ({plan.state_location}, versioned)"


class _Operator:
    """The operator's HTTPS calls through the proxy; one connection per host."""

    def __init__(self, handle: Handle) -> None:
        self._proxy = handle.proxy_url.removeprefix("http://").partition(":")
        self._tls = ssl.create_default_context(cafile=str(handle.ca_file))
        self._token = handle.control("GET", "credentials")["googleToken"]
        self._connections: dict[str, http.client.HTTPSConnection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections.values():
            connection.close()

    def ask(self, verb: str, url: str, body: Mapping[str, Any] | None = None) -> Json:
        """Return the answer. Raises ProvisionError with the API's words."""
        status, document = self._send(verb, url, body)
        if status >= _FIRST_ERROR:
            raise ProvisionError(f"{verb} {url} answered {status}: {document.get('error', {}).get('message', '')}")
        return document

    def find(self, url: str) -> Json | None:
        """Return a resource, or None when it does not exist (or may not be seen)."""
        status, document = self._send("GET", url, None)
        return None if status in _MISSING else document

    def wait(self, root: str, operation: Json) -> None:
        """Poll an operation until it is done. Raises ProvisionError if it failed or never ends."""
        for _ in range(_MOST_POLLS):
            if operation.get("done"):
                break
            operation = self.ask("GET", f"{root}/{operation['name']}")
        if "response" not in operation:
            raise ProvisionError(f"operation {operation['name']} failed: {operation.get('error')}")

    def _send(self, verb: str, url: str, body: Mapping[str, Any] | None) -> tuple[int, Json]:
        host, _, path = url.partition("/")
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        try:
            connection = self._connection(host)
            connection.request(verb, f"/{path}", content, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"{}")
        except (OSError, http.client.HTTPException) as error:
            raise ProvisionError(f"{verb} {url} failed: {error}") from None

    def _connection(self, host: str) -> http.client.HTTPSConnection:
        if host not in self._connections:
            address, _, port = self._proxy
            connection = http.client.HTTPSConnection(address, int(port), timeout=_SECONDS, context=self._tls)
            connection.set_tunnel(host, 443)
            self._connections[host] = connection
        return self._connections[host]
