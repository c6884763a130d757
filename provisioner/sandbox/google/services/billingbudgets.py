"""Cloud Billing Budgets. https://cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.billing import account, account_resource
from provisioner.sandbox.google.errors import invalid_argument, not_found
from provisioner.sandbox.google.hierarchy import find_project
from provisioner.sandbox.google.masks import apply_update, read_update_mask
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import check_etag, fresh_etag, page
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
_BUDGETS = "google/billing.budgets"  # by name
_SCHEMA = "GoogleCloudBillingBudgetsV1Budget"
_LONGEST_NAME = 60
_MOST_LABELS = 1


def _account(call: Call) -> Resource:
    return account_resource(call.tx, (call.params.get("name") or call.params["parent"]).partition("/budgets/")[0])


@method("billingbudgets.billingAccounts.budgets.create", permission="billing.budgets.create", on=_account)
def create(call: Call) -> Json:
    """Create a budget; two may have the same display name."""
    parent = account(call.tx, call.params["parent"])["name"]
    made = {"name": f"{parent}/budgets/{uuid.uuid4()}"} | {k: v for k, v in call.body.items() if k != "name"}
    return _keep(call.tx, made)


@method("billingbudgets.billingAccounts.budgets.get", permission="billing.budgets.get", on=_account)
def get(call: Call) -> Json:
    """Return a budget."""
    return _budget(call)


@method("billingbudgets.billingAccounts.budgets.list", permission="billing.budgets.list", on=_account)
def list_budgets(call: Call) -> Json:
    """Return the budgets of an account; ``scope=projects/…`` narrows."""
    inside = call.tx.scan(_BUDGETS, f"{call.params['parent']}/budgets/")
    scope = call.params.get("scope")
    numbers = _numbered(call.tx, [scope]) if scope else []
    found = [(key, entry) for key, entry in inside if not scope or entry["budgetFilter"].get("projects") == numbers]
    shown, token = page(call, found)
    return ({"budgets": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method("billingbudgets.billingAccounts.budgets.patch", permission="billing.budgets.update", on=_account)
def patch(call: Call) -> Json:
    """Change the fields of the mask; without one, those of the body."""
    current = _budget(call)
    check_etag(call.body.get("etag", ""), current["etag"])
    mask = call.params.get("updateMask") or ",".join(set(call.body) - {"name", "etag"})
    paths = read_update_mask(mask, _SCHEMA, call.schemas)
    return _keep(call.tx, apply_update(current, call.body, paths) | {"name": current["name"]})


@method("billingbudgets.billingAccounts.budgets.delete", permission="billing.budgets.delete", on=_account)
def delete(call: Call) -> Json:
    """Delete a budget."""
    call.tx.delete(_BUDGETS, _budget(call)["name"])
    return {}


def _budget(call: Call) -> Document:
    found = call.tx.get(_BUDGETS, call.params["name"])
    if found is None:
        raise not_found("Requested entity was not found.")
    return found


def _keep(tx: Transaction, wanted: Json) -> Document:
    """Check a budget, fill in defaults, write it."""
    _check(wanted)
    made = dict(wanted)
    defaults = {"calendarPeriod": "MONTH", "creditTypesTreatment": "INCLUDE_ALL_CREDITS"}
    chosen = wanted.get("budgetFilter") or {}
    if "customPeriod" in chosen:
        del defaults["calendarPeriod"]
    made["budgetFilter"] = defaults | chosen
    if chosen.get("projects"):
        made["budgetFilter"]["projects"] = _numbered(tx, chosen["projects"])
    rules = [{"spendBasis": "CURRENT_SPEND"} | rule for rule in wanted.get("thresholdRules") or []]
    if rules:
        made["thresholdRules"] = rules
    made["etag"] = fresh_etag(tx)
    tx.put(_BUDGETS, made["name"], made)
    return made


def _check(wanted: Mapping[str, Any]) -> None:
    amount = wanted.get("amount") or {}
    if ("specifiedAmount" in amount) == ("lastPeriodAmount" in amount):
        raise invalid_argument("Request contains an invalid argument.", ("budget.amount", "set one of the two amounts"))
    if len(wanted.get("displayName") or "") > _LONGEST_NAME:
        raise invalid_argument(
            "Request contains an invalid argument.", ("budget.display_name", "at most 60 characters")
        )
    for rule in wanted.get("thresholdRules") or []:
        if rule.get("thresholdPercent", 0) < 0:
            raise invalid_argument("Request contains an invalid argument.", ("budget.threshold_rules", "negative"))
    chosen = wanted.get("budgetFilter") or {}
    values = list((chosen.get("labels") or {}).values())
    if len(values) > _MOST_LABELS or any(len(value) > 1 for value in values):
        raise invalid_argument(
            "Only one label key with one value is supported.", ("budget.budget_filter.labels", "one")
        )
    if not all(re.fullmatch(r"projects/[^/]+", name) for name in chosen.get("projects") or []):
        raise invalid_argument("Request contains an invalid argument.", ("budget.budget_filter.projects", "projects/…"))
    notify = wanted.get("notificationsRule") or {}
    if notify.get("pubsubTopic") and notify.get("schemaVersion") != "1.0":
        raise invalid_argument("Request contains an invalid argument.", ("notifications_rule.schema_version", "1.0"))


def _numbered(tx: Transaction, names: list[str]) -> list[str]:
    """Return projects by number, as the API keeps them."""
    found = [(name, find_project(tx, name.removeprefix("projects/"))) for name in names]
    return [f"projects/{owner['projectNumber']}" if owner else name for name, owner in found]
