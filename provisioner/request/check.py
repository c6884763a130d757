"""Rules about a request that concern several fields, or the platform's settings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.request.check_parts import check_parts
from provisioner.request.document import Path
from provisioner.request.findings import Finding, repeated
from provisioner.request.models import Platform, Request
from provisioner.request.names import PLATFORM_TEAM, derived_names, environment_problem, project_id_problem
from provisioner.request.parts import Budget, Environment
from provisioner.request.resolve import resolve

__all__ = ["Finding", "check_request"]

_TOPIC = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
_WORKFLOW = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+/[A-Za-z0-9._/-]+@[A-Za-z0-9._/-]+")
_BAD_BRANCH = re.compile(r"^refs/|\.\.|//|/$|\.lock$|\.$|/\.")
_PERSONAS = ("plan", "deploy", "runtime")
_PRODUCTION = ("prod", "production")


def check_request(request: Request, platform: Platform) -> tuple[Finding, ...]:
    """Return everything that is wrong with a request whose fields are well-formed one by one."""
    return (
        *_reserved(request),
        *_repository(request),
        *_trusted_workflows(request),
        *_projects(request, platform),
        *_environments(request, platform),
        *check_parts(request, platform),
        *_budgets(request, platform),
        *_names(request, platform),
    )


def _reserved(request: Request) -> Iterator[Finding]:
    if request.team == PLATFORM_TEAM:
        yield Finding(("team",), f"{PLATFORM_TEAM} is the platform's own name", "choose another name")
    if request.repository.mode == "existing":
        yield Finding(
            ("repository", "mode"),
            "repositories with content cannot be taken over yet by a run",
            "bring it in with provision-env repo adopt and remove mode, or write adopt for an empty one that exists",
        )
    if request.repository.path is not None:
        yield Finding(("repository", "path"), "folders of a monorepo are not supported yet", "remove path")


def _repository(request: Request) -> Iterator[Finding]:
    repository = request.repository
    name = repository.name or ""
    if name in {".", ".."} or name.lower().endswith((".git", ".wiki")):
        yield Finding(("repository", "name"), f"GitHub reserves the name {name}", "write a name without that ending")
    if repository.visibility == "public" and request.data_class in {"confidential", "restricted"}:
        yield Finding(
            ("repository", "visibility"),
            f"a repository around {request.data_class} data must not be public",
            "write private or internal",
        )
    for index, topic in enumerate(repository.topics):
        if not _TOPIC.fullmatch(topic):
            yield Finding(
                ("repository", "topics", index),
                f"'{topic}' cannot be a topic",
                "write at most 50 lower-case letters, digits and hyphens",
            )
    yield from repeated((team.slug for team in repository.teams), ("repository", "teams"), "team")
    users = (collaborator.user.lower() for collaborator in repository.collaborators)
    yield from repeated(users, ("repository", "collaborators"), "user")


def _trusted_workflows(request: Request) -> Iterator[Finding]:
    for index, workflow in enumerate(request.trusted_workflows):
        if not _WORKFLOW.fullmatch(workflow):
            yield Finding(
                ("trusted_workflows", index),
                f"'{workflow}' names no workflow",
                "write owner/repository/.github/workflows/<file>@<ref>, as job_workflow_ref has it",
            )


def _projects(request: Request, platform: Platform) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for name, environment in request.environments.items():
        path: Path = ("environments", name, "project")
        project = environment.project
        wrong = project_id_problem(project)
        if wrong:
            yield Finding(path, f"found '{project}': {wrong}", "write the project's id (gcloud projects list shows it)")
        if project == platform.state.project:
            yield Finding(path, f"{project} holds the platform's own state", "write a project of the team")
        if project in first and project not in platform.shared_projects:
            yield Finding(
                path,
                f"{project} is the project of {first[project]} already",
                "give each environment its own project, or ask the platform team to list it under shared_projects",
            )
        first.setdefault(project, name)


def _environments(request: Request, platform: Platform) -> Iterator[Finding]:
    for name, environment in request.environments.items():
        path: Path = ("environments", name)
        wrong = environment_problem(name)
        if wrong:
            yield Finding(path, f"'{name}' cannot be an environment: {wrong}", "choose another name", key=True)
        if environment.region is not None and environment.region not in platform.regions:
            yield Finding(
                (*path, "region"),
                f"{environment.region} is not allowed",
                f"write one of: {', '.join(platform.regions)}",
            )
        if _BAD_BRANCH.search(environment.branch):
            yield Finding(
                (*path, "branch"),
                f"'{environment.branch}' is no branch",
                "write the branch's name as git branch shows it, without refs/heads/",
            )
        yield from _reviewers(environment, path)
        yield from _approval(name, environment, path, platform)
        yield from _roles(environment, path, platform)


def _reviewers(environment: Environment, path: Path) -> Iterator[Finding]:
    for index, reviewer in enumerate(environment.reviewers):
        if (reviewer.user is None) == (reviewer.team is None):
            both = "both user and team are given" if reviewer.user else "neither user nor team is given"
            yield Finding(
                (*path, "reviewers", index), f"{both}", "write exactly one: {user: <login>} or {team: <team's slug>}"
            )
    names = (reviewer.user or reviewer.team for reviewer in environment.reviewers)
    yield from repeated(names, (*path, "reviewers"), "reviewer")


def _approval(name: str, environment: Environment, path: Path, platform: Platform) -> Iterator[Finding]:
    if environment.approval == "platform" and not platform.approvers:
        yield Finding(
            (*path, "approval"),
            "the platform has no approvers",
            "write github, or ask the platform team to list approvers in platform.yaml",
        )
    guarded = bool(environment.reviewers) or name in _PRODUCTION
    if environment.plan_from_pull_requests and guarded:
        yield Finding(
            (*path, "plan_from_pull_requests"),
            "a pull request must not read the state of an environment that people guard",
            "write false, or remove the line",
        )


def _roles(environment: Environment, path: Path, platform: Platform) -> Iterator[Finding]:
    for persona in _PERSONAS:
        allowed = getattr(platform.role_allow_list, persona)
        for index, role in enumerate(getattr(environment.roles, persona)):
            if role not in allowed:
                listed = f"write one of: {', '.join(allowed)}" if allowed else "remove it: none is allowed here"
                yield Finding((*path, "roles", persona, index), f"{role} is not allowed for {persona}", listed)


def _budgets(request: Request, platform: Platform) -> Iterator[Finding]:
    currency = platform.default_budget.currency
    budgets: list[tuple[Path, Budget | None]] = [(("budget",), request.budget)]
    budgets += [(("environments", name, "budget"), own.budget) for name, own in request.environments.items()]
    for path, budget in budgets:
        if budget is not None and budget.currency != currency:
            yield Finding(
                (*path, "currency"),
                f"the billing account is kept in {currency}",
                f"write {currency}, or remove the line",
            )


def _names(request: Request, platform: Platform) -> Iterator[Finding]:
    seen: set[tuple[Path, str]] = set()
    for name in derived_names(resolve(request, platform)):
        project = request.environments[name.environment].project
        if environment_problem(name.environment) or project_id_problem(project):
            continue  # said already, and every name that follows would repeat it
        path: Path = ("team",) if name.key is None else (name.collection, name.key)
        if name.problem and (path, name.problem) not in seen:
            seen.add((path, name.problem))
            yield Finding(
                path,
                f"the {name.what} would be called {name.name}: {name.problem}",
                "choose another name",
                key=name.key is not None,
            )
