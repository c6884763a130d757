"""The room's door: everything the rest of the product asks Google Cloud itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.cloud.lookup import Lookup
from provisioner.cloud.policies import Policy, ProjectTrust, read_above, read_bucket, read_project, read_roles
from provisioner.cloud.session import Network, Session, open_session
from provisioner.request.problems import Problem
from provisioner.request.resolve import Team
from provisioner.terraform.recognition import Existing


class GoogleCloud:
    """Google Cloud over its REST APIs."""

    def __init__(self, session: Session) -> None:
        """``connect`` is the usual way to one."""
        self._session = session
        self._lookup = Lookup(session)

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def preflight(self, team: Team) -> tuple[Problem, ...]:
        """Return everything that stands in the way, all at once; changes nothing."""
        from provisioner.cloud.preflight import Preflight  # noqa: PLC0415 - the projects client takes 0.2 s to load

        return Preflight(self._session).problems(team)

    def describe(self, kind: str, values: Mapping[str, Any]) -> Existing | None:
        """See ``Lookup.describe``."""
        return self._lookup.describe(kind, values)

    def undelete(self, kind: str, name: str) -> None:
        """See ``Lookup.undelete``."""
        self._lookup.undelete(kind, name)

    def holds_data(self, kind: str, values: Mapping[str, Any]) -> bool:
        """See ``Lookup.holds_data``."""
        return self._lookup.holds_data(kind, values)

    def has_object(self, bucket: str, name: str) -> bool:
        """Tell whether an object exists, such as a root's state."""
        return self._lookup.has_object(bucket, name)

    def sees_object(self, bucket: str, name: str) -> bool:
        """Tell whether an object exists and may be read by who asks."""
        return self._lookup.sees_object(bucket, name)

    def trust(self, project: str, locations: Iterable[str]) -> ProjectTrust:
        """See ``policies.read_project``."""
        return read_project(self._session, project, locations)

    def bucket_policies(self, bucket: str, folders: Iterable[str]) -> tuple[Policy, ...]:
        """See ``policies.read_bucket``."""
        return read_bucket(self._session, bucket, folders)

    def above(self, place: str, billing_account: str) -> tuple[tuple[Policy, ...], tuple[str, ...]]:
        """See ``policies.read_above``."""
        return read_above(self._session, place, billing_account)

    def roles(self, roles: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """See ``policies.read_roles``."""
        return read_roles(self._session, roles)


def connect(
    token: str | None, key_file: str | None = None, impersonate: str | None = None, network: Network | None = None
) -> GoogleCloud:
    """Return a connection; nothing is asked yet. See ``find_credentials`` for the parameters and errors.

    ``key_file`` is what GOOGLE_APPLICATION_CREDENTIALS names; in spite of its name it may hold anything but a key.
    """
    return GoogleCloud(open_session(token, key_file, impersonate, network))
