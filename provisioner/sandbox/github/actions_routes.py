"""Actions of a repository over REST: permissions, subject customisation, workflows, dispatches, runs."""

from __future__ import annotations

import re
from typing import Any

from provisioner.sandbox.github import actions_settings, subjects
from provisioner.sandbox.github.accounts import account_by_id
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call
from provisioner.sandbox.github.errors import conflict, unprocessable
from provisioner.sandbox.github.routing import org_read, org_write, repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, TEXTS, Field, text

_PERMISSIONS = {
    "enabled": Field("boolean", required=True),
    "allowed_actions": text(enum=("all", "local_only", "selected")),
    "sha_pinning_required": FLAG,
}
_SELECTED = {"github_owned_allowed": FLAG, "verified_allowed": FLAG, "patterns_allowed": TEXTS}
_WORKFLOW = {
    "default_workflow_permissions": text(enum=("read", "write")),
    "can_approve_pull_request_reviews": FLAG,
}
_SUBJECT = {
    "use_default": Field("boolean", required=True),
    "include_claim_keys": TEXTS,
    "use_immutable_subject": FLAG,
}
_ORG_SUBJECT = {"include_claim_keys": TEXTS, "use_immutable_subject": FLAG}
_CLAIM_KEY = re.compile(r"[A-Za-z0-9_]+")


def get_permissions(call: Call) -> Answer:
    """Show whether Actions run, and which."""
    held = actions_settings.read(call.tx, call.repository)
    if not held["enabled"]:
        return Answer({"enabled": False, "sha_pinning_required": held["sha_pinning_required"]})
    names = ("enabled", "allowed_actions", "sha_pinning_required")
    chosen = {name: held[name] for name in names}
    place = call.urls.api("repositories", call.repository["id"], "actions/permissions/selected-actions")
    return Answer(chosen | ({"selected_actions_url": place} if held["allowed_actions"] == "selected" else {}))


def put_permissions(call: Call) -> Answer:
    """Say whether Actions run, and which."""
    actions_settings.change(call.tx, call.repository, call.body(_PERMISSIONS))
    return NO_CONTENT


def get_selected(call: Call) -> Answer:
    """Show the actions that may be used where ``allowed_actions`` is ``selected``."""
    held = actions_settings.read(call.tx, call.repository)
    if held["allowed_actions"] != "selected":
        raise conflict("All actions and reusable workflows are allowed on this repository")
    return Answer({name: held[name] for name in _SELECTED})


def put_selected(call: Call) -> Answer:
    """Choose the actions that may be used."""
    if actions_settings.read(call.tx, call.repository)["allowed_actions"] != "selected":
        raise conflict("Allowed actions must be set to selected")
    actions_settings.change(call.tx, call.repository, call.body(_SELECTED))
    return NO_CONTENT


def get_workflow_permissions(call: Call) -> Answer:
    """Show what a job's GITHUB_TOKEN may do by default."""
    held = actions_settings.read(call.tx, call.repository)
    return Answer({name: held[name] for name in _WORKFLOW})


def put_workflow_permissions(call: Call) -> Answer:
    """Say what a job's GITHUB_TOKEN may do by default."""
    actions_settings.change(call.tx, call.repository, call.body(_WORKFLOW))
    return NO_CONTENT


def get_subject(call: Call) -> Answer:
    """Show how the subject of id tokens is built."""
    held = call.tx.get(subjects.SETTINGS, subjects.repository_key(call.repository)) or {"use_default": True}
    owner = account_by_id(call.tx, call.repository["owner_id"])["login"]
    immutable = subjects.is_immutable(call.tx, call.repository)
    start = subjects.prefix(call.tx, call.repository, owner)
    return Answer({**held, "use_immutable_subject": immutable, "sub_claim_prefix": start})


def put_subject(call: Call) -> Answer:
    """Say how the subject of id tokens is built."""
    wanted = call.body(_SUBJECT)
    _check_keys(wanted)
    if wanted["use_default"]:
        wanted.pop("include_claim_keys", None)
    call.tx.put(subjects.SETTINGS, subjects.repository_key(call.repository), wanted)
    return Answer({}, 201)


def get_org_subject(call: Call) -> Answer:
    """Show the organisation's template."""
    held = call.tx.get(subjects.SETTINGS, subjects.organization_key(call.organization["id"])) or {}
    return Answer({"include_claim_keys": ["repo", "context"], **held})


def put_org_subject(call: Call) -> Answer:
    """Set the organisation's template."""
    wanted = call.body(_ORG_SUBJECT)
    _check_keys(wanted)
    call.tx.put(subjects.SETTINGS, subjects.organization_key(call.organization["id"]), wanted)
    return Answer({}, 201)


def _check_keys(wanted: dict[str, Any]) -> None:
    keys = wanted.get("include_claim_keys", [])
    if len(set(keys)) != len(keys) or not all(_CLAIM_KEY.fullmatch(key) for key in keys):
        raise unprocessable("include_claim_keys must be unique and can only contain alphanumeric characters and _")


_REPO = "/repos/{owner}/{repo}/actions"
_PERMS, _SUB = f"{_REPO}/permissions", f"{_REPO}/oidc/customization/sub"
_ORG_SUB = "/orgs/{org}/actions/oidc/customization/sub"
_ADMIN_READ, _ADMIN = repo_read("administration", "admin"), repo_write("administration", "admin")
_READ, _WRITE = repo_read("actions"), repo_write("actions")
_DOCS, _OIDC = "actions/permissions", "actions/oidc"
_ORG_PERMISSION = "organization_administration"
ROUTES = (
    route("GET", _PERMS, _ADMIN_READ, get_permissions, _DOCS),
    route("PUT", _PERMS, _ADMIN, put_permissions, _DOCS),
    route("GET", f"{_PERMS}/selected-actions", _ADMIN_READ, get_selected, _DOCS),
    route("PUT", f"{_PERMS}/selected-actions", _ADMIN, put_selected, _DOCS),
    route("GET", f"{_PERMS}/workflow", _ADMIN_READ, get_workflow_permissions, _DOCS),
    route("PUT", f"{_PERMS}/workflow", _ADMIN, put_workflow_permissions, _DOCS),
    route("GET", _SUB, repo_read("actions"), get_subject, _OIDC),
    route("PUT", _SUB, repo_write("actions", "admin"), put_subject, _OIDC),
    route("GET", _ORG_SUB, org_read(_ORG_PERMISSION), get_org_subject, _OIDC),
    route("PUT", _ORG_SUB, org_write(_ORG_PERMISSION), put_org_subject, _OIDC),
)
