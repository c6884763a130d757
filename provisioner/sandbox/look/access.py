"""Who can do what: the allow policies of a project and of everything in it, and one question put to IAM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.hierarchy import project_resource
from provisioner.sandbox.google.identity import authorization
from provisioner.sandbox.google.identity.members import EVERYONE
from provisioner.sandbox.google.identity.policies import POLICIES
from provisioner.sandbox.google.method import Caller
from provisioner.sandbox.look.facts import Project
from provisioner.sandbox.store import Transaction

_BUCKET = "//storage.googleapis.com/projects/_/buckets/"


@dataclass(frozen=True, slots=True)
class Grant:
    """One member's role on one resource (its full name without the slashes in front)."""

    member: str
    role: str
    resource: str
    condition: str


def grants(tx: Transaction, owner: Project) -> list[Grant]:
    """Return all grants in a project, by member."""
    buckets = {f"{_BUCKET}{name}" for name, _ in tx.find("google/storage.buckets", "projectNumber", owner.number)}
    found = [
        grant
        for name, policy in tx.scan(POLICIES)
        if _belongs(name, owner) or name in buckets
        for grant in _of(name, policy["bindings"])
    ]
    return sorted(found, key=lambda each: (each.member, each.resource, each.role))


def allowed(tx: Transaction, owner: Project, member: str, permission: str, now: datetime) -> bool:
    """Tell whether IAM lets a member (``user:…``, ``serviceAccount:…``) do something on the project itself."""
    caller = Caller(member, frozenset((member, *EVERYONE)))
    try:
        resource = project_resource(tx, owner.id)
    except ApiError:
        return False
    return bool(authorization.granted(tx, caller, [permission], resource, now))


def _belongs(name: str, owner: Project) -> bool:
    place = name.removeprefix("//").partition("/")[2] + "/"
    return place.startswith((f"projects/{owner.id}/", f"projects/{owner.number}/"))


def _of(name: str, bindings: list[dict[str, object]]) -> Iterator[Grant]:
    for binding in bindings:
        condition = binding.get("condition")
        expression = str(condition.get("expression", "")) if isinstance(condition, dict) else ""
        members = binding["members"]
        for member in members if isinstance(members, list) else ():
            yield Grant(str(member), str(binding["role"]), name.removeprefix("//"), expression)
