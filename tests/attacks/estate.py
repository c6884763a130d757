"""What is attacked: two teams' environments as the modules make them, over one world with both clouds in it.

Terraform applies the rendered roots; nothing of the trust is written by a test's hand. Requests go straight to the
applications, so that a case costs milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from provisioner.access import Repository
from provisioner.render import RepositoryIds
from provisioner.request.loading import load_platform
from provisioner.request.models import Request as TeamRequest
from provisioner.request.resolve import EnvironmentSpec, Persona, Team, resolve
from provisioner.sandbox.github import github_application, lay_foundations, operator_token
from provisioner.sandbox.github.oidc_keys import signing_key
from provisioner.sandbox.google import foundations
from provisioner.sandbox.google.application import google_application
from provisioner.sandbox.google.identity import operator_of
from provisioner.sandbox.http import Request
from provisioner.sandbox.provider import serve
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import World, open_world
from provisioner.terraform.state import StateDocument
from tests.policy.roots import EXAMPLES, MemoryCloud, fraud_detection, rendered_root

Json = dict[str, Any]
ATTACKER = "example-attacker"
REVIEWER = "maria-platform"
PINNED = "example-ml/workflows/.github/workflows/release.yaml@refs/heads/main"


def churn() -> Team:
    """Return a second team, which trusts one reusable workflow only."""
    document = {
        "team": "churn",
        "owner": "churn@example.com",
        "cost_center": "cc-1",
        "data_class": "internal",
        "environments": {"dev": {"project": "example-churn-dev"}},
        "buckets": {"data": {}},
        "trusted_workflows": [PINNED],
    }
    return resolve(TeamRequest.model_validate(document), load_platform(EXAMPLES / "platform.yaml"))


@dataclass
class Clock:
    """The time of the world; it stands still until a case moves it."""

    now: datetime = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Answer:
    """A status and the JSON (or nothing) that came with it."""

    status: int
    body: Json = field(repr=False)

    @property
    def ok(self) -> bool:
        return self.status < 300


def _ask(application: Any, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Answer:
    parts = urlsplit(url)
    content = b"" if body is None else json.dumps(body).encode()
    got = application(Request(method, parts.hostname or "", parts.path, parts.query, dict(headers), content))
    assert isinstance(got.body, bytes)
    found = json.loads(got.body) if got.body[:1] == b"{" else {}
    return Answer(got.status, found)


@dataclass(frozen=True)
class Hub:
    """GitHub's API in the operator's hands, who owns every organisation here: the attacker's as well."""

    application: Any
    token: str

    def repository(self, owner: str, name: str, specs: tuple[EnvironmentSpec, ...]) -> Repository:
        made = self.ask("POST", f"orgs/{owner}/repos", {"name": name, "private": True, "auto_init": True})
        for spec in specs:
            self.environment(f"{owner}/{name}", spec.name, spec.branch, reviewed=bool(spec.reviewers))
        return Repository(str(made["id"]), str(made["owner"]["id"]), made["full_name"], made["visibility"])

    def environment(self, repository: str, name: str, branch: str, *, reviewed: bool = False) -> None:
        """Make an environment that one branch may deploy to."""
        place = f"repos/{repository}/environments/{name}"
        reviewer = {"type": "User", "id": self.ask("GET", f"users/{REVIEWER}", None)["id"]}
        policy = {"protected_branches": False, "custom_branch_policies": True}
        wanted = {"deployment_branch_policy": policy, "reviewers": [reviewer] if reviewed else []}
        self.ask("PUT", place, wanted)
        self.ask("POST", f"{place}/deployment-branch-policies", {"name": branch})

    def ask(self, method: str, path: str, body: Any) -> Json:
        """Send one request, which has to succeed."""
        headers = {"authorization": f"Bearer {self.token}", "user-agent": "tests", "content-type": "application/json"}
        answer = _ask(self.application, method, f"https://api.github.com/{path}", body, headers)
        assert answer.ok or answer.status == 303, (path, answer)  # 303: it is there already
        return answer.body


@dataclass(frozen=True, repr=False)
class Estate:
    """Both clouds, the teams in them, and the operator's hands."""

    world: World
    clock: Clock
    cloud: MemoryCloud
    hub: Hub
    teams: Mapping[str, Team]
    repositories: Mapping[str, Repository]
    plans: Mapping[str, Json]
    states: Mapping[str, StateDocument]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001 - hypothesis calls it so
        """Say what it is: whole states would fill the screen of a failing property."""
        printer.text("the estate")

    def spec(self, place: str) -> EnvironmentSpec:
        """Return ``dev``, ``prod`` (of fraud-detection) or ``churn/dev``."""
        team, _, name = place.rpartition("/")
        return self.teams[team or "fraud-detection"].environment(name)

    def email(self, identity: str) -> str:
        """Return the address of ``dev/deploy``, ``churn/dev/plan`` …"""
        place, _, kind = identity.rpartition("/")
        persona: Persona = kind  # type: ignore[assignment]  # the tables of cases name personas only
        return self.spec(place).account_email(persona)

    def provider(self, place: str) -> str:
        """Return the full name of an environment's provider, by its project's number."""
        return f"{self.pool(place)}/providers/{self.spec(place).names.provider}"

    def pool(self, place: str) -> str:
        """Return the full name of an environment's pool, by its project's number."""
        spec = self.spec(place)
        found = self.operate("GET", f"cloudresourcemanager.googleapis.com/v1/projects/{spec.project}")
        return f"projects/{found['projectNumber']}/locations/global/workloadIdentityPools/{spec.names.pool}"

    def call(self, method: str, url: str, body: Any = None, *, token: str | None = None, **more: str) -> Answer:
        """Send one request to Google; no token, no credentials. ``more`` are headers."""
        headers = {"content-type": "application/json", **more}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        return _ask(self.cloud.application, method, f"https://{url}", body, headers)

    def operate(self, method: str, url: str, body: Any = None) -> Json:
        """Send one request as the operator, which has to succeed."""
        answer = self.call(method, url, body, token=self.cloud.operator)
        assert answer.ok, (method, url, answer.status, answer.body)
        return answer.body


@contextmanager
def estate(folder: Path) -> Iterator[Estate]:
    """Build the clouds and apply the roots of fraud-detection's dev and prod, and churn's dev."""
    clock = Clock()
    world = open_world(MemoryStore(), folder / "world", clock)
    teams = {team.slug: team for team in (fraud_detection(), churn())}
    github = github_application(world)
    hub = _hub(world, github)
    repositories = _repositories(hub, teams)
    _lay_google(world, teams)
    application, operator = google_application(world), operator_of(world).token
    server = serve(application, default_token=operator)
    try:
        cloud = MemoryCloud(application, server, operator)
        _state_bucket(cloud, teams["churn"])
        places = [("fraud-detection", "dev"), ("fraud-detection", "prod"), ("churn", "dev")]
        with ThreadPoolExecutor() as pool:
            made = pool.map(
                lambda p: _applied(folder / "-".join(p), cloud, teams[p[0]], p[1], repositories[p[0]]), places
            )
            names = ["/".join(place).removeprefix("fraud-detection/") for place in places]
            applied = dict(zip(names, made, strict=True))
        plans = {name: plan for name, (plan, _) in applied.items()}
        states = {name: state for name, (_, state) in applied.items()}
        yield Estate(world, clock, cloud, hub, teams, repositories, plans, states)
    finally:
        server.stop()


def _lay_google(world: World, teams: Mapping[str, Team]) -> None:
    platform = teams["churn"].platform
    specs = [spec for team in teams.values() for spec in team.environments]
    plan = {
        "organizationId": platform.organisation.id,
        "organizationDomain": platform.organisation.domain,
        "folderId": platform.organisation.folder,
        "billingAccount": platform.billing_account,
        "projects": [{"projectId": name} for name in [*(spec.project for spec in specs), platform.state.project]],
    }
    with world.store.transaction() as tx:
        foundations.lay_foundations(world, tx, plan)


def _state_bucket(cloud: MemoryCloud, team: Team) -> None:
    state = team.platform.state
    bucket = {
        "name": state.bucket,
        "location": state.location,
        "versioning": {"enabled": True},
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
    }
    place = f"/v1/projects/{state.project}/services/storage.googleapis.com:enable"
    cloud.post("serviceusage.googleapis.com", place, {})
    cloud.post("storage.googleapis.com", f"/storage/v1/b?project={state.project}", bucket)


def _applied(
    folder: Path, cloud: MemoryCloud, team: Team, name: str, repository: Repository
) -> tuple[Json, StateDocument]:
    """Plan and apply one root; return the plan's JSON and the state."""
    ids = RepositoryIds(repository.id, repository.owner_id)
    root = rendered_root(folder, cloud, team, team.environment(name).names.root, ids=ids)
    plan = root.plan()
    root.apply()
    return plan, StateDocument.from_json(root.state())


def _hub(world: World, github: Any) -> Hub:
    with world.store.transaction() as tx:
        for login in (load_platform(EXAMPLES / "platform.yaml").github.owner, ATTACKER):
            lay_foundations(world, tx, {"githubOwner": login, "githubPlan": "enterprise", "users": [REVIEWER]})
        signing_key(tx)  # made here and kept: made by a case it would be forgotten with it, and made again by the next
        return Hub(github, operator_token(world, tx))


def _repositories(hub: Hub, teams: Mapping[str, Team]) -> dict[str, Repository]:
    owner = teams["churn"].platform.github.owner
    wanted = {slug: (owner, team.repository_name, team.environments) for slug, team in teams.items()}
    wanted["attacker"] = (ATTACKER, teams["fraud-detection"].repository_name, teams["fraud-detection"].environments)
    return {slug: hub.repository(login, name, specs) for slug, (login, name, specs) in wanted.items()}


class _TakeBack(Exception):
    pass


@contextmanager
def taken_back(estate: Estate) -> Iterator[None]:
    """Forget at the end whatever was changed meanwhile, and what time it became."""
    then = estate.clock.now
    try:
        with estate.world.store.transaction():
            yield
            _take_back()
    except _TakeBack:
        estate.clock.now = then


def _take_back() -> NoReturn:
    raise _TakeBack
