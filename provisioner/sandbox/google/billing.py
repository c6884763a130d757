"""Billing accounts and which project pays from which."""

from __future__ import annotations

import re
from typing import Any

from provisioner.sandbox.google.errors import permission_denied
from provisioner.sandbox.google.hierarchy import parent_policies
from provisioner.sandbox.google.method import Resource
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
ACCOUNTS = "google/billing.accounts"  # by id ("000000-111111-222222"); fields as cloudbilling v1
PAYERS = "google/billing.projects"  # project id -> {"billingAccountName"}
_SERVICE = "cloudbilling.googleapis.com"
_ID = re.compile(r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}")


def valid_id(text: str) -> bool:
    """Tell whether a text is the id of a billing account."""
    return _ID.fullmatch(text) is not None


def account(tx: Transaction, name: str) -> Document:
    """Return an account by name (``billingAccounts/…``). Raises ApiError PERMISSION_DENIED for a missing one."""
    found = tx.get(ACCOUNTS, name.removeprefix("billingAccounts/"))
    if found is None:
        raise permission_denied("The caller does not have permission")
    return found


def account_resource(tx: Transaction, name: str) -> Resource:
    """Return an account as a thing that permissions are asked for; its organisation's policies count."""
    found = account(tx, name)
    own = f"//{_SERVICE}/{found['name']}"
    policies = (own, *parent_policies(tx, found.get("parent", "")))
    denial = "The caller does not have permission"
    return Resource(found["name"], f"{_SERVICE}/BillingAccount", _SERVICE, policies, denial=denial)
