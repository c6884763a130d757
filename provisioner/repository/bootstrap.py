"""Find the repository or make it, empty: its numeric id goes into the trust conditions before anything else exists."""

from __future__ import annotations

from typing import Any

from provisioner.errors import ProvisionError
from provisioner.repository import names
from provisioner.repository.api import gather, part
from provisioner.repository.basics import creation, wanted_topics
from provisioner.repository.claim import answers_team, claimed_by, marker, require_ours_or_free
from provisioner.repository.facts import RepositoryFacts
from provisioner.repository.setting import Target
from provisioner.repository.variables import write_variable


def ensure_repository(target: Target) -> RepositoryFacts:
    """Return the team's repository: ours, or an empty one that becomes ours, or a new one.

    One with content that is not ours, or that belongs to another team, is refused and nothing is changed in it; one
    that merged what ``adopt`` proposed is ours. An archived one of ours is taken out of the archive.
    """
    found = target.api.find(target.path)
    created = found is None
    if created:
        target.api.create(f"/orgs/{part(target.owner)}/repos", creation(target))
        found = target.api.get(target.path)
    _same_place(target, found)
    empty, marked = is_empty(target), marker(target)
    _adoptable(target, empty=empty, owner_team=marked or (None if empty else answers_team(target)))
    if found["archived"]:
        found = target.api.write("PATCH", target.path, {"archived": False})
    if marked is None:
        _mark(target, found)
    return read_facts(found, created=created, empty=empty)


def find_repository(target: Target) -> RepositoryFacts | None:
    """Return our repository as it is, None when it is not there or not ours; changes nothing."""
    found = target.api.find(target.path)
    if found is None or claimed_by(target) != target.team.slug:
        return None
    return read_facts(found, created=False, empty=is_empty(target))


def is_empty(target: Target) -> bool:
    """Tell whether the repository has no branch and no tag; GitHub's ``size`` lags behind."""
    branches, tags = gather(
        [
            lambda: target.api.get(f"{target.path}/branches?per_page=1"),
            lambda: target.api.get(f"{target.path}/tags?per_page=1"),
        ]
    )
    return not branches and not tags


def archive(target: Target) -> bool:
    """Put our repository into the archive; False when it is not there or not ours. Doing it twice is no error."""
    found = target.api.find(target.path)
    if found is None or marker(target) != target.team.slug:
        return False
    if not found["archived"]:
        target.api.write("PATCH", target.path, {"archived": True})
    return True


def read_facts(found: dict[str, Any], *, created: bool, empty: bool) -> RepositoryFacts:
    """Read GitHub's document of a repository."""
    return RepositoryFacts(
        id=str(found["id"]),
        owner_id=str(found["owner"]["id"]),
        full_name=found["full_name"],
        html_url=found["html_url"],
        clone_url=found["clone_url"],
        default_branch=found["default_branch"],
        created=created,
        empty=empty,
        archived=bool(found["archived"]),
    )


def _same_place(target: Target, found: dict[str, Any]) -> None:
    wanted = target.team.repository_full_name
    if found["full_name"].lower() != wanted.lower():
        raise ProvisionError(
            f"the repository {wanted} is called {found['full_name']} now",
            where="repository.name",
            fix=f"write the new name into the request, or make {wanted} free again",
        )


def _adoptable(target: Target, *, empty: bool, owner_team: str | None) -> None:
    require_ours_or_free(target, owner_team)
    if owner_team is None and not empty:
        raise ProvisionError(
            f"the repository {target.team.repository_full_name} exists and has content that is not ours; nothing was "
            "changed in it",
            where="repository.name",
            fix="bring it in with provision-env repo adopt, or choose another repository.name",
        )


def _mark(target: Target, found: dict[str, Any]) -> None:
    """Mark the repository as ours; the variable is written last, because it is what counts. Topics it has stay."""
    topics = sorted({*(found.get("topics") or []), *wanted_topics(target)})
    target.api.write("PUT", f"{target.path}/topics", {"names": topics})
    write_variable(target, f"{target.path}/actions", names.MARKER_VARIABLE, target.team.slug)
