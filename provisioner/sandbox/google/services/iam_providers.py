"""Providers of workload identity pools, of the IAM API (v1).

All kinds are checked and kept; only OIDC providers exchange tokens here (see ``sts``).
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.constraints import admits, violation
from provisioner.sandbox.google.errors import invalid_argument, not_found, unimplemented
from provisioner.sandbox.google.identity.federation import PROVIDERS
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.services.iam_pools import (
    canonical_name,
    check_new_name,
    check_texts,
    find_pool,
    finished,
    listed,
    mark_deleted,
    mark_restored,
    pool_resource,
    purged,
)
from provisioner.sandbox.google.services.iam_provider_rules import check_provider
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_API = "iam.projects.locations.workloadIdentityPools.providers"
_PERMISSION = "iam.googleapis.com/workloadIdentityPoolProviders"
_KIND = "WorkloadIdentityPoolProvider"
# What Google fills in for an AWS provider without a mapping.
_AWS_MAPPING = {
    "google.subject": "assertion.arn",
    "attribute.aws_role": "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/')"
    " + 'assumed-role/' + assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn",
}
_FIXED = frozenset(("name", "state", "expireTime"))


def _pool(call: Call) -> Resource:
    name = call.params.get("parent") or call.params["name"].partition("/providers/")[0]
    return pool_resource(call, name)


def _existing(call: Call) -> Document:
    name = canonical_name(call.tx, call.params["name"])
    kept = call.tx.get(PROVIDERS, name)
    if kept is None or purged(kept, call.now) or find_pool(call.tx, name.partition("/providers/")[0], call.now) is None:
        raise not_found("Requested entity was not found.")
    return kept


def _put(call: Call, provider: Document) -> Json:
    call.tx.put(PROVIDERS, provider["name"], provider)
    return finished(call, _KIND, provider)


def _checked(call: Call, document: Json) -> Json:
    if "actorProviders" in document:
        raise unimplemented("The sandbox has no actor providers.")
    check_texts(document)
    if "aws" in document and not document.get("attributeMapping"):
        document = document | {"attributeMapping": dict(_AWS_MAPPING)}
    check_provider(document)
    _check_policy(call, document)
    return {key: value for key, value in document.items() if value}


def _check_policy(call: Call, document: Json) -> None:
    """Raise ApiError where an organisation policy names other issuers or AWS accounts."""
    asked = {
        "iam.workloadIdentityPoolProviders": document.get("oidc", {}).get("issuerUri", ""),
        "iam.workloadIdentityPoolAwsAccounts": document.get("aws", {}).get("accountId", ""),
    }
    names = _pool(call).policies[1:]
    for constraint, value in asked.items():
        if value and not admits(call.tx, names, constraint, value):
            text = f"Org Policy violated for value: '{value}'."
            raise violation(constraint, text, _pool(call).name)


@method(f"{_API}.create", permission=f"{_PERMISSION}.create", on=_pool)
def create(call: Call) -> Json:
    """Create a provider in a live pool."""
    parent = canonical_name(call.tx, call.params["parent"])
    pool = find_pool(call.tx, parent, call.now)
    if pool is None or pool["state"] != "ACTIVE":
        raise not_found("Requested entity was not found.")
    name = f"{parent}/providers/{call.params['workloadIdentityPoolProviderId']}"
    check_new_name(
        "pool_provider", call.params["workloadIdentityPoolProviderId"], call.tx.get(PROVIDERS, name), call.now
    )
    return _put(call, _checked(call, call.body) | {"name": name, "state": "ACTIVE"})


@method(f"{_API}.get", permission=f"{_PERMISSION}.get", on=_pool)
def get(call: Call) -> Json:
    """Return a provider, a deleted one too."""
    return _existing(call)


@method(f"{_API}.list", permission=f"{_PERMISSION}.list", on=_pool)
def list_providers(call: Call) -> Json:
    """Return a page of a pool's providers."""
    parent = canonical_name(call.tx, call.params["parent"])
    if find_pool(call.tx, parent, call.now) is None:
        raise not_found("Requested entity was not found.")
    return listed(call, PROVIDERS, f"{parent}/providers", "workloadIdentityPoolProviders")


@method(f"{_API}.patch", permission=f"{_PERMISSION}.update", on=_pool)
def patch(call: Call) -> Json:
    """Change what the mask names; the result must be a valid provider."""
    provider = _existing(call)
    if provider["state"] == "DELETED":
        raise not_found("Requested entity was not found.")
    paths = read_update_mask(call.params.get("updateMask", ""), _KIND, call.schemas)
    if not paths or any(path[0] in _FIXED for path in paths):
        raise invalid_argument("The update mask is empty or names a field that cannot be changed.")
    return _put(call, _checked(call, apply_update(provider, call.body, paths)))


@method(f"{_API}.delete", permission=f"{_PERMISSION}.delete", on=_pool)
def delete(call: Call) -> Json:
    """Delete a provider: no more exchanges through it."""
    return _put(call, mark_deleted(_existing(call), call.now))


@method(f"{_API}.undelete", permission=f"{_PERMISSION}.undelete", on=_pool)
def undelete(call: Call) -> Json:
    """Bring a deleted provider back."""
    return _put(call, mark_restored(_existing(call)))
