"""Service accounts of the IAM API (v1)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from provisioner.sandbox.google.constraints import enforced, violation
from provisioner.sandbox.google.errors import already_exists, failed_precondition, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import project, project_resource
from provisioner.sandbox.google.identity.accounts import (
    account_of,
    account_resource,
    new_account,
    parse_name,
)
from provisioner.sandbox.google.identity.members import SERVICE_ACCOUNTS
from provisioner.sandbox.google.identity.policies import rename_member
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import check_etag, fresh_etag, page, parse_timestamp, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "iam.projects.serviceAccounts"
_DELETED = "google/iam.serviceAccounts.deleted"  # by unique id, with deleteTime
_UNDELETE_WINDOW = timedelta(days=30)
_ACCOUNT_ID = re.compile(r"[a-z]([-a-z0-9]{4,28}[a-z0-9])")
_LIMITS = {"displayName": 100, "description": 256}
_MUTABLE = frozenset((("displayName",), ("description",)))


def _project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["name"].split("/")[1])


def _account(call: Call) -> Resource:
    return account_resource(call.tx, call.params["name"])


def _policy(call: Call) -> Resource:
    return account_resource(call.tx, call.params["resource"])


@method(f"{_API}.create", permission="iam.serviceAccounts.create", on=_project)
def create(call: Call) -> Json:
    """Create an account ``<accountId>@<project>.iam.gserviceaccount.com``."""
    owner = project(call.tx, call.params["name"].split("/")[1])["projectId"]
    if enforced(call.tx, _project(call).policies, "iam.disableServiceAccountCreation"):
        text = "Service account creation is not allowed on this project."
        raise violation("iam.disableServiceAccountCreation", text, f"projects/{owner}")
    account_id = call.body.get("accountId", "")
    if not _ACCOUNT_ID.fullmatch(account_id):
        text = f"Service account ID must match {_ACCOUNT_ID.pattern} and be 6 to 30 characters long: {account_id!r}"
        raise invalid_argument(text, ("account_id", text))
    sent = call.body.get("serviceAccount", {})
    _check_texts(sent)
    email = f"{account_id}@{owner}.iam.gserviceaccount.com"
    if call.tx.get(SERVICE_ACCOUNTS, email) is not None:
        raise already_exists(f"Service account {account_id} already exists within project projects/{owner}.")
    return _shown(new_account(call.tx, owner, email, sent.get("displayName", ""), sent.get("description", "")))


@method(f"{_API}.get", permission="iam.serviceAccounts.get", on=_account)
def get(call: Call) -> Json:
    """Return one account."""
    return _shown(account_of(call.tx, call.params["name"]))


@method(f"{_API}.list", permission="iam.serviceAccounts.list", on=_project)
def list_accounts(call: Call) -> Json:
    """Return a page of a project's accounts."""
    owner = project(call.tx, call.params["name"].split("/")[1])["projectId"]
    accounts, token = page(call, call.tx.find(SERVICE_ACCOUNTS, "projectId", owner), default=20, maximum=100)
    return ({"accounts": [_shown(found) for found in accounts]} if accounts else {}) | (
        {"nextPageToken": token} if token else {}
    )


@method(f"{_API}.patch", permission="iam.serviceAccounts.update", on=_account)
def patch(call: Call) -> Json:
    """Change display name or description; the mask is in the body."""
    found = account_of(call.tx, call.params["name"])
    sent = call.body.get("serviceAccount", {})
    paths = read_update_mask(call.body.get("updateMask", ""), "ServiceAccount", call.schemas)
    if not paths or not _MUTABLE.issuperset(paths):
        raise invalid_argument("The update mask may name display_name and description only.")
    return _shown(_changed(call, found, sent, apply_update(found, sent, paths)))


@method(f"{_API}.update", permission="iam.serviceAccounts.update", on=_account)
def update(call: Call) -> Json:
    """Replace the display name: the older form of ``patch``."""
    found = account_of(call.tx, call.params["name"])
    return _shown(_changed(call, found, call.body, found | {"displayName": call.body.get("displayName", "")}))


@method(f"{_API}.delete", permission="iam.serviceAccounts.delete", on=_account)
def delete(call: Call) -> None:
    """Delete an account; its members become ``deleted:…`` and it can be brought back for 30 days."""
    found = account_of(call.tx, call.params["name"])
    call.tx.delete(SERVICE_ACCOUNTS, found["email"])
    call.tx.put(_DELETED, found["uniqueId"], found | {"deleteTime": timestamp(call.now)})
    rename_member(call.tx, f"serviceAccount:{found['email']}", _deleted_member(found))


@method(f"{_API}.undelete")
def undelete(call: Call) -> Json:
    """Bring a deleted account back, by its unique id, unless its name is taken again."""
    _, unique_id = parse_name(call.params["name"])
    gone = call.tx.get(_DELETED, unique_id)
    if gone is None or parse_timestamp(gone["deleteTime"]) + _UNDELETE_WINDOW <= call.now:
        raise not_found("Unknown service account")
    call.require("iam.serviceAccounts.undelete", project_resource(call.tx, gone["projectId"]))
    if call.tx.get(SERVICE_ACCOUNTS, gone["email"]) is not None:
        raise failed_precondition(f"A service account named {gone['email']} exists again.")
    restored = {key: value for key, value in gone.items() if key != "deleteTime"}
    call.tx.delete(_DELETED, unique_id)
    call.tx.put(SERVICE_ACCOUNTS, restored["email"], restored)
    rename_member(call.tx, _deleted_member(restored), f"serviceAccount:{restored['email']}")
    return {"restoredAccount": _shown(restored)}


@method(f"{_API}.enable", permission="iam.serviceAccounts.enable", on=_account)
def enable(call: Call) -> None:
    """Let the account act again."""
    _put_disabled(call, disabled=False)


@method(f"{_API}.disable", permission="iam.serviceAccounts.disable", on=_account)
def disable(call: Call) -> None:
    """Stop the account: its tokens are refused from now on."""
    _put_disabled(call, disabled=True)


@method(f"{_API}.getIamPolicy", permission="iam.serviceAccounts.getIamPolicy", on=_policy)
def get_policy(call: Call) -> Json:
    """Return who may act on the account."""
    account_of(call.tx, call.params["resource"])
    return get_iam_policy(call, _policy(call))


@method(f"{_API}.setIamPolicy", permission="iam.serviceAccounts.setIamPolicy", on=_policy)
def set_policy(call: Call) -> Json:
    """Replace who may act on the account."""
    account_of(call.tx, call.params["resource"])
    return set_iam_policy(call, _policy(call))


@method(f"{_API}.testIamPermissions", on=_policy)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    account_of(call.tx, call.params["resource"])
    return test_iam_permissions(call, _policy(call))


def _changed(call: Call, found: Document, sent: Json, changed: Document) -> Document:
    check_etag(sent.get("etag", ""), found["etag"], "There were concurrent changes of this service account.")
    _check_texts(changed)
    changed = found | {key: changed.get(key, "") for key in _LIMITS} | {"etag": fresh_etag(call.tx)}
    call.tx.put(SERVICE_ACCOUNTS, found["email"], changed)
    return changed


def _put_disabled(call: Call, *, disabled: bool) -> None:
    found = account_of(call.tx, call.params["name"])
    call.tx.put(SERVICE_ACCOUNTS, found["email"], found | {"disabled": disabled, "etag": fresh_etag(call.tx)})


def _check_texts(sent: Json) -> None:
    for name, limit in _LIMITS.items():
        if len(sent.get(name, "").encode()) > limit:
            text = f"The {name} must not be longer than {limit} bytes."
            raise invalid_argument(text, (f"service_account.{name}", text))


def _deleted_member(account: Document) -> str:
    return f"deleted:serviceAccount:{account['email']}?uid={account['uniqueId']}"


def _shown(account: Document) -> Json:
    return {key: value for key, value in account.items() if value not in ("", False)}
