"""Members of IAM bindings: who may be named, and how the server spells them.

https://cloud.google.com/iam/docs/principal-identifiers.
"""

from __future__ import annotations

import re

from provisioner.sandbox.google.errors import ApiError, invalid_argument
from provisioner.sandbox.google.hierarchy import find_project
from provisioner.sandbox.store import Transaction

SERVICE_ACCOUNTS = "google/iam.serviceAccounts"  # by e-mail; fields as iam v1
POOLS = "google/iam.workloadIdentityPools"  # by name with the project's number; fields as iam v1
EVERYONE = ("allUsers", "allAuthenticatedUsers")

_PEOPLE = frozenset(("user", "group", "domain"))
_CONVENIENCE = frozenset(("projectOwner", "projectEditor", "projectViewer"))
_FEDERATED = re.compile(
    r"(?P<kind>principal|principalSet)://iam\.googleapis\.com/"
    r"(?P<pool>projects/\d+/locations/global/workloadIdentityPools/[a-z0-9-]+)/(?P<rest>.+)"
)
_PRINCIPAL = re.compile(r"subject/.+")
_PRINCIPAL_SET = re.compile(r"\*|group/.+|attribute\.[a-z0-9_]+/.*")
_MANAGED = re.compile(
    r"(service-)?\d+(-compute)?@[a-z0-9.-]*gserviceaccount\.com|[a-z][a-z0-9-]+@(appspot|cloudservices)\.gserviceaccount\.com"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def accepted_member(tx: Transaction, member: str, known: frozenset[str]) -> str:
    """Return a member as policies keep it. Raises ApiError INVALID_ARGUMENT in Google's words.

    ``known`` are the members of the policy so far: only those may be named as ``deleted:…``.
    """
    if member in EVERYONE or (member.startswith("deleted:") and member in known):
        return member
    kind, _, rest = member.partition(":")
    if kind in _PEOPLE:
        return _person(kind, rest)
    if kind == "serviceAccount":
        return _service_account(tx, rest.lower())
    if kind in {"principal", "principalSet"}:
        return _federated(tx, member)
    if kind in _CONVENIENCE and find_project(tx, rest):
        return member
    raise _unknown_type(member)


def _person(kind: str, name: str) -> str:
    name = name.lower()
    if kind != "domain" and not _EMAIL.fullmatch(name):
        raise invalid_argument(f"Invalid member: {name} is not an e-mail address.")
    return f"{kind}:{name}"


def _service_account(tx: Transaction, email: str) -> str:
    if tx.get(SERVICE_ACCOUNTS, email) is None and not _MANAGED.fullmatch(email):
        raise invalid_argument(f"Service account {email} does not exist.")
    return f"serviceAccount:{email}"


def _federated(tx: Transaction, member: str) -> str:
    found = _FEDERATED.fullmatch(member)
    if not found:
        raise _unknown_type(member)
    if tx.get(POOLS, found["pool"]) is None:
        raise invalid_argument(
            f"Identity Pool does not exist ({found['pool']}). Please check that you specified a valid resource name "
            "as returned in the `name` attribute in the configuration API."
        )
    form = _PRINCIPAL if found["kind"] == "principal" else _PRINCIPAL_SET
    if not form.fullmatch(found["rest"]):
        raise _unknown_type(member)
    return member


def _unknown_type(member: str) -> ApiError:
    return invalid_argument(
        f"The member {member} is of an unknown type. Please set a valid type prefix for the member."
    )
