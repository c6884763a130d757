"""Which jobs should become which account, and their nearest neighbours that must not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from provisioner.access.acts import Act, acts
from provisioner.access.claims import JobContext, Repository
from provisioner.access.neighbours import neighbours
from provisioner.request.resolve import EnvironmentSpec, Persona, Team

DEPLOY_EVENTS = ("push", "workflow_dispatch")
PLAN_EVENTS = ("push", "schedule", "workflow_dispatch")


@dataclass(frozen=True, slots=True)
class Identity:
    """One of an environment's accounts; ``kind`` is a Persona, or what else an account is for.

    ``proof`` is what it certainly may do, where that is not to read the environment's services.
    """

    environment: EnvironmentSpec
    kind: str
    email: str
    proof: Act | None = None

    @property
    def name(self) -> str:
        """Return ``<environment>/<kind>``, for people."""
        return f"{self.environment.name}/{self.kind}"


@dataclass(frozen=True, slots=True)
class Case:
    """One question: whether this job becomes this account, and may then do this.

    ``expected`` is the answer that the promise gives. Without an ``act`` of its own the question is about becoming the
    account, and a read that it certainly may do ends the proof.
    """

    context: str
    job: JobContext
    identity: Identity
    expected: bool
    act: Act | None = None


def identities(team: Team) -> tuple[Identity, ...]:
    """Return every account of every environment."""
    kinds: tuple[Persona, ...] = ("plan", "deploy", "runtime")
    return tuple(Identity(spec, kind, spec.account_email(kind)) for spec in team.environments for kind in kinds)


def cases(team: Team, repository: Repository, others: tuple[Repository, ...] = ()) -> tuple[Case, ...]:
    """Return all questions, each once: every ordinary job against every account, and each account's neighbours.

    The neighbours of an account are jobs that differ from one that reaches it in a single point. ``others`` are
    repositories that exist and must be kept out: unlike invented ones, their jobs can be tried.
    """
    found: dict[tuple[JobContext, str], Case] = {}
    for context, job, identity in _questions(team, repository, others):
        expected = should_reach(job, identity, team, repository)
        found.setdefault((job, identity.name), Case(context, job, identity, expected))
    return (*found.values(), *_acting(tuple(found.values()), team))


def _acting(found: tuple[Case, ...], team: Team) -> Iterator[Case]:
    """Yield, for each account that a job becomes, what is tried as it."""
    first = {case.identity.name: case for case in reversed(found) if case.expected}
    for case in first.values():
        identity = case.identity
        for act in acts(identity.kind, identity.environment, team):
            yield replace(case, context=f"{case.context}, {act.name}", expected=act.allowed, act=act)


def _questions(
    team: Team, repository: Repository, others: tuple[Repository, ...]
) -> Iterator[tuple[str, JobContext, Identity]]:
    everyone = identities(team)
    for context, job in ordinary(team, repository):
        for identity in everyone:
            yield context, job, identity
            if should_reach(job, identity, team, repository):
                yield from ((f"{context} of {o.full_name}", replace(job, repository=o), identity) for o in others)
    for identity in everyone:
        for context, job in _neighbours(identity, team, repository):
            yield context, job, identity


def ordinary(team: Team, repository: Repository) -> Iterator[tuple[str, JobContext]]:
    """Yield the jobs that a team's own workflows run: name and job."""
    for spec in team.environments:
        for event in DEPLOY_EVENTS:
            yield f"{event} on {spec.branch}, environment {spec.name}", _job(team, repository, spec, event, spec.name)
    by_branch = {spec.branch: spec for spec in team.environments}
    for branch, spec in by_branch.items():
        for event in PLAN_EVENTS:
            yield f"{event} on {branch}", _job(team, repository, spec, event, None)
        yield f"pull_request into {branch}", _pull_request(team, repository, spec)


def should_reach(job: JobContext, identity: Identity, team: Team, repository: Repository) -> bool:
    """Tell whether the promise lets the job become the account; written from the promise, not from the conditions."""
    return credible(job, team, repository) and _persona_reaches(job, identity.environment, identity.kind)


def credible(job: JobContext, team: Team, repository: Repository) -> bool:
    """Tell whether the promise believes a job's token at all: from the repository, unaltered, on a trusted runner."""
    same = (job.repository.id, job.repository.owner_id) == (repository.id, repository.owner_id)
    if not same or job.altered or job.issuer != team.platform.github.oidc_issuer or job.audience is not None:
        return False
    if job.runner_environment != "github-hosted" and not team.request.self_hosted_runners:
        return False
    trusted = team.request.trusted_workflows
    return not trusted or job.job_workflow_ref in trusted


def _persona_reaches(job: JobContext, spec: EnvironmentSpec, kind: str) -> bool:
    if kind == "runtime":
        return False
    on_branch = job.ref == f"refs/heads/{spec.branch}"
    if kind == "deploy":
        return job.environment == spec.name and on_branch and job.event_name in DEPLOY_EVENTS
    if job.environment:
        return False
    if job.event_name == "pull_request":
        return spec.plan_from_pull_requests
    return on_branch and job.event_name in PLAN_EVENTS


def _job(team: Team, repository: Repository, spec: EnvironmentSpec, event: str, environment: str | None) -> JobContext:
    return JobContext(
        repository,
        event,
        f"refs/heads/{spec.branch}",
        environment,
        issuer=team.platform.github.oidc_issuer,
        job_workflow_ref=next(iter(team.request.trusted_workflows), ""),
    )


def _pull_request(team: Team, repository: Repository, spec: EnvironmentSpec) -> JobContext:
    job = _job(team, repository, spec, "pull_request", None)
    return replace(job, ref="refs/pull/7/merge", head_ref="feature", base_ref=spec.branch)


def _neighbours(identity: Identity, team: Team, repository: Repository) -> Iterator[tuple[str, JobContext]]:
    spec = identity.environment
    if identity.kind == "runtime":
        return
    environment = spec.name if identity.kind == "deploy" else None
    legitimate = _job(team, repository, spec, "push", environment)
    pull_request = replace(_pull_request(team, repository, spec), environment=environment)
    others = tuple(other.name for other in team.environments if other.name != spec.name)
    yield from neighbours(legitimate, pull_request, others, pinned=bool(team.request.trusted_workflows))
