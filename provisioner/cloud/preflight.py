"""Everything on Google's side that would stop a run, found before anything is made, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

from google.cloud.resourcemanager_v3 import Project

from provisioner.cloud.needs import needed_permissions
from provisioner.cloud.projects import Projects
from provisioner.cloud.session import Answer, NotAuthenticated, Session
from provisioner.cloud.shared import billing_account, project_billing, state_bucket
from provisioner.cloud.taken import taken_names
from provisioner.errors import ProvisionError
from provisioner.request.problems import Problem
from provisioner.request.resolve import EnvironmentSpec, Team

_WORKERS = 8
_SERVICES = "https://serviceusage.googleapis.com/v1/projects/{}/services?filter=state:ENABLED&pageSize=1"

Check = Callable[[], Iterator[Problem]]


class Preflight:
    """Reads only."""

    def __init__(self, session: Session) -> None:
        """``session`` says as whom and which way."""
        self._session = session

    def problems(self, team: Team) -> tuple[Problem, ...]:
        """Return all problems of a team's projects, names, state bucket and billing account, blocking ones first.

        Credentials that do not work are one problem, however many checks they stop.
        """
        try:
            projects = Projects(self._session)
        except NotAuthenticated as refused:
            return (_unauthenticated(refused),)
        with closing(projects):
            found = self._found(team, projects)
        return tuple(sorted(dict.fromkeys(found), key=lambda problem: not problem.blocking))

    def _found(self, team: Team, projects: Projects) -> list[Problem]:
        checks: list[Check] = [partial(state_bucket, self._session, team.platform.state)]
        if any(spec.manage_project for spec in team.environments):
            checks.append(partial(billing_account, self._session, team.platform.billing_account))
        checks += [partial(self._environment, spec, team, projects) for spec in team.environments]
        with ThreadPoolExecutor(_WORKERS) as pool:
            return [problem for rows in pool.map(_answered, checks) for problem in rows]

    def _environment(self, spec: EnvironmentSpec, team: Team, projects: Projects) -> Iterator[Problem]:
        where = f"environments.{spec.name}.project: {spec.project}"
        project = projects.find(spec.project)
        if project is None:
            yield _missing(where, spec, team)
            return
        if project.state != Project.State.ACTIVE:
            restore = f"gcloud projects undelete {spec.project}, or choose another project"
            yield Problem(where, "the project is marked for deletion", restore)
            return
        yield from _lacking(where, spec, projects)
        yield from self._services(where, spec)
        if spec.manage_project:
            yield from project_billing(self._session, spec.project, team.platform.billing_account, where)
        yield from taken_names(self._session, spec, project.name.removeprefix("projects/"))

    def _services(self, where: str, spec: EnvironmentSpec) -> Iterator[Problem]:
        """Terraform enables all other APIs through this one."""
        answer = self._session.get(_SERVICES.format(spec.project))
        if answer.disabled_service:
            yield _disabled(where, answer)


def _answered(check: Check) -> list[Problem]:
    try:
        return list(check())
    except NotAuthenticated as refused:
        return [_unauthenticated(refused)]
    except ProvisionError as error:
        return [Problem(error.where, error.reason, error.fix)]


def _lacking(where: str, spec: EnvironmentSpec, projects: Projects) -> Iterator[Problem]:
    missing = projects.missing_permissions(spec.project, needed_permissions(spec))
    if missing:
        yield Problem(
            where,
            f"you lack {len(missing)} permissions: {', '.join(missing)}",
            f"ask whoever administers {spec.project} to grant the role of the toolkit's apply identity",
        )


def _unauthenticated(refused: NotAuthenticated) -> Problem:
    return Problem(refused.where, "Google refuses the credentials", refused.fix)


def _missing(where: str, spec: EnvironmentSpec, team: Team) -> Problem:
    organisation = team.platform.organisation
    parent = f"--folder={organisation.folder}" if organisation.folder else f"--organization={organisation.id}"
    return Problem(
        where,
        "the project does not exist, or you have no access to it",
        f"gcloud projects create {spec.project} {parent}, or ask its owner for access",
    )


def _disabled(where: str, answer: Answer) -> Problem:
    service, project = answer.disabled_service or ("", "")
    return Problem(
        where,
        f"{service} is not enabled in {project}, where your credentials belong",
        f"gcloud services enable {service} --project={project}",
    )
