"""Roles and the permissions they hold.

The tables are text, one role a line: ``name: service.resource.verb|verb …``. ``*`` stands for any resource or any
verb of the vocabulary, a leading ``-`` takes permissions away again. Names lack the prefix ``roles/``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from provisioner.sandbox.google.identity.roles import basic, data, further, product, vocabulary
from provisioner.sandbox.store import Document, Transaction

CUSTOM_ROLES = "google/iam.roles"  # by name (projects/p/roles/r, organizations/1/roles/r); fields as iam v1
_PERMISSION = re.compile(r"[a-z][a-zA-Z0-9]*(\.googleapis\.com/[a-zA-Z]+|\.[a-zA-Z]+)\.[a-zA-Z]+")
BASIC_ROLES = ("roles/owner", "roles/editor", "roles/viewer")


def predefined() -> dict[str, frozenset[str]]:
    """Return the permissions of every predefined role, by name (``roles/run.viewer``)."""
    return dict(_predefined())


def vocabulary_permissions() -> frozenset[str]:
    """Return every permission the sandbox knows."""
    return _vocabulary()


def possible_permission(name: str) -> bool:
    """Tell whether Google may know a permission.

    The sandbox knows every permission of the resources it plays; of other resources it only knows the form.
    """
    kind, _, verb = name.rpartition(".")
    if name in _vocabulary():
        return True
    return bool(_PERMISSION.fullmatch(name)) and bool(verb) and kind not in _kinds()


def custom_role(tx: Transaction, name: str) -> Document | None:
    """Return a custom role that may be granted, or None: it is missing or deleted."""
    role = tx.get(CUSTOM_ROLES, name)
    return None if role is None or role.get("deleted") else role


def permissions_of(tx: Transaction, role: str) -> frozenset[str]:
    """Return what a role grants; nothing for a role that is unknown, deleted or disabled."""
    if role.startswith("roles/"):
        return _predefined().get(role, frozenset())
    found = custom_role(tx, role)
    if found is None or found.get("stage") == "DISABLED":
        return frozenset()
    return frozenset(found.get("includedPermissions", ()))


@cache
def _kinds() -> frozenset[str]:
    return frozenset(permission.rpartition(".")[0] for permission in _vocabulary())


@cache
def _vocabulary() -> frozenset[str]:
    return frozenset(f"{kind}.{verb}" for kind, verbs in _lines(vocabulary.PERMISSIONS) for verb in verbs.split())


@cache
def _predefined() -> dict[str, frozenset[str]]:
    joined: dict[str, str] = {}
    for table in (basic, product, further, data):
        for name, terms in _lines(table.ROLES):
            joined[f"roles/{name}"] = f"{joined.get(f'roles/{name}', '')} {terms}"
    return {name: _expand(terms) for name, terms in joined.items()}


def _expand(terms: str) -> frozenset[str]:
    held: set[str] = set()
    for term in terms.split():
        if term.startswith("-"):
            held -= _matching(term[1:])
        else:
            held |= _matching(term)
    return frozenset(held)


def _matching(term: str) -> set[str]:
    kind, _, verbs = term.rpartition(".")
    wanted = set(verbs.split("|"))
    return {permission for permission in _vocabulary() if _matches(permission, kind, wanted)}


def _matches(permission: str, kind: str, wanted: set[str]) -> bool:
    own_kind, _, verb = permission.rpartition(".")
    return kind in {"*", own_kind} and ("*" in wanted or verb in wanted)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name, rest) of a table; indented lines continue the one before."""
    for line in text.replace("\n    ", " ").split("\n"):
        name, _, rest = line.partition(": ")
        if name:
            yield name, rest
