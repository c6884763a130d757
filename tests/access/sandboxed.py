"""A team's environments in a sandbox: repository, three applied roots, a session that talks to both clouds."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from provisioner.access import AccessMatrix, AccessModel, Repository, cases, compute
from provisioner.access.minting import ActionsMinter
from provisioner.access.prove import Prover
from provisioner.render import RepositoryIds, render
from provisioner.request.resolve import Team
from provisioner.sandbox.handle import Handle, JobToken, ensure
from provisioner.sandbox.seed import seed
from provisioner.terraform.state import StateDocument
from provisioner.wiring.place import seed_plan


@dataclass(frozen=True)
class Sandboxed:
    """Everything a proof needs, and the operator's hands to change things with."""

    team: Team
    handle: Handle
    environment: dict[str, str]
    repository: Repository
    other: Repository
    model: AccessModel
    session: requests.Session

    def start(self, context: Any) -> JobToken:
        return self.handle.mint_job_token({**context, "reviewed": "true"})

    def minter(self) -> ActionsMinter:
        issuer = self.team.platform.github.oidc_issuer
        return ActionsMinter(self.start, self.session, issuer, (self.repository, self.other))

    def computed(self) -> AccessMatrix:
        return compute(self.model, cases(self.team, self.repository, (self.other,)))

    def proven(self) -> AccessMatrix:
        return Prover(self.session, self.minter(), self.model).prove(self.computed())

    def google(self, method: str, url: str, document: Any = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.environment['GOOGLE_OAUTH_ACCESS_TOKEN']}"}
        answer = self.session.request(method, f"https://{url}", json=document, headers=headers, timeout=30)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def sandboxed(folder: Path, team: Team) -> Iterator[Sandboxed]:
    handle = ensure(folder / "sandbox", idle_seconds=300)
    try:
        seed(handle, seed_plan(team, projects=True))
        environment = {**handle.environment(), "PATH": os.environ["PATH"], "HOME": str(folder)}
        with _session(handle) as session:
            hub = _GitHub(session, environment["GITHUB_TOKEN"])
            repository = _repository(team, hub, team.repository_name)
            other = _repository(team, hub, "churn")
            render(team, RepositoryIds(repository.id, repository.owner_id)).write(folder / "terraform")
            roots = [folder / "terraform" / "envs" / spec.names.root for spec in team.environments]
            with ThreadPoolExecutor() as pool:
                states = list(pool.map(lambda root: _applied(root, environment), roots))
            model = AccessModel.merged(AccessModel.from_state(state) for state in states)
            yield Sandboxed(team, handle, environment, repository, other, model, session)
    finally:
        handle.stop()


def _repository(team: Team, hub: _GitHub, name: str) -> Repository:
    """Make a repository and its environments as GitHub's API has it: one deployment branch each."""
    made = hub.ask("POST", f"orgs/{team.platform.github.owner}/repos", {"name": name, "private": True})
    for spec in team.environments:
        place = f"repos/{made['full_name']}/environments/{spec.name}"
        policy = {"protected_branches": False, "custom_branch_policies": True}
        hub.ask("PUT", place, {"deployment_branch_policy": policy})
        hub.ask("POST", f"{place}/deployment-branch-policies", {"name": spec.branch})
    return Repository(str(made["id"]), str(made["owner"]["id"]), made["full_name"], made["visibility"])


@dataclass(frozen=True)
class _GitHub:
    session: requests.Session
    token: str

    def ask(self, method: str, path: str, document: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"}
        answer = self.session.request(
            method, f"https://api.github.com/{path}", json=document, headers=headers, timeout=30
        )
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found


def _applied(root: Path, environment: dict[str, str]) -> StateDocument:
    for arguments in (("init",), ("plan", "-out=plan.bin"), ("apply", "plan.bin")):
        _terraform(root, environment, *arguments)
    return StateDocument.from_json(json.loads(_terraform(root, environment, "show", "-json")))


def _terraform(root: Path, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        ["terraform", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
    return done.stdout


def _session(handle: Handle) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"https": handle.proxy_url, "http": handle.proxy_url}
    session.verify = str(handle.ca_file)
    return session
