"""Attacks as jobs: each differs from a job that is let in by one point, and has to be refused.

What a job cannot express (signatures, algorithms, times) is tested against the sandbox's STS itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from provisioner.access.claims import JobContext, Repository, subject

FOREIGN_ISSUER = "https://token.actions.example.com"
FOREIGN_AUDIENCE = "https://github.com/example-attacker"


def neighbours(
    job: JobContext, pull_request: JobContext, other_environments: tuple[str, ...], *, pinned: bool
) -> Iterator[tuple[str, JobContext]]:
    """Yield each attack's name with its job.

    ``job`` reaches the account by a push; ``pull_request`` is its like from a pull request, in the same job
    environment. ``pinned`` says that the request trusts only named reusable workflows.
    """
    yield from _foreign(job)
    yield from _events(job, pull_request)
    yield from _refs(job)
    yield from _environments(job, other_environments)
    yield from _tokens(job)
    yield "self-hosted runner", replace(job, runner_environment="self-hosted")
    if pinned:
        foreign = "example-attacker/workflows/.github/workflows/deploy.yaml@refs/heads/main"
        yield "foreign reusable workflow", replace(job, job_workflow_ref=foreign)


def _foreign(job: JobContext) -> Iterator[tuple[str, JobContext]]:
    ours = job.repository
    attacker = Repository(_next(ours.id, 1), _next(ours.owner_id, 1), f"example-attacker/{ours.name}")
    yield "foreign owner", replace(job, repository=attacker)
    yield (
        "owner name registered again",
        replace(job, repository=replace(ours, id=attacker.id, owner_id=attacker.owner_id)),
    )
    yield "repository made again", replace(job, repository=replace(ours, id=_next(ours.id, 2)))
    yield (
        "other repository of the owner",
        replace(job, repository=Repository(_next(ours.id, 3), ours.owner_id, f"{ours.owner}/other")),
    )
    yield "fork", replace(job, repository=Repository(_next(ours.id, 4), attacker.owner_id, attacker.full_name))
    yield "subject rewritten", replace(job, repository=attacker, subject=subject(job))


def _next(number: str, step: int) -> str:
    return str(int(number) + step)


def _events(job: JobContext, pull_request: JobContext) -> Iterator[tuple[str, JobContext]]:
    where = f", environment {job.environment}" if job.environment else ""
    yield f"pull_request{where}", pull_request
    yield f"pull_request_target{where}", replace(job, event_name="pull_request_target", base_ref=_branch(job))
    for event in ("workflow_run", "issue_comment", "schedule", "repository_dispatch", "release"):
        yield f"{event}{where}", replace(job, event_name=event)


def _refs(job: JobContext) -> Iterator[tuple[str, JobContext]]:
    branch, where = _branch(job), f", environment {job.environment}" if job.environment else ""
    refs = {
        "tag": "refs/tags/v1.0.0",
        "tag named like the branch": f"refs/tags/{branch}",
        "other branch": "refs/heads/feature",
        "branch that begins alike": f"refs/heads/{branch}-2",
    }
    for name, ref in refs.items():
        yield f"{name}{where}", replace(job, ref=ref)
    if job.environment:
        yield f"branch named {job.environment}{where}", replace(job, ref=f"refs/heads/{job.environment}")


def _environments(job: JobContext, others: tuple[str, ...]) -> Iterator[tuple[str, JobContext]]:
    if job.environment is None:
        named = ("push", *others)
    else:
        alike = job.environment.replace("o", "0").replace("e", "3")
        named = (job.environment.upper(), alike, f"{job.environment}:{job.ref}", "push", *others)
        yield "missing environment", replace(job, environment=None)
    for name in named:
        yield f"{job.event_name} on {_branch(job)}, environment {name}", replace(job, environment=name)


def _tokens(job: JobContext) -> Iterator[tuple[str, JobContext]]:
    where = f", environment {job.environment}" if job.environment else ""
    yield f"wrong audience{where}", replace(job, audience=FOREIGN_AUDIENCE)
    yield f"wrong issuer{where}", replace(job, issuer=FOREIGN_ISSUER)
    for claim in ("repository_id", "repository_owner_id", "event_name", "ref"):
        yield f"no claim {claim}{where}", replace(job, altered=((claim, None),))


def _branch(job: JobContext) -> str:
    return job.ref.removeprefix("refs/heads/")
