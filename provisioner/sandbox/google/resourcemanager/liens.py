"""Liens: why a project must not be deleted.

https://cloud.google.com/resource-manager/docs/project-liens. While a lien restricts ``resourcemanager.projects.delete``
the project cannot be deleted, by nobody.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from provisioner.sandbox.google.errors import failed_precondition, invalid_argument, permission_denied
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.resourcemanager.projects import known, stamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
LIENS = "google/resourcemanager.liens"  # by "p<project number>-l<uuid>"
_DELETION = "resourcemanager.projects.delete"
_RESTRICTION = re.compile(r"resourcemanager\.projects\.(delete|\*)|\*")
_LONGEST = 200


def create(call: Call, sent: Json) -> Document:
    """Place a lien on a project. Raises ApiError INVALID_ARGUMENT."""
    number = project_number(call, sent.get("parent", ""))
    restrictions = sent.get("restrictions") or []
    if not restrictions or not all(_RESTRICTION.fullmatch(restriction) for restriction in restrictions):
        raise invalid_argument(f"A lien must restrict {_DELETION}.", ("lien.restrictions", "unsupported permission"))
    for name in ("origin", "reason"):
        if not 0 < len(sent.get(name, "")) <= _LONGEST:
            raise invalid_argument(
                f"The {name} of a lien must have 1 to {_LONGEST} characters.", (f"lien.{name}", name)
            )
    key = f"p{number}-l{uuid4()}"
    made = {
        "name": f"liens/{key}",
        "parent": f"projects/{number}",
        "restrictions": restrictions,
        "origin": sent["origin"],
        "reason": sent["reason"],
        "createTime": stamp(call.now),
    }
    call.tx.put(LIENS, key, made)
    return made


def find(tx: Transaction, name: str) -> Document:
    """Return a lien by name. Raises ApiError PERMISSION_DENIED, as for a project that is missing."""
    found = tx.get(LIENS, name.removeprefix("liens/"))
    if found is None:
        raise permission_denied("The caller does not have permission")
    return found


def project_number(call: Call, parent: str) -> str:
    """Return the number of the project a lien is placed on. Raises ApiError."""
    kind, _, key = parent.partition("/")
    if kind != "projects" or not key:
        raise invalid_argument(f"Liens are placed on projects only, not on {parent!r}.", ("parent", "projects/…"))
    return str(known(call.tx, key, call.now)["projectNumber"])


def check_deletion(tx: Transaction, owner: Document) -> None:
    """Raise ApiError FAILED_PRECONDITION if a lien holds a project."""
    held = [lien for _, lien in tx.scan(LIENS, f"p{owner['projectNumber']}-")]
    if not held:
        return
    violations = [
        {
            "type": "LIEN",
            "subject": lien["name"],
            "description": f"A lien to prevent deletion was placed on the project by [{lien['origin']}]. "
            "Remove the lien to allow deletion.",
        }
        for lien in held
    ]
    raise failed_precondition(
        violations[0]["description"],
        [{"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": violations}],
    )
