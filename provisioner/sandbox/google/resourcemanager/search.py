"""The filter and query language of Resource Manager, as far as clients use it.

Terms side by side are all required: ``parent.type:folder parent.id:123``, ``lifecycleState:ACTIVE``, ``id=acme-*``,
``labels.env:dev``; ``AND`` may stand between them. Anything else is refused.
https://cloud.google.com/resource-manager/reference/rest/v1/projects/list, …/v3/projects/search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.store import Document

_TERM = re.compile(r"(?P<field>[\w.-]+)\s*(?P<sign>[:=])\s*(?P<value>\"[^\"]*\"|\S+)")
_ALIASES: Mapping[str, Callable[[Document], Any]] = {
    "id": lambda found: found["projectId"],
    "projectid": lambda found: found["projectId"],
    "projectnumber": lambda found: found["projectNumber"],
    "name": lambda found: found["name"],
    "displayname": lambda found: found["name"],
    "lifecyclestate": lambda found: found["lifecycleState"],
    "state": lambda found: found["lifecycleState"],
    "parent.type": lambda found: found.get("parent", {}).get("type", ""),
    "parent.id": lambda found: found.get("parent", {}).get("id", ""),
    "parent": lambda found: f"{found['parent']['type']}s/{found['parent']['id']}" if "parent" in found else "",
}
_CONTAINERS: Mapping[str, Callable[[Document], Any]] = {
    "displayname": lambda found: found.get("displayName", ""),
    "domain": lambda found: found.get("displayName", ""),
    "directorycustomerid": lambda found: found.get("directoryCustomerId", ""),
    "owner.directorycustomerid": lambda found: found.get("directoryCustomerId", ""),
    "name": lambda found: found["name"],
    "parent": lambda found: found.get("parent", ""),
    "state": lambda found: found["state"],
    "lifecyclestate": lambda found: found["state"],
}


def project_filter(text: str) -> Callable[[Document], bool]:
    """Return a test for projects (in the fields of v1). Raises ApiError INVALID_ARGUMENT for what it does not know."""
    return _filter(text, _ALIASES)


def container_filter(text: str) -> Callable[[Document], bool]:
    """Return a test for folders and organisations (in the fields of v3). Raises ApiError INVALID_ARGUMENT."""
    return _filter(text, _CONTAINERS)


def _filter(text: str, fields: Mapping[str, Callable[[Document], Any]]) -> Callable[[Document], bool]:
    rest = _TERM.sub("", text).replace(" AND ", " ").strip()
    if rest not in {"", "AND"}:
        raise invalid_argument(f"Invalid filter: cannot understand '{rest}'")
    terms = [_term(found, fields) for found in _TERM.finditer(text)]
    return lambda project: all(term(project) for term in terms)


def _term(found: re.Match[str], fields: Mapping[str, Callable[[Document], Any]]) -> Callable[[Document], bool]:
    field, wanted = found["field"], found["value"].strip('"').lower()
    if field.startswith("labels."):
        label = field.removeprefix("labels.")
        return lambda project: label in project.get("labels", {}) and fnmatchcase(project["labels"][label], wanted)
    read = fields.get(field.lower())
    if read is None:
        raise invalid_argument(f"Invalid filter: unknown field '{field}'")
    return lambda project: fnmatchcase(str(read(project)).lower(), wanted)
