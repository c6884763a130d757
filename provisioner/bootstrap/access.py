"""Who should become which of the toolkit's identities, what they may do then, and who must not.

The promise of the platform's own repository: a pull request becomes the preview account and nothing else, jobs of the
main branch become the plan account, and only jobs of the environment that reviewers guard become the one that applies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from provisioner.access.acts import Act
from provisioner.access.claims import JobContext, Repository
from provisioner.access.contexts import DEPLOY_EVENTS, PLAN_EVENTS, Case, Identity, credible, ordinary
from provisioner.access.neighbours import neighbours
from provisioner.bootstrap.itself import ENVIRONMENT, accounts, address, the_environment
from provisioner.bootstrap.root import scope
from provisioner.request.resolve import Team

OBJECT = "storage.googleapis.com/Object"
_BELOW = "https://cloudresourcemanager.googleapis.com/v3"
_OBJECTS = "https://storage.googleapis.com/storage/v1/b"


def platform_identities(team: Team) -> tuple[Identity, ...]:
    """Return the toolkit's accounts; that one was reached is proven by what each may ask for everywhere."""
    proof = _asked(team, "may list services", "run.services.list", allowed=True)
    return tuple(Identity(the_environment(team), kind, address(team, kind), proof) for kind in accounts(team))


def platform_cases(team: Team, repository: Repository) -> tuple[Case, ...]:
    """Return all questions about the toolkit's identities, each once, as ``access.cases`` does for a team's."""
    found: dict[tuple[JobContext, str], Case] = {}
    for context, job, identity in _questions(team, repository):
        expected = credible(job, team, repository) and _promised(job, identity.kind, team)
        found.setdefault((job, identity.name), Case(context, job, identity, expected))
    return (*found.values(), *_acting(tuple(found.values()), team))


def _promised(job: JobContext, kind: str, team: Team) -> bool:
    if kind == "preview":
        return job.event_name == "pull_request" and not job.environment
    on_branch = job.ref == f"refs/heads/{the_environment(team).branch}"
    if kind == "deploy":
        return on_branch and job.environment == ENVIRONMENT and job.event_name in DEPLOY_EVENTS
    return on_branch and not job.environment and job.event_name in PLAN_EVENTS


def _questions(team: Team, repository: Repository) -> Iterator[tuple[str, JobContext, Identity]]:
    everyone = platform_identities(team)
    usual = dict(ordinary(team, repository))
    for context, job in usual.items():
        yield from ((context, job, identity) for identity in everyone)
    branch = the_environment(team).branch
    pull_request = usual[f"pull_request into {branch}"]
    legitimate = {
        "plan": usual[f"push on {branch}"],
        "preview": pull_request,
        "deploy": usual[f"push on {branch}, environment {ENVIRONMENT}"],
    }
    for identity in everyone:
        job = legitimate[identity.kind]
        like = replace(pull_request, environment=job.environment)
        for context, attack in neighbours(job, like, (), pinned=bool(team.request.trusted_workflows)):
            if identity.kind != "preview" or attack.ref == job.ref:  # GitHub gives a pull request no other
                yield context, attack, identity


def _acting(found: tuple[Case, ...], team: Team) -> Iterator[Case]:
    first = {case.identity.kind: case for case in reversed(found) if case.expected}
    for kind, case in first.items():
        for act in _acts(kind, team):
            yield replace(case, context=f"{case.context}, {act.name}", expected=act.allowed, act=act)


def _acts(kind: str, team: Team) -> Iterator[Act]:
    """Yield what is tried as an account: what its work takes, and what nobody's work does."""
    above = scope(team).partition("/")[0]
    applies = kind == "deploy"
    yield _asked(team, "may create a service", "run.services.create", allowed=applies)
    yield _asked(team, "may grant roles in projects", "resourcemanager.projects.setIamPolicy", allowed=applies)
    yield _asked(team, f"may grant roles on {scope(team)}", f"resourcemanager.{above}.setIamPolicy", allowed=False)
    yield _asked(team, "may make keys", "iam.serviceAccountKeys.create", allowed=False)
    yield _asked(team, "may become other accounts", "iam.serviceAccounts.getAccessToken", allowed=False)
    yield _reading_state(team, allowed=kind != "preview")


def _asked(team: Team, name: str, permission: str, *, allowed: bool) -> Act:
    place = scope(team)
    return Act(name, permission, (_granted_at(place),), f"{_BELOW}/{place}:testIamPermissions", allowed, asks=True)


def _reading_state(team: Team, *, allowed: bool) -> Act:
    """Look at the platform's own state, without its content."""
    bucket, prefix = team.platform.state.bucket, the_environment(team).names.state_prefix
    name = quote(f"{prefix}/default.tfstate", safe="")
    places = (f"bucket:{bucket}", f"folder:{bucket}/{prefix}", _granted_at(scope(team)))
    permission, url = "storage.objects.get", f"{_OBJECTS}/{bucket}/o/{name}"
    return Act("reads the platform's state", permission, places, url, allowed, on=OBJECT)


def _granted_at(place: str) -> str:
    """Return a folder or organisation as grants name it."""
    kind, _, number = place.partition("/")
    return f"folder:{place}" if kind == "folders" else f"organization:{number}"
