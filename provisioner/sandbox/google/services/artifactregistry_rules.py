"""Download rules and attachments of the Artifact Registry API.

https://cloud.google.com/artifact-registry/docs/repositories/download-rules. A rule denies or allows the download of a
package, or of all of a repository; the container registry asks ``may_download`` before it shows a manifest.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import already_exists, invalid_argument, not_found, unimplemented
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.registry.downloads import RULES
from provisioner.sandbox.google.services.artifactregistry_repositories import find_repository, repository_resource
from provisioner.sandbox.google.wire import page, timestamp
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "artifactregistry.projects.locations.repositories"
_TYPE = "type.googleapis.com/google.devtools.artifactregistry.v1"
_ATTACHMENTS = "google/artifactregistry.attachments"  # by name
_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_RULE_FIELDS = frozenset(("action", "operation", "condition", "packageId"))
_DEPTH = 6


def _resource(call: Call) -> Resource:
    return repository_resource(call.tx, call.params.get("name") or call.params["parent"])


def _repository(call: Call) -> str:
    name = call.params.get("name") or call.params["parent"]
    return str(find_repository(call.tx, "/".join(name.split("/")[:_DEPTH]))["name"])


def _existing(call: Call, collection: str) -> Document:
    own = "/".join(call.params["name"].split("/")[_DEPTH:])
    found = call.tx.get(collection, f"{_repository(call)}/{own}")
    if found is None:
        raise not_found("Requested entity was not found.")
    return found


def _new_name(call: Call, collection: str, kind: str, identifier: str) -> str:
    name = f"{_repository(call)}/{kind}/{identifier}"
    if not _ID.fullmatch(identifier):
        raise invalid_argument(f"Invalid id {identifier!r}.", (f"{kind[:-1]}_id", "letters, digits and hyphens"))
    if call.tx.get(collection, name) is not None:
        raise already_exists("Requested entity already exists")
    return name


def _listed(call: Call, collection: str, kind: str) -> Json:
    found, token = page(call, call.tx.scan(collection, f"{_repository(call)}/"))
    return ({kind: found} if found else {}) | ({"nextPageToken": token} if token else {})


def _checked_rule(rule: Json) -> Json:
    if rule.get("action") not in {"ALLOW", "DENY"} or rule.get("operation") != "DOWNLOAD":
        raise invalid_argument("A rule needs an action and the operation DOWNLOAD.", ("rule", "action, operation"))
    if rule.get("condition", {}).get("expression"):
        raise unimplemented("The sandbox has download rules without conditions only.")
    return {key: value for key, value in rule.items() if value}


@method(f"{_API}.rules.create", permission="artifactregistry.rules.create", on=_resource)
def create_rule(call: Call) -> Json:
    """Create a rule."""
    name = _new_name(call, RULES, "rules", call.params.get("ruleId") or "")
    rule = _checked_rule(call.body) | {"name": name}
    call.tx.put(RULES, name, rule)
    return rule


@method(f"{_API}.rules.get", permission="artifactregistry.rules.get", on=_resource)
def get_rule(call: Call) -> Json:
    """Return a rule."""
    return _existing(call, RULES)


@method(f"{_API}.rules.list", permission="artifactregistry.rules.list", on=_resource)
def list_rules(call: Call) -> Json:
    """Return a page of a repository's rules."""
    return _listed(call, RULES, "rules")


@method(f"{_API}.rules.patch", permission="artifactregistry.rules.update", on=_resource)
def patch_rule(call: Call) -> Json:
    """Change a rule."""
    found = _existing(call, RULES)
    mask = call.params.get("updateMask") or ",".join(sorted(_RULE_FIELDS & set(call.body)))
    paths = read_update_mask(mask, "GoogleDevtoolsArtifactregistryV1Rule", call.schemas)
    rule = _checked_rule(apply_update(found, call.body, paths)) | {"name": found["name"]}
    call.tx.put(RULES, rule["name"], rule)
    return rule


@method(f"{_API}.rules.delete", permission="artifactregistry.rules.delete", on=_resource)
def delete_rule(call: Call) -> None:
    """Delete a rule."""
    call.tx.delete(RULES, _existing(call, RULES)["name"])


@method(f"{_API}.attachments.create", permission="artifactregistry.attachments.create", on=_resource)
def create_attachment(call: Call) -> Json:
    """Attach files to a version."""
    name = _new_name(call, _ATTACHMENTS, "attachments", call.params.get("attachmentId") or "")
    if not call.body.get("target", "").startswith(f"{_repository(call)}/packages/") or not call.body.get("files"):
        raise invalid_argument("An attachment needs a target of its repository and files.", ("attachment", "target"))
    stamp = timestamp(call.now)
    made = {key: value for key, value in call.body.items() if value}
    made |= {"name": name, "createTime": stamp, "updateTime": stamp}
    call.tx.put(_ATTACHMENTS, name, made)
    return _operation(call, {"@type": f"{_TYPE}.Attachment"} | made)


@method(f"{_API}.attachments.get", permission="artifactregistry.attachments.get", on=_resource)
def get_attachment(call: Call) -> Json:
    """Return an attachment."""
    return _existing(call, _ATTACHMENTS)


@method(f"{_API}.attachments.list", permission="artifactregistry.attachments.list", on=_resource)
def list_attachments(call: Call) -> Json:
    """Return a page of a repository's attachments."""
    return _listed(call, _ATTACHMENTS, "attachments")


@method(f"{_API}.attachments.delete", permission="artifactregistry.attachments.delete", on=_resource)
def delete_attachment(call: Call) -> Json:
    """Delete an attachment."""
    call.tx.delete(_ATTACHMENTS, _existing(call, _ATTACHMENTS)["name"])
    return _operation(call, {"@type": "type.googleapis.com/google.protobuf.Empty"})


def _operation(call: Call, response: Json) -> Json:
    name = f"{_repository(call).partition('/repositories/')[0]}/operations/{uuid4()}"
    return operations.succeeded(call, name, response, {"@type": f"{_TYPE}.OperationMetadata"})
