"""What the roles hold: by Google's own lists where they are at hand, and by the sandbox's tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

from provisioner.sandbox.google.identity.roles import predefined

SHARED = Path(__file__).parents[3] / "shared"
Roles = Mapping[str, frozenset[str]]


@cache
def of_google() -> Roles:
    """Return Google's lists; skips where they are missing."""
    file = SHARED / "google-iam" / "roles.json"
    if not file.exists():
        pytest.skip("Google's lists of roles are not at hand")
    return {role: frozenset(held) for role, held in json.loads(file.read_text(encoding="utf-8")).items()}


def of_sandbox() -> Roles:
    """Return the sandbox's tables."""
    return predefined()


Need = tuple[str, str]
"""A permission and on what: ``project``, or ``thing`` for one of the things in it."""
Held = tuple[str, str]
"""A role and where it was granted: ``project`` or ``thing``."""


def missing(needs: Iterable[Need], held: Iterable[Held], roles: Roles) -> set[Need]:
    """Return what is needed and in none of the roles; one that is held on a thing does not reach the project."""
    has = {(permission, level) for role, level in held for permission in roles[role]}
    return {need for need in needs if not has & {need, (need[0], "project")}}


def idle(needs: Iterable[Need], held: Iterable[Held], roles: Roles) -> set[str]:
    """Return the roles of which no permission is needed."""
    needed = {permission for permission, _ in needs}
    return {role for role, _ in held if roles[role].isdisjoint(needed)}


def spare(needs: Iterable[Need], held: Iterable[Held], roles: Roles) -> set[str]:
    """Return the roles without which the others would still hold everything that is needed."""
    everything, needed = set(held), set(needs)
    short = missing(needed, everything, roles)
    return {each[0] for each in everything if missing(needed, everything - {each}, roles) == short}
