"""Service accounts as other parts see them: found by name, asked for permissions.

An account's policy is kept under its unique id, so that a new account of an old name inherits nothing.
"""

from __future__ import annotations

import re
from datetime import datetime

from provisioner.sandbox.google.constraints import enforced
from provisioner.sandbox.google.errors import ApiError, not_found
from provisioner.sandbox.google.hierarchy import PROJECTS, project, project_policies
from provisioner.sandbox.google.identity.members import SERVICE_ACCOUNTS
from provisioner.sandbox.google.identity.policies import grant
from provisioner.sandbox.google.method import Resource
from provisioner.sandbox.google.wire import fresh_etag, random_number
from provisioner.sandbox.store import Document, Transaction

SERVICE = "iam.googleapis.com"
_DENIAL = "Permission '{permission}' denied on resource (or it may not exist)."
_NAME = re.compile(r"projects/(?P<project>[^/]+)/serviceAccounts/(?P<key>[^/]+)")


def find_account(tx: Transaction, key: str) -> Document | None:
    """Return a live account by e-mail or unique id, or None."""
    if "@" in key:
        return tx.get(SERVICE_ACCOUNTS, key.lower())
    return next((account for _, account in tx.find(SERVICE_ACCOUNTS, "uniqueId", key)), None)


def account_of(tx: Transaction, name: str) -> Document:
    """Return the account of a resource name; ``-`` stands for any project. Raises ApiError NOT_FOUND."""
    place, key = parse_name(name)
    found = find_account(tx, key)
    if found is None or (place != "-" and found["projectId"] != project(tx, place)["projectId"]):
        raise not_found("Unknown service account")
    return found


def account_resource(tx: Transaction, name: str) -> Resource:
    """Return an account as a thing that permissions are asked for.

    One that does not exist is as closed as its project: whoever may read the project's accounts learns that it is
    missing, others cannot tell.
    """
    place, key = parse_name(name)
    found = find_account(tx, key)
    place = found["projectId"] if found else _project_of(place, key)
    owner = tx.get(PROJECTS, place) if found else _owner(tx, place)
    own = (policy_name(found),) if found else ()
    return Resource(
        name=f"projects/-/serviceAccounts/{found['uniqueId'] if found else key}",
        kind=f"{SERVICE}/ServiceAccount",
        service=SERVICE,
        policies=own + (project_policies(tx, owner) if owner else ()),
        project=owner["projectId"] if owner else "",
        denial=_DENIAL,
    )


def policy_name(account: Document) -> str:
    """Return the full name under which an account's policy is kept."""
    return f"//{SERVICE}/projects/-/serviceAccounts/{account['uniqueId']}"


def parse_name(name: str) -> tuple[str, str]:
    """Split ``projects/<id or ->/serviceAccounts/<e-mail or unique id>``. Raises ApiError NOT_FOUND."""
    found = _NAME.fullmatch(name)
    if not found:
        raise not_found("Unknown service account")
    return found["project"], found["key"]


def new_account(
    tx: Transaction, project_id: str, email: str, display_name: str = "", description: str = ""
) -> Document:
    """Create an account; the caller has checked names."""
    unique_id = random_number(21)
    account = {
        "name": f"projects/{project_id}/serviceAccounts/{email}",
        "projectId": project_id,
        "uniqueId": unique_id,
        "email": email,
        "displayName": display_name,
        "description": description,
        "etag": fresh_etag(tx),
        "oauth2ClientId": unique_id,
    }
    tx.put(SERVICE_ACCOUNTS, email, account)
    return account


def create_default_compute_account(tx: Transaction, owner: Document, now: datetime) -> None:
    """Make the Compute Engine default account of a project and, unless a policy forbids, its Editor grant, once.

    The API does so when it is first enabled: https://cloud.google.com/iam/docs/service-account-types#default.
    """
    email = default_compute_email(owner)
    if tx.get(SERVICE_ACCOUNTS, email) is not None:
        return
    new_account(tx, owner["projectId"], email, "Compute Engine default service account")
    if enforced(tx, project_policies(tx, owner), "iam.automaticIamGrantsForDefaultServiceAccounts"):
        return
    grant(tx, project_policies(tx, owner)[0], "roles/editor", [f"serviceAccount:{email}"], now)


def default_compute_email(owner: Document) -> str:
    """Return the e-mail address of a project's Compute Engine default account."""
    return f"{owner['projectNumber']}-compute@developer.gserviceaccount.com"


def _project_of(place: str, key: str) -> str:
    """Return the project a missing account would be in: as the name says, else as its address says."""
    if place != "-":
        return place
    return key.partition("@")[2].partition(".")[0]


def _owner(tx: Transaction, place: str) -> Document | None:
    try:
        return project(tx, place)
    except ApiError:
        return None
