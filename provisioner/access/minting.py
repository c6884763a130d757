"""Tokens of jobs, as a job itself gets them: ask the URL that the runner was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import requests

from provisioner.access.claims import JobContext, Repository
from provisioner.errors import InvalidInput, ProvisionError

_SECONDS = 30


class NotExecutable(Exception):
    """This job cannot be had here; the message says why. The row stays computed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """GitHub gave no token, in its own words."""

    reason: str


class Minter(Protocol):
    """Where tokens of jobs come from."""

    def mint(self, job: JobContext, audience: str) -> str | Refused:
        """Return the signed token of such a job. Raises NotExecutable when this place cannot run it."""


class RunnerToken(Protocol):
    """What a runner finds as ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN."""

    @property
    def request_url(self) -> str:
        """Where to ask."""

    @property
    def request_token(self) -> str:
        """The bearer token to ask with."""


@dataclass(frozen=True, slots=True)
class ActionsMinter:
    """Mints where jobs can be started at will (the sandbox).

    ``start`` starts a job of a context (repository, event_name, ref, environment, …) and returns what its runner is
    given; it raises InvalidInput in GitHub's words when GitHub's own rules keep the job from running. ``homes`` are the
    repositories that exist there.
    """

    start: Callable[[Mapping[str, str]], RunnerToken]
    session: requests.Session
    issuer: str
    homes: tuple[Repository, ...]

    def mint(self, job: JobContext, audience: str) -> str | Refused:
        """See the port."""
        self._require_possible(job)
        try:
            token = self.start(_context(job))
        except InvalidInput as refusal:
            return Refused(refusal.reason)
        headers = {"Authorization": f"bearer {token.request_token}"}
        answer = self.session.get(token.request_url, params={"audience": audience}, headers=headers, timeout=_SECONDS)
        value = answer.json().get("value") if answer.ok else None
        if not isinstance(value, str):
            raise ProvisionError(f"GitHub's token endpoint answered {answer.status_code}", where=token.request_url)
        return value

    def _require_possible(self, job: JobContext) -> None:
        if job.altered or job.subject:
            raise NotExecutable("GitHub does not sign such a token")
        if job.issuer != self.issuer:
            raise NotExecutable("another issuer would have to sign it")
        if job.repository not in self.homes:
            raise NotExecutable("the repository does not exist here")


def _context(job: JobContext) -> dict[str, str]:
    known = {
        "repository": job.repository.full_name,
        "event_name": job.event_name,
        "ref": job.ref,
        "environment": job.environment,
        "actor": job.actor,
        "workflow": job.workflow,
        "workflow_ref": job.workflow_ref,
        "job_workflow_ref": job.job_workflow_ref,
        "runner_environment": job.runner_environment,
        "head_ref": job.head_ref,
        "base_ref": job.base_ref,
    }
    return {name: value for name, value in known.items() if value}
