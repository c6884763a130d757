"""Google groups: named by an address, holding people, service accounts and other groups.

Made when the sandbox is seeded (``groups`` of the plan). A binding to ``group:…`` counts for whoever is in the group,
through any number of groups in between. https://cloud.google.com/iam/docs/groups-in-cloud-console.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from provisioner.errors import InvalidInput
from provisioner.sandbox.store import Transaction

_GROUPS = "google/identity.groups"  # by address -> {"members": [address]}
_MEMBERSHIPS = "google/identity.memberships"  # "<member's address> <group's address>"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def set_group(tx: Transaction, email: str, members: Iterable[str]) -> bool:
    """Write the whole member list of a group; tell whether it differs from before. Raises InvalidInput."""
    wanted = sorted({member.lower() for member in members})
    group = email.lower()
    wrong = [address for address in (group, *wanted) if not _ADDRESS.fullmatch(address)]
    if wrong:
        raise InvalidInput(f"{wrong[0]!r} is no e-mail address", fix="name groups and their members by address")
    before = tx.get(_GROUPS, group)
    for member in (before or {"members": []})["members"]:
        tx.delete(_MEMBERSHIPS, f"{member} {group}")
    for member in wanted:
        tx.put(_MEMBERSHIPS, f"{member} {group}", {})
    tx.put(_GROUPS, group, {"members": wanted})
    return before != {"members": wanted}


def groups_of(tx: Transaction, email: str) -> frozenset[str]:
    """Return ``group:…`` for every group an address is in, directly or through other groups."""
    found: set[str] = set()
    waiting = [email.lower()]
    while waiting:
        prefix = f"{waiting.pop()} "
        above = {key.removeprefix(prefix) for key, _ in tx.scan(_MEMBERSHIPS, prefix)} - found
        found |= above
        waiting += above
    return frozenset(f"group:{group}" for group in found)
