"""Everything on Google's side that would stop a run, found before anything is made, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus

from google.api_core.exceptions import Forbidden, GoogleAPICallError, NotFound
from google.cloud.resourcemanager_v3 import Project, ProjectsClient

from provisioner.cloud.session import Session
from provisioner.request.problems import Problem
from provisioner.request.resolve import EnvironmentSpec, Team

NEEDED = (
    "artifactregistry.repositories.create",
    "artifactregistry.repositories.setIamPolicy",
    "iam.serviceAccounts.create",
    "iam.serviceAccounts.setIamPolicy",
    "iam.workloadIdentityPoolProviders.create",
    "iam.workloadIdentityPools.create",
    "resourcemanager.projects.getIamPolicy",
    "resourcemanager.projects.setIamPolicy",
    "run.services.create",
    "run.services.setIamPolicy",
    "serviceusage.services.enable",
    "storage.buckets.create",
    "storage.buckets.setIamPolicy",
)
"""What applying an environment needs on its project; a part of what the modules' calls ask for."""

_WORKERS = 6
_POOLS = "https://iam.googleapis.com/v1/projects/{}/locations/global/workloadIdentityPools/{}"


class Preflight:
    """Reads only. ``session`` and ``projects`` are the same caller."""

    def __init__(self, session: Session) -> None:
        """Open the projects client with its REST transport, which goes through the process's proxy like all else."""
        self._session = session
        self._projects = ProjectsClient(credentials=session.credentials, transport="rest")

    def problems(self, team: Team) -> tuple[Problem, ...]:
        """Return all problems of a team's projects, its state bucket and its billing account."""
        checks: list[Callable[[], Iterator[Problem]]] = [
            partial(self._state_bucket, team),
            partial(self._billing, team),
            *(partial(self._environment, spec) for spec in team.environments),
        ]
        with ThreadPoolExecutor(_WORKERS) as pool:
            found = pool.map(lambda check: list(check()), checks)
        return tuple(problem for rows in found for problem in rows)

    def _environment(self, spec: EnvironmentSpec) -> Iterator[Problem]:
        where = f"environments.{spec.name}.project: {spec.project}"
        try:
            project = self._projects.get_project(name=f"projects/{spec.project}")
            held = self._projects.test_iam_permissions(resource=f"projects/{spec.project}", permissions=list(NEEDED))
        except (Forbidden, NotFound):
            yield Problem(
                where,
                f"the project {spec.project} does not exist, or you may not see it",
                f"create it: gcloud projects create {spec.project}; or ask its owner for access",
            )
            return
        except GoogleAPICallError as error:
            yield Problem(where, f"Google Cloud answered: {error.message}", "mend what it says")
            return
        yield from _lifecycle(where, project)
        missing = [permission for permission in NEEDED if permission not in held.permissions]
        if missing:
            yield Problem(
                where,
                f"you lack {len(missing)} permissions on {spec.project}: {', '.join(missing)}",
                "ask the project's owner for them",
            )
        yield from self._soft_deleted(spec)

    def _soft_deleted(self, spec: EnvironmentSpec) -> Iterator[Problem]:
        answer = self._session.get(_POOLS.format(spec.project, spec.names.pool))
        if answer.ok and answer.document.get("state") == "DELETED":
            yield Problem(
                f"environments.{spec.name}",
                f"the workload identity pool {spec.names.pool} was deleted a short while ago; it is brought back",
                blocking=False,
            )

    def _state_bucket(self, team: Team) -> Iterator[Problem]:
        state = team.platform.state
        where = f"platform.yaml: state.bucket: {state.bucket}"
        answer = self._session.get(f"https://storage.googleapis.com/storage/v1/b/{state.bucket}")
        if answer.status == HTTPStatus.NOT_FOUND:
            make = (
                f"gcloud storage buckets create gs://{state.bucket} --project={state.project} "
                f"--location={state.location} --uniform-bucket-level-access --public-access-prevention"
            )
            yield Problem(where, "the state bucket does not exist", make)
        elif not answer.ok:
            yield Problem(
                where, f"the state bucket cannot be read: {answer.message}", "ask the platform team for access"
            )
        elif not answer.document.get("versioning", {}).get("enabled"):
            turn_on = f"gcloud storage buckets update gs://{state.bucket} --versioning"
            yield Problem(where, "the state bucket keeps no old versions", turn_on)

    def _billing(self, team: Team) -> Iterator[Problem]:
        account = team.platform.billing_account
        url = f"https://cloudbilling.googleapis.com/v1/billingAccounts/{account}:testIamPermissions"
        wanted = "billing.budgets.create"
        answer = self._session.call("POST", url, {"permissions": [wanted]})
        if not answer.ok or wanted not in answer.document.get("permissions", []):
            yield Problem(
                f"platform.yaml: billing_account: {account}",
                "you may not create budgets on the billing account, or it does not exist",
                "ask its administrator for roles/billing.costsManager",
            )


def _lifecycle(where: str, project: Project) -> Iterator[Problem]:
    if project.state != Project.State.ACTIVE:
        yield Problem(
            where,
            f"the project {project.project_id} is marked for deletion",
            f"restore it: gcloud projects undelete {project.project_id}",
        )
