"""Cloud Storage JSON API: HMAC keys of service accounts, for clients that sign as S3 ones do.

https://cloud.google.com/storage/docs/authentication/hmackeys. The secret is shown once.
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.hierarchy import project, project_resource
from provisioner.sandbox.google.identity.accounts import find_account
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.storage import hmackeys
from provisioner.sandbox.google.storage.refusals import condition_not_met, invalid
from provisioner.sandbox.google.wire import page, timestamp
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_STATES = ("ACTIVE", "INACTIVE")
_MOST_PER_ACCOUNT = 10


def _project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["projectId"])


@method("storage.projects.hmacKeys.create", permission="storage.hmacKeys.create", on=_project)
def create(call: Call) -> Json:
    """Make a key for a service account of the project."""
    owner = project(call.tx, call.params["projectId"])
    email = call.params["serviceAccountEmail"]
    account = find_account(call.tx, email)
    if account is None or account["projectId"] != owner["projectId"]:
        raise ApiError("NOT_FOUND", f"Service Account '{email}' not found.")
    if len(hmackeys.of_account(call.tx, owner["projectId"], email)) >= _MOST_PER_ACCOUNT:
        raise invalid(f"A service account can have at most {_MOST_PER_ACCOUNT} HMAC keys.")
    made, secret = hmackeys.create(call.tx, owner["projectId"], account["email"], call.now)
    return {"kind": "storage#hmacKey", "metadata": made, "secret": secret}


@method("storage.projects.hmacKeys.get", permission="storage.hmacKeys.get", on=_project)
def get(call: Call) -> Json:
    """Return what is known of a key, never its secret."""
    return _found(call)


@method("storage.projects.hmacKeys.list", permission="storage.hmacKeys.list", on=_project)
def list_keys(call: Call) -> Json:
    """Return the keys of a project, of one account if asked so; deleted ones only when asked for."""
    owner = project(call.tx, call.params["projectId"])["projectId"]
    email, deleted = call.params.get("serviceAccountEmail"), call.params.get("showDeletedKeys")
    rows = (
        (key, found)
        for key, found in hmackeys.of_project(call.tx, owner)
        if (not email or found["serviceAccountEmail"] == email) and (deleted or found["state"] != "DELETED")
    )
    items, token = page(call, rows, size="maxResults", default=250)
    answer: Json = {"kind": "storage#hmacKeysMetadata"}
    return answer | ({"items": items} if items else {}) | ({"nextPageToken": token} if token else {})


@method("storage.projects.hmacKeys.update", permission="storage.hmacKeys.update", on=_project)
def update(call: Call) -> Json:
    """Switch a key on or off."""
    found = _found(call)
    if found["state"] == "DELETED":
        raise invalid("Cannot update a deleted HMAC key.")
    if call.body.get("etag", found["etag"]) != found["etag"]:
        raise condition_not_met()
    if call.body.get("state") not in _STATES:
        raise invalid(f"Invalid state: {call.body.get('state')}", location="state")
    return hmackeys.change(call.tx, found, {"state": call.body["state"], "updated": timestamp(call.now)})


@method("storage.projects.hmacKeys.delete", permission="storage.hmacKeys.delete", on=_project)
def delete(call: Call) -> Response:
    """Delete a key that is switched off; what is known of it stays, its secret goes."""
    found = _found(call)
    if found["state"] != "INACTIVE":
        raise invalid("Cannot delete keys in 'ACTIVE' state." if found["state"] == "ACTIVE" else "The key is deleted.")
    hmackeys.change(call.tx, found, {"state": "DELETED", "updated": timestamp(call.now)})
    hmackeys.forget_secret(call.tx, found["accessId"])
    return Response(204)


def _found(call: Call) -> Document:
    owner = project(call.tx, call.params["projectId"])["projectId"]
    found = hmackeys.find(call.tx, call.params["accessId"])
    if found is None or found["projectId"] != owner:
        raise ApiError("NOT_FOUND", "Access ID not found in project.")
    return found
