"""Tags: keys and their values, kept under an organisation or project, bound to resources.

https://cloud.google.com/resource-manager/docs/tags/tags-overview. A resource has at most one value of a key; it
inherits those of everything above it, and its own value of a key counts before an inherited one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.sandbox.google.errors import already_exists, failed_precondition, invalid_argument, permission_denied
from provisioner.sandbox.google.hierarchy import find_project
from provisioner.sandbox.google.wire import random_number
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
KEYS = "google/resourcemanager.tagKeys"  # by number
VALUES = "google/resourcemanager.tagValues"  # "<key's number>/<number>"
VALUE_NUMBERS = "google/resourcemanager.tagValueNumbers"  # number -> {"tagKey"}
BINDINGS = "google/resourcemanager.tagBindings"  # "<canonical full resource name> <key's number>"
HOLDS = "google/resourcemanager.tagHolds"  # "<value's number>/<hold's id>"
_SHORT_NAME = re.compile(r"[A-Za-z0-9]([^\"'\\/]{0,254}[A-Za-z0-9])?")
_LONGEST_DESCRIPTION = 256
_NUMBERED = re.compile(r"(?<=/projects/)\d+(?=/|$)")


def check_texts(sent: Mapping[str, Any]) -> None:
    """Raise ApiError for a short name or description that is not valid."""
    if not _SHORT_NAME.fullmatch(sent.get("shortName", "")):
        text = "short_name must have 1 to 256 characters, begin and end with a letter or digit"
        raise invalid_argument(f"Invalid short name: {text}.", ("short_name", text))
    if len(sent.get("description", "")) > _LONGEST_DESCRIPTION:
        raise invalid_argument("The description is longer than 256 characters.", ("description", "too long"))


def find_key(tx: Transaction, name: str) -> Document:
    """Return a key by ``tagKeys/<number>``. Raises ApiError PERMISSION_DENIED for a missing one."""
    return _found(tx.get(KEYS, name.removeprefix("tagKeys/")), name)


def find_value(tx: Transaction, name: str) -> Document:
    """Return a value by ``tagValues/<number>``. Raises ApiError PERMISSION_DENIED for a missing one."""
    number = name.removeprefix("tagValues/")
    pointer = tx.get(VALUE_NUMBERS, number) or {"tagKey": ""}
    return _found(tx.get(VALUES, f"{pointer['tagKey']}/{number}"), name)


def named_key(tx: Transaction, namespaced: str) -> Document:
    """Return a key by ``<organisation's number or project's id>/<short name>``. Raises ApiError."""
    return _found(next((key for _, key in tx.scan(KEYS) if key["namespacedName"] == namespaced), None), namespaced)


def named_value(tx: Transaction, namespaced: str) -> Document:
    """Return a value by ``<parent>/<key>/<short name>``. Raises ApiError."""
    key = named_key(tx, namespaced.rpartition("/")[0])
    rows = tx.scan(VALUES, f"{key['name'].removeprefix('tagKeys/')}/")
    return _found(next((value for _, value in rows if value["namespacedName"] == namespaced), None), namespaced)


def new_number() -> str:
    """Return the number of a new key or value."""
    return random_number(15)


def namespace_of(tx: Transaction, parent: str) -> str:
    """Return how names of keys under a parent begin: an organisation's number, a project's id. Raises ApiError."""
    kind, _, number = parent.partition("/")
    if kind == "organizations" and number:
        return number
    owner = find_project(tx, number) if kind == "projects" else None
    if owner is None:
        raise invalid_argument(
            f"Tag keys are kept under organizations and projects, not {parent!r}.", ("parent", parent)
        )
    return str(owner["projectId"])


def check_unique(found: Sequence[Document], short_name: str) -> None:
    """Raise ApiError ALREADY_EXISTS if a short name is taken."""
    if any(entry["shortName"] == short_name for entry in found):
        raise already_exists("Requested entity already exists")


def canonical(tx: Transaction, full_name: str) -> str:
    """Return a full resource name with the project's id in place of its number: as policies are kept."""
    found = _NUMBERED.search(full_name)
    owner = find_project(tx, found[0]) if found else None
    return _NUMBERED.sub(owner["projectId"], full_name, count=1) if owner else full_name


def bindings_of(tx: Transaction, full_name: str) -> list[Document]:
    """Return what is bound to this very resource (canonical name)."""
    return [binding for _, binding in tx.scan(BINDINGS, f"{full_name} ")]


def bound_anywhere(tx: Transaction, value: str) -> bool:
    """Tell whether a value (``tagValues/…``) is bound to any resource."""
    return any(binding["tagValue"] == value for _, binding in tx.scan(BINDINGS))


def effective(tx: Transaction, names: Sequence[str]) -> list[tuple[Document, bool]]:
    """Return (binding, inherited) of a resource; ``names`` are its canonical name and those above, nearest first."""
    counted: dict[str, tuple[Document, bool]] = {}
    for depth, name in enumerate(names):
        for binding in bindings_of(tx, name):
            counted.setdefault(binding["tagKey"], (binding, depth > 0))
    return list(counted.values())


def bind(tx: Transaction, full_name: str, parent: str, value: Document) -> Document:
    """Bind a value to a resource; ``parent`` is the resource's name as the client wrote it. Raises ApiError."""
    key = value["parent"].removeprefix("tagKeys/")
    place = f"{full_name} {key}"
    if tx.get(BINDINGS, place) is not None:
        raise failed_precondition(
            "A binding already exists between the given resource and a TagValue presented by the same TagKey as the "
            "given TagValue."
        )
    made = {
        "parent": parent,
        "tagValue": value["name"],
        "tagKey": value["parent"],
        "tagValueNamespacedName": value["namespacedName"],
    }
    tx.put(BINDINGS, place, made)
    return made


def facts_for_conditions(tx: Transaction, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return what ``resource.matchTag`` and its kin compare: names and ids of keys with their values."""
    texts: dict[str, str] = {}
    ids: dict[str, str] = {}
    for binding, _ in effective(tx, [canonical(tx, name) for name in names]):
        key, _, short = binding["tagValueNamespacedName"].rpartition("/")
        texts[key] = short
        ids[binding["tagKey"]] = binding["tagValue"]
    return {"tags": texts, "tagIds": ids}


def _found(found: Document | None, name: str) -> Document:
    if found is None:
        raise permission_denied(f"Permission denied on resource '{name}' (or it may not exist).")
    return found
