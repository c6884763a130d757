"""Secrets of the Secret Manager API (v1), global ones."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from provisioner.sandbox.google.errors import already_exists, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import inside_project, project, project_resource
from provisioner.sandbox.google.identity.policies import delete_policy
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import check_etag, fresh_etag, page, timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
SERVICE = "secretmanager.googleapis.com"
SECRETS = "google/secretmanager.secrets"  # by name with the project's number; fields as secretmanager v1
VERSIONS = "google/secretmanager.versions"  # "<secret>/versions/<number, ten digits>"
_API = "secretmanager.projects.secrets"
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_FIXED = frozenset(("name", "createTime", "replication"))


def canonical_name(tx: Transaction, name: str) -> str:
    """Return a resource name with the project's number. Raises ApiError PERMISSION_DENIED for an unknown project."""
    _, owner, *rest = name.split("/")
    return "/".join(["projects", project(tx, owner)["projectNumber"], *rest])


def secret_resource(tx: Transaction, name: str) -> Resource:
    """Return a secret, or a version of it, as a thing that permissions are asked for; the policy is the secret's."""
    full = canonical_name(tx, name)
    own = "/".join(full.split("/")[:4])
    kind = "SecretVersion" if "/versions/" in full else "Secret"
    found = inside_project(
        tx, own.split("/")[1], name=full, kind=f"{SERVICE}/{kind}", service=SERVICE, policy=f"//{SERVICE}/{own}"
    )
    denial = f"Permission '{{permission}}' denied for resource '{full}' (or it may not exist)."
    return Resource(found.name, found.kind, SERVICE, found.policies, found.project, denial)


def find_secret(tx: Transaction, name: str) -> Document:
    """Return a secret. Raises ApiError NOT_FOUND."""
    full = canonical_name(tx, name)
    found = tx.get(SECRETS, full)
    if found is None:
        raise not_found(f"Secret [{full}] not found.")
    return found


def _parent(call: Call) -> Resource:
    return project_resource(call.tx, call.params["parent"].split("/")[1])


def _secret(call: Call) -> Resource:
    return secret_resource(call.tx, call.params["name"])


def _policy(call: Call) -> Resource:
    return secret_resource(call.tx, call.params["resource"])


@method(f"{_API}.create", permission="secretmanager.secrets.create", on=_parent)
def create(call: Call) -> Json:
    """Create a secret without a version."""
    secret_id = call.params.get("secretId", "")
    if not _ID.fullmatch(secret_id):
        raise invalid_argument(f"The secretId must be 1 to 255 characters of [A-Za-z0-9_-]: {secret_id!r}")
    name = f"{canonical_name(call.tx, call.params['parent'])}/secrets/{secret_id}"
    if call.tx.get(SECRETS, name) is not None:
        raise already_exists(f"Secret [{name}] already exists.")
    if not call.body.get("replication"):
        text = "Secret.replication must be set."
        raise invalid_argument(text, ("secret.replication", text))
    fixed = {"name": name, "createTime": timestamp(call.now)}
    return _put(call, {key: value for key, value in call.body.items() if value} | fixed)


@method(f"{_API}.get", permission="secretmanager.secrets.get", on=_secret)
def get(call: Call) -> Json:
    """Return a secret, never its content."""
    return find_secret(call.tx, call.params["name"])


@method(f"{_API}.list", permission="secretmanager.secrets.list", on=_parent)
def list_secrets(call: Call) -> Json:
    """Return a page of a project's secrets."""
    prefix = f"{canonical_name(call.tx, call.params['parent'])}/secrets/"
    items, token = page(call, call.tx.scan(SECRETS, prefix), default=25000, maximum=25000)
    return {"secrets": items, "totalSize": len(items)} | ({"nextPageToken": token} if token else {}) if items else {}


@method(f"{_API}.patch", permission="secretmanager.secrets.update", on=_secret)
def patch(call: Call) -> Json:
    """Change what the mask names."""
    found = find_secret(call.tx, call.params["name"])
    check_etag(call.body.get("etag", ""), found["etag"], "The etag does not match the secret's current one.")
    paths = read_update_mask(call.params.get("updateMask", ""), "Secret", call.schemas)
    wrong = [path[0] for path in paths if path[0] in _FIXED]
    if wrong or not paths:
        raise invalid_argument(f"The update mask is empty or names an immutable field: {wrong}")
    changed = apply_update(found, call.body, paths)
    return _put(call, {key: value for key, value in changed.items() if value})


@method(f"{_API}.delete", permission="secretmanager.secrets.delete", on=_secret)
def delete(call: Call) -> None:
    """Delete a secret with all its versions."""
    found = find_secret(call.tx, call.params["name"])
    check_etag(call.params.get("etag") or "", found["etag"], "The etag does not match the secret's current one.")
    for key, _ in list(call.tx.scan(VERSIONS, f"{found['name']}/versions/")):
        call.tx.delete(VERSIONS, key)
        call.tx.delete_blob(key)
    call.tx.delete(SECRETS, found["name"])
    delete_policy(call.tx, f"//{SERVICE}/{found['name']}")


@method(f"{_API}.getIamPolicy", permission="secretmanager.secrets.getIamPolicy", on=_policy)
def get_policy(call: Call) -> Json:
    """Return who may use the secret."""
    find_secret(call.tx, call.params["resource"])
    return get_iam_policy(call, _policy(call))


@method(f"{_API}.setIamPolicy", permission="secretmanager.secrets.setIamPolicy", on=_policy)
def set_policy(call: Call) -> Json:
    """Replace who may use the secret."""
    find_secret(call.tx, call.params["resource"])
    return set_iam_policy(call, _policy(call))


@method(f"{_API}.testIamPermissions", on=_policy)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    find_secret(call.tx, call.params["resource"])
    return test_iam_permissions(call, _policy(call))


def _put(call: Call, secret: Document) -> Document:
    ttl = secret.pop("ttl", "")
    if ttl:
        secret["expireTime"] = timestamp(call.now + timedelta(seconds=float(ttl.removesuffix("s"))))
    changed = secret | {"etag": f'"{fresh_etag(call.tx)}"'}
    call.tx.put(SECRETS, secret["name"], changed)
    return changed
