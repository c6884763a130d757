"""Access entries of a dataset, which are another spelling of IAM bindings.

https://cloud.google.com/bigquery/docs/control-access-to-resources-iam, .../reference/rest/v2/datasets#Dataset.access.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.identity.policies import write_policy
from provisioner.sandbox.google.warehouse.refusals import invalid
from provisioner.sandbox.store import Transaction

Json = dict[str, Any]
_SHORT = {
    "roles/bigquery.dataViewer": "READER",
    "roles/bigquery.dataEditor": "WRITER",
    "roles/bigquery.dataOwner": "OWNER",
}
_FULL = {short: full for full, short in _SHORT.items()}
_GROUPS = {
    "projectOwners": "projectOwner",
    "projectWriters": "projectEditor",
    "projectReaders": "projectViewer",
}
# Entries that open a dataset to a view, routine or other dataset; they name no role and no person.
_AUTHORIZED = ("view", "routine", "dataset")
_PEOPLE = ("userByEmail", "groupByEmail", "domain", "specialGroup", "iamMember")
_ROBOTS = "gserviceaccount.com"


def default_entries(author: str) -> list[Json]:
    """Return the entries of a dataset whose maker names none."""
    own = [{"role": "OWNER", "userByEmail": author}] if author else []
    return [
        {"role": "WRITER", "specialGroup": "projectWriters"},
        {"role": "OWNER", "specialGroup": "projectOwners"},
        *own,
        {"role": "READER", "specialGroup": "projectReaders"},
    ]


def accepted_entries(entries: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Return entries as the server keeps them: basic roles under their short names. Raises ApiError."""
    accepted = []
    for sent in entries:
        named = [name for name in (*_PEOPLE, *_AUTHORIZED) if sent.get(name)]
        if len(named) != 1:
            raise invalid("Exactly one of userByEmail, groupByEmail, domain, specialGroup, iamMember, view, routine or "
                          "dataset must be set in an access entry.")  # fmt: skip
        if named[0] in _AUTHORIZED:
            accepted.append(dict(sent))
            continue
        role = str(sent.get("role") or "")
        if not role:
            raise invalid("The role of an access entry must be set.")
        accepted.append(dict(sent) | {"role": _SHORT.get(role, role)})
    return accepted


def write_entries(
    tx: Transaction, policy: str, project: str, entries: Iterable[Mapping[str, Any]], now: datetime
) -> None:
    """Write the IAM policy of a dataset out of its entries. Raises ApiError for members or roles that do not exist."""
    bindings = []
    for entry in entries:
        if any(entry.get(name) for name in _AUTHORIZED):
            continue
        role = _FULL.get(entry["role"], entry["role"])
        condition = {"condition": entry["condition"]} if entry.get("condition") else {}
        bindings.append({"role": role, "members": [_member(entry, project)]} | condition)
    write_policy(tx, policy, {"bindings": bindings, "version": 3}, now=now)


def _member(entry: Mapping[str, Any], project: str) -> str:
    if entry.get("userByEmail"):
        kind = "serviceAccount" if entry["userByEmail"].endswith(_ROBOTS) else "user"
        return f"{kind}:{entry['userByEmail']}"
    if entry.get("groupByEmail"):
        return f"group:{entry['groupByEmail']}"
    if entry.get("domain"):
        return f"domain:{entry['domain']}"
    if entry.get("iamMember"):
        return str(entry["iamMember"])
    special = entry["specialGroup"]
    if special == "allAuthenticatedUsers":
        return "allAuthenticatedUsers"
    if special not in _GROUPS:
        raise invalid(f"Invalid value for specialGroup: {special}")
    return f"{_GROUPS[special]}:{project}"
