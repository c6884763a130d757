"""Names that are taken: by others, or by our own things that were deleted a short while ago."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from provisioner.cloud.session import Session
from provisioner.request.problems import Problem
from provisioner.request.resolve import EnvironmentSpec

_POOL = "https://iam.googleapis.com/v1/projects/{}/locations/global/workloadIdentityPools/{}"
_BUCKET = "https://storage.googleapis.com/storage/v1/b/{}"


def taken_names(session: Session, spec: EnvironmentSpec, project_number: str) -> Iterator[Problem]:
    """Find soft-deleted pools and providers, and bucket names that belong to another project."""
    pool = _POOL.format(spec.project, spec.names.pool)
    for url, what in ((pool, "pool"), (f"{pool}/providers/{spec.names.provider}", "provider")):
        answer = session.get(url)
        if answer.ok and answer.document.get("state") == "DELETED":
            yield Problem(
                f"environments.{spec.name}: {url.partition('/v1/')[2]}",
                f"the workload identity {what} is deleted and keeps its name for 30 days",
                "nothing to do: up undeletes and imports it",
                blocking=False,
            )
            break  # what is in a deleted pool comes back with it
    for bucket in spec.buckets:
        yield from _bucket(session, spec, bucket.key, bucket.name, project_number)


def _bucket(session: Session, spec: EnvironmentSpec, key: str, name: str, project_number: str) -> Iterator[Problem]:
    answer = session.get(_BUCKET.format(name))
    foreign = answer.ok and str(answer.document.get("projectNumber")) != project_number
    hidden = answer.status == HTTPStatus.FORBIDDEN and not answer.disabled_service
    if foreign or hidden:
        yield Problem(
            f"environments.{spec.name}.buckets.{key}",
            f"the bucket name {name} belongs to somebody else: names are taken for the whole world",
            "choose another key for the bucket",
        )
