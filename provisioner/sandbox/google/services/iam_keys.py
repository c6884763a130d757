"""Keys of service accounts, and the older ways to sign, of the IAM API (v1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from provisioner.sandbox.google.constraints import enforced, values_in_force, violation
from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.google.identity.account_keys import (
    create_key,
    delete_key,
    find_key,
    keys_of,
    set_disabled,
    shown,
    upload_key,
)
from provisioner.sandbox.google.identity.accounts import account_of, account_resource
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.services.iamcredentials import signed_blob, signed_jwt
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "iam.projects.serviceAccounts.keys"
_PERMISSION = "iam.serviceAccountKeys"
_EXPIRY = "iam.serviceAccountKeyExpiryHours"


def _resource(call: Call) -> Resource:
    return account_resource(call.tx, call.params["name"].partition("/keys/")[0])


def _account(call: Call) -> Document:
    return account_of(call.tx, call.params["name"].partition("/keys/")[0])


def _key(call: Call) -> tuple[Document, Document]:
    account = _account(call)
    return account, find_key(call.tx, account, call.params["name"].rpartition("/")[2], call.now)


@method(f"{_API}.create", permission=f"{_PERMISSION}.create", on=_resource)
def create(call: Call) -> Json:
    """Make a key; its private half is shown this once. An organisation policy may forbid it or limit its life."""
    account = _account(call)
    _check_allowed(call, account, "iam.disableServiceAccountKeyCreation", "Key creation")
    return create_key(call.tx, account, call.body, call.now, _end(call))


@method(f"{_API}.upload", permission=f"{_PERMISSION}.create", on=_resource)
def upload(call: Call) -> Json:
    """Keep the public half of a key that was made elsewhere."""
    account = _account(call)
    _check_allowed(call, account, "iam.disableServiceAccountKeyUpload", "Key upload")
    return upload_key(call.tx, account, call.body.get("publicKeyData", ""), call.now)


@method(f"{_API}.get", permission=f"{_PERMISSION}.get", on=_resource)
def get(call: Call) -> Json:
    """Return a key; ``publicKeyType`` asks for its public half."""
    account, found = _key(call)
    return shown(account, found, call.params.get("publicKeyType") or "")


@method(f"{_API}.list", permission=f"{_PERMISSION}.list", on=_resource)
def list_keys(call: Call) -> Json:
    """Return all keys of an account, of one type if ``keyTypes`` says so; there are no pages."""
    account = _account(call)
    wanted = set(call.params.get("keyTypes") or []) - {"KEY_TYPE_UNSPECIFIED"}
    found = [kept for kept in keys_of(call.tx, account, call.now) if not wanted or kept["keyType"] in wanted]
    return {"keys": [shown(account, kept) for kept in found]} if found else {}


@method(f"{_API}.delete", permission=f"{_PERMISSION}.delete", on=_resource)
def delete(call: Call) -> None:
    """Delete a key for good."""
    delete_key(call.tx, *_key(call))


@method(f"{_API}.disable", permission=f"{_PERMISSION}.disable", on=_resource)
def disable(call: Call) -> None:
    """Switch a key off: it signs nothing that is believed until it is on again."""
    set_disabled(call.tx, *_key(call), disabled=True)


@method(f"{_API}.enable", permission=f"{_PERMISSION}.enable", on=_resource)
def enable(call: Call) -> None:
    """Switch a key on again."""
    set_disabled(call.tx, *_key(call), disabled=False)


@method("iam.projects.serviceAccounts.signBlob", permission="iam.serviceAccounts.signBlob", on=_resource)
def sign_blob(call: Call) -> Json:
    """Sign bytes: the older form of ``iamcredentials.signBlob``."""
    key_id, signature = signed_blob(call, _account(call), call.body.get("bytesToSign", ""))
    return {"keyId": key_id, "signature": signature}


@method("iam.projects.serviceAccounts.signJwt", permission="iam.serviceAccounts.signJwt", on=_resource)
def sign_jwt(call: Call) -> Json:
    """Sign a JWT claims set: the older form of ``iamcredentials.signJwt``."""
    key_id, signed = signed_jwt(call, _account(call))
    return {"keyId": key_id, "signedJwt": signed}


def _check_allowed(call: Call, account: Document, constraint: str, what: str) -> None:
    if enforced(call.tx, _resource(call).policies[1:], constraint):
        text = f"{what} is not allowed on this service account."
        raise violation(constraint, text, f"projects/{account['projectId']}/serviceAccounts/{account['email']}")


def _end(call: Call) -> datetime | None:
    """Return when a new key expires under the policy of the hierarchy, None for never."""
    allowed = values_in_force(call.tx, _resource(call).policies[1:], _EXPIRY).allowed
    hours = [value.removeprefix("is:").removesuffix("h") for value in allowed]
    if not all(text.isdigit() for text in hours):
        raise invalid_argument(f"constraints/{_EXPIRY} has a value that is no number of hours.")
    return call.now + timedelta(hours=min(map(int, hours))) if hours else None
