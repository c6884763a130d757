"""What the pages show of the store: names and dates of things, never their contents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from provisioner.sandbox.github.repositories import every, full_name
from provisioner.sandbox.google.hierarchy import PROJECTS
from provisioner.sandbox.store import INDEXES, Document, Transaction

_MOST = 200
_HIDDEN = ("google/iam.", "google/identity", "google/operations", "google/projects", "google/run.last-")
_SHOWN_ALL_THE_SAME = ("google/iam.serviceAccounts", "google/iam.workloadIdentityPool", "google/iam.roles")
_DATES = ("createTime", "timeCreated", "created_at")
_STATES = ("state", "lifecycleState", "status", "location")


@dataclass(frozen=True, slots=True)
class Project:
    """A project on the first page."""

    id: str
    number: str
    name: str
    state: str
    parent: str


@dataclass(frozen=True, slots=True)
class Thing:
    """A resource of a project: short name, whole key, date and state where it has them."""

    name: str
    key: str
    created: str
    state: str


@dataclass(frozen=True, slots=True)
class Kind:
    """All resources of one kind in a project; ``more`` tells that not all are shown."""

    title: str
    things: tuple[Thing, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository and its newest workflow runs."""

    full_name: str
    visibility: str
    default_branch: str
    runs: tuple[Document, ...]


def projects(tx: Transaction) -> list[Project]:
    """Return all projects by id."""
    return [_project(found) for _, found in tx.scan(PROJECTS)]


def project(tx: Transaction, project_id: str) -> Project | None:
    """Return one project."""
    found = tx.get(PROJECTS, project_id)
    return _project(found) if found else None


def kinds(tx: Transaction, owner: Project) -> list[Kind]:
    """Return what lies in a project, whatever service it belongs to."""
    found = []
    for collection in tx.collections("google/"):
        if collection.startswith(_HIDDEN) and not collection.startswith(_SHOWN_ALL_THE_SAME):
            continue
        things = list(islice(_things(tx, collection, owner), _MOST + 1))
        if things:
            title = collection.removeprefix("google/")
            found.append(Kind(title, tuple(things[:_MOST]), len(things) > _MOST))
    return found


def repositories(tx: Transaction) -> list[Repository]:
    """Return all repositories."""
    return [
        Repository(
            full_name=full_name(tx, each),
            visibility=str(each.get("visibility", "")),
            default_branch=str(each.get("default_branch", "")),
            runs=tuple(_runs(tx, each)),
        )
        for each in every(tx)
    ]


def _project(found: Document) -> Project:
    parent = found.get("parent") or {}
    return Project(
        id=found["projectId"],
        number=found["projectNumber"],
        name=found.get("name", ""),
        state=found["lifecycleState"],
        parent=f"{parent['type']}s/{parent['id']}" if parent else "",
    )


def _things(tx: Transaction, collection: str, owner: Project) -> Iterator[Thing]:
    for field in INDEXES.get(collection, ()):
        value = {"projectNumber": owner.number, "projectId": owner.id}.get(field)
        if value:
            yield from (_thing(key, found) for key, found in tx.find(collection, field, value))
            return
    for prefix in (f"projects/{owner.id}/", f"projects/{owner.number}/", f"{owner.id}/"):
        yield from (_thing(key, found, prefix) for key, found in tx.scan(collection, prefix))


def _thing(key: str, found: Document, prefix: str = "") -> Thing:
    created = next((str(found[field]) for field in _DATES if found.get(field)), "")
    state = next((found[field] for field in _STATES if isinstance(found.get(field), str)), "")
    return Thing(key.removeprefix(prefix), key, created[:19].replace("T", " "), state)


def _runs(tx: Transaction, repository: Document) -> list[Document]:
    rows = [run for _, run in tx.scan("github/runs", f"{repository['id']}/")]
    return rows[-20:][::-1]
