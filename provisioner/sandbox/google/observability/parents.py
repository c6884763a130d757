"""Projects, folders, organisations and billing accounts as owners of logs, sinks and the like."""

from __future__ import annotations

from provisioner.sandbox.google.errors import not_found, permission_denied
from provisioner.sandbox.google.hierarchy import (
    FOLDERS,
    ORGANIZATIONS,
    parent_policies,
    project,
    project_id,
    project_resource,
)
from provisioner.sandbox.google.method import Resource
from provisioner.sandbox.store import Transaction

_RESOURCES = "cloudresourcemanager.googleapis.com"
_BILLING = "cloudbilling.googleapis.com"
_COLLECTIONS = {"folders": FOLDERS, "organizations": ORGANIZATIONS}


def owner_of(tx: Transaction, name: str) -> str:
    """Return the first two parts of a resource name, a project by its id. Raises ApiError PERMISSION_DENIED."""
    kind, _, rest = name.partition("/")
    identifier = rest.partition("/")[0]
    return f"projects/{project_id(tx, identifier)}" if kind == "projects" else f"{kind}/{identifier}"


def owner_resource(tx: Transaction, name: str) -> Resource:
    """Return the owner in a resource name as a thing that permissions are asked for."""
    kind, _, rest = name.partition("/")
    identifier = rest.partition("/")[0]
    if kind == "projects":
        return project_resource(tx, identifier)
    if kind == "billingAccounts":
        return Resource(
            f"{kind}/{identifier}", f"{_BILLING}/BillingAccount", _BILLING, (f"//{_BILLING}/{kind}/{identifier}",)
        )
    if kind not in _COLLECTIONS:
        raise not_found(f"Unknown resource {name}.")
    if tx.get(_COLLECTIONS[kind], identifier) is None:
        raise permission_denied("The caller does not have permission")
    title = kind.removesuffix("s").capitalize()
    policies = parent_policies(tx, f"{kind}/{identifier}")
    return Resource(f"{kind}/{identifier}", f"{_RESOURCES}/{title}", _RESOURCES, policies)


def number_of(tx: Transaction, owner: str) -> str:
    """Return a project's number, or the number that an owner is called by anyway."""
    kind, _, identifier = owner.partition("/")
    return str(project(tx, identifier)["projectNumber"]) if kind == "projects" else identifier


def below(owner: str, name: str) -> str:
    """Return a resource name with its owner in the canonical spelling."""
    return "/".join([owner, *name.split("/")[2:]])
