"""The claims of a GitHub Actions job's token, built from what the job is.

Names, shapes and the immutable subject follow GitHub's OIDC reference
(https://docs.github.com/actions/reference/security/oidc). All values are strings, the numeric ids too.
"""

from __future__ import annotations

from dataclasses import dataclass

ISSUER = "https://token.actions.githubusercontent.com"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with the numbers that never change and the names that can be taken over by others."""

    id: str
    owner_id: str
    full_name: str
    visibility: str = "private"

    @property
    def owner(self) -> str:
        """Return the owner's name."""
        return self.full_name.split("/", 1)[0]

    @property
    def name(self) -> str:
        """Return the name without the owner."""
        return self.full_name.split("/", 1)[1]


@dataclass(frozen=True, slots=True)
class JobContext:
    """One job: where it runs, what started it, on which ref, in which environment.

    ``ref`` is complete (``refs/heads/main``). ``environment`` is None (or empty, as GitHub reads it) for a job without
    one. ``actor`` empty means whoever is at hand: nothing rests on it. ``audience`` None asks
    for the audience that the provider wants. ``altered`` holds claims (name, value) changed, or left out by None, in a
    way that GitHub itself would not sign for this job: such a context can be computed, never minted.
    """

    repository: Repository
    event_name: str
    ref: str
    environment: str | None = None
    runner_environment: str = "github-hosted"
    workflow: str = ".github/workflows/release.yaml"
    job_workflow_ref: str = ""
    actor: str = ""
    actor_id: str = "583231"
    head_ref: str = ""
    base_ref: str = ""
    issuer: str = ISSUER
    audience: str | None = None
    subject: str = ""
    altered: tuple[tuple[str, str | None], ...] = ()

    @property
    def workflow_ref(self) -> str:
        """Return the job's own workflow file with its ref."""
        return f"{self.repository.full_name}/{self.workflow}@{self.ref}"


def claims(job: JobContext) -> dict[str, str]:
    """Return what the job's token asserts, but for times, audience and identifiers of the run."""
    found: dict[str, str | None] = {
        "iss": job.issuer,
        "sub": job.subject or subject(job),
        "repository": job.repository.full_name,
        "repository_id": job.repository.id,
        "repository_owner": job.repository.owner,
        "repository_owner_id": job.repository.owner_id,
        "repository_visibility": job.repository.visibility,
        "ref": job.ref,
        "ref_type": "tag" if job.ref.startswith("refs/tags/") else "branch",
        "ref_protected": "false",
        "event_name": job.event_name,
        "actor": job.actor or "octocat",
        "actor_id": job.actor_id,
        "head_ref": job.head_ref,
        "base_ref": job.base_ref,
        "runner_environment": job.runner_environment,
        "workflow": job.workflow,
        "workflow_ref": job.workflow_ref,
        "job_workflow_ref": job.job_workflow_ref or job.workflow_ref,
        "environment": job.environment or None,
        **dict(job.altered),
    }
    return {name: value for name, value in found.items() if value is not None}


def subject(job: JobContext) -> str:
    """Return the immutable subject that repositories made after 2026-07-15 have."""
    repository = job.repository
    lead = f"repo:{repository.owner}@{repository.owner_id}/{repository.name}@{repository.id}"
    if job.environment is not None:
        return f"{lead}:environment:{job.environment.replace(':', '%3A')}"
    return f"{lead}:pull_request" if job.event_name == "pull_request" else f"{lead}:ref:{job.ref}"
