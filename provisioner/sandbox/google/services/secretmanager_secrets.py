"""Secrets of the Secret Manager API (v1), global and regional ones.

Expiry, rotation and delayed destruction follow the sandbox's clock (messaging/secret_times.py). Managed rotation is
not played.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.errors import already_exists, invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import inside_project, project, project_id, project_resource
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.messaging.records import duration_of
from provisioner.sandbox.google.messaging.secret_events import announce, check_topics
from provisioner.sandbox.google.messaging.secret_rules import check_secret
from provisioner.sandbox.google.messaging.secret_times import SECRETS, VERSIONS, forget_secret, note_times
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.observability.language import QueryError, parse_query
from provisioner.sandbox.google.regions import REGIONS, get_location, list_locations
from provisioner.sandbox.google.wire import check_etag, fresh_etag, page, timestamp
from provisioner.sandbox.store import Document, Transaction

__all__ = ["SECRETS", "SERVICE", "VERSIONS", "canonical_name", "find_secret", "secret_methods", "secret_resource"]

Json = dict[str, Any]
SERVICE = "secretmanager.googleapis.com"
_PROJECTS = "secretmanager.projects"
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_FIXED = frozenset(("name", "createTime", "replication", "customerManagedEncryption"))
_STALE = "The etag does not match the secret's current one."


def secret_methods(verb: str) -> tuple[str, str]:
    """Return the two discovery methods of a verb: on global and on regional secrets."""
    return f"{_PROJECTS}.secrets.{verb}", f"{_PROJECTS}.locations.secrets.{verb}"


def canonical_name(tx: Transaction, name: str) -> str:
    """Return a resource name with the project's number. Raises ApiError PERMISSION_DENIED for an unknown project."""
    _, owner, *rest = name.split("/")
    return "/".join(["projects", project(tx, owner)["projectNumber"], *rest])


def secret_resource(tx: Transaction, name: str) -> Resource:
    """Return a secret, or a version of it, as a thing that permissions are asked for; the policy is the secret's."""
    full = canonical_name(tx, name)
    own = full.partition("/versions/")[0]
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


def filtered(call: Call, documents: list[Document]) -> list[Document]:
    """Return those of the documents that the request's filter takes."""
    try:
        test = parse_query(call.params.get("filter") or "")
    except QueryError as error:
        raise invalid_argument(f"Invalid filter: {error}", ("filter", str(error))) from None
    return [document for document in documents if test(document)]


def _parent(call: Call) -> Resource:
    return project_resource(call.tx, call.params["parent"].split("/")[1])


def _project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["name"].split("/")[1])


def _secret(call: Call) -> Resource:
    return secret_resource(call.tx, call.params["name"])


def _policy(call: Call) -> Resource:
    return secret_resource(call.tx, call.params["resource"])


@method(f"{_PROJECTS}.locations.list", permission="secretmanager.locations.list", on=_project)
def locations(call: Call) -> Json:
    """Return the regions in which secrets can be."""
    return list_locations(call, f"projects/{project_id(call.tx, call.params['name'].split('/')[1])}")


@method(f"{_PROJECTS}.locations.get", permission="secretmanager.locations.get", on=_project)
def location(call: Call) -> Json:
    """Return one region."""
    _, owner, _, region = call.params["name"].split("/")
    return get_location(f"projects/{project_id(call.tx, owner)}", region)


@method(*secret_methods("create"), permission="secretmanager.secrets.create", on=_parent)
def create(call: Call) -> Json:
    """Create a secret without a version."""
    secret_id = call.params.get("secretId", "")
    if not _ID.fullmatch(secret_id):
        raise invalid_argument(f"The secretId must be 1 to 255 characters of [A-Za-z0-9_-]: {secret_id!r}")
    parent = canonical_name(call.tx, call.params["parent"])
    if "/locations/" in parent and parent.rpartition("/")[2] not in REGIONS:
        raise invalid_argument(f"Location {parent.rpartition('/')[2]!r} is not a region of Secret Manager.")
    name = f"{parent}/secrets/{secret_id}"
    if call.tx.get(SECRETS, name) is not None:
        raise already_exists(f"Secret [{name}] already exists.")
    fixed = {"name": name, "createTime": timestamp(call.now)}
    made = _put(call, {key: value for key, value in call.body.items() if value} | fixed, [])
    announce(call.world, call.tx, made, "SECRET_CREATE", call.now)
    return made


@method(*secret_methods("get"), permission="secretmanager.secrets.get", on=_secret)
def get(call: Call) -> Json:
    """Return a secret, never its content."""
    return find_secret(call.tx, call.params["name"])


@method(*secret_methods("list"), permission="secretmanager.secrets.list", on=_parent)
def list_secrets(call: Call) -> Json:
    """Return a page of the secrets of a project or region; the filter has the form of Logging's."""
    prefix = f"{canonical_name(call.tx, call.params['parent'])}/secrets/"
    found = filtered(call, [secret for _, secret in call.tx.scan(SECRETS, prefix)])
    items, token = page(call, ((secret["name"], secret) for secret in found), default=25000, maximum=25000)
    shown: Json = {"secrets": items, "totalSize": len(found)} if items else {}
    return shown | ({"nextPageToken": token} if token else {})


@method(*secret_methods("patch"), permission="secretmanager.secrets.update", on=_secret)
def patch(call: Call) -> Json:
    """Change what the mask names."""
    found = find_secret(call.tx, call.params["name"])
    check_etag(call.body.get("etag", ""), found["etag"], _STALE)
    paths = read_update_mask(call.params.get("updateMask", ""), "Secret", call.schemas)
    wrong = [path[0] for path in paths if path[0] in _FIXED]
    if wrong or not paths:
        raise invalid_argument(f"The update mask is empty or names an immutable field: {wrong}")
    changed = {key: value for key, value in apply_update(found, call.body, paths).items() if value}
    made = _put(call, changed, found.get("topics", []))
    announce(call.world, call.tx, made, "SECRET_UPDATE", call.now)
    return made


@method(*secret_methods("delete"), permission="secretmanager.secrets.delete", on=_secret)
def delete(call: Call) -> None:
    """Delete a secret with all its versions."""
    found = find_secret(call.tx, call.params["name"])
    check_etag(call.params.get("etag") or "", found["etag"], _STALE)
    forget_secret(call.tx, found)
    announce(call.world, call.tx, found, "SECRET_DELETE", call.now)


@method(*secret_methods("getIamPolicy"), permission="secretmanager.secrets.getIamPolicy", on=_policy)
def get_policy(call: Call) -> Json:
    """Return who may use the secret."""
    find_secret(call.tx, call.params["resource"])
    return get_iam_policy(call, _policy(call))


@method(*secret_methods("setIamPolicy"), permission="secretmanager.secrets.setIamPolicy", on=_policy)
def set_policy(call: Call) -> Json:
    """Replace who may use the secret."""
    find_secret(call.tx, call.params["resource"])
    return set_iam_policy(call, _policy(call))


@method(*secret_methods("testIamPermissions"), on=_policy)
def test_permissions(call: Call) -> Json:
    """Return what of the asked the caller may do."""
    find_secret(call.tx, call.params["resource"])
    return test_iam_permissions(call, _policy(call))


def _put(call: Call, secret: Document, known_topics: list[Json]) -> Document:
    ttl = secret.pop("ttl", "")
    if ttl:
        secret["expireTime"] = timestamp(call.now + duration_of(ttl))
    check_secret(call.tx, secret, call.now)
    changed = secret | {"etag": f'"{fresh_etag(call.tx)}"'}
    call.tx.put(SECRETS, secret["name"], changed)
    _schedule(call, changed, call.now)
    check_topics(call.world, call.tx, changed, known_topics, call.now)
    return changed


def _schedule(call: Call, secret: Document, now: datetime) -> None:
    note_times(call.tx, secret, now)
    call.world.errands.wake()
