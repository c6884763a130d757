"""Cloud Billing: accounts, their IAM, and the account a project pays from.

https://cloud.google.com/billing/docs/reference/rest/v1.
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.google.billing import ACCOUNTS, PAYERS, account, account_resource
from provisioner.sandbox.google.errors import failed_precondition
from provisioner.sandbox.google.hierarchy import find_project, project, project_resource
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document

Json = dict[str, Any]


def _account(call: Call) -> Resource:
    return account_resource(call.tx, call.params.get("name") or call.params["resource"])


def _project(call: Call) -> Resource:
    return project_resource(call.tx, call.params["name"].split("/")[1])


@method("cloudbilling.billingAccounts.get", permission="billing.accounts.get", on=_account)
def get(call: Call) -> Json:
    """Return an account."""
    return account(call.tx, call.params["name"])


@method("cloudbilling.billingAccounts.list")
def list_accounts(call: Call) -> Json:
    """Return the accounts the caller may see."""
    found = [
        (key, entry)
        for key, entry in call.tx.scan(ACCOUNTS)
        if call.holds("billing.accounts.get", account_resource(call.tx, entry["name"]))
    ]
    shown, token = page(call, found)
    return ({"billingAccounts": shown} if shown else {}) | ({"nextPageToken": token} if token else {})


@method("cloudbilling.billingAccounts.getIamPolicy", permission="billing.accounts.getIamPolicy", on=_account)
def get_policy(call: Call) -> Json:
    """Return an account's policy."""
    return get_iam_policy(call, _account(call))


@method("cloudbilling.billingAccounts.setIamPolicy", permission="billing.accounts.setIamPolicy", on=_account)
def set_policy(call: Call) -> Json:
    """Replace an account's policy."""
    return set_iam_policy(call, _account(call))


@method("cloudbilling.billingAccounts.testIamPermissions", on=_account)
def test_permissions(call: Call) -> Json:
    """Return those of the permissions asked for that the caller holds."""
    return test_iam_permissions(call, _account(call))


@method("cloudbilling.billingAccounts.projects.list", permission="billing.resourceAssociations.list", on=_account)
def list_projects(call: Call) -> Json:
    """Return the projects that an account pays for."""
    name = call.params["name"]
    paid = ((key, key) for key, _ in call.tx.find(PAYERS, "billingAccountName", name))
    shown, token = page(call, paid)
    owners = [find_project(call.tx, key) for key in shown]
    infos = [_info(call, owner) for owner in owners if owner]
    return ({"projectBillingInfo": infos} if infos else {}) | ({"nextPageToken": token} if token else {})


@method("cloudbilling.projects.getBillingInfo", permission="resourcemanager.projects.get", on=_project)
def get_billing_info(call: Call) -> Json:
    """Return the account a project pays from."""
    return _info(call, project(call.tx, call.params["name"].split("/")[1]))


@method(
    "cloudbilling.projects.updateBillingInfo",
    permission=lambda call: (
        f"resourcemanager.projects.{'create' if call.body.get('billingAccountName') else 'delete'}BillingAssignment",
    ),
    on=_project,
)
def update_billing_info(call: Call) -> Json:
    """Let another account pay, or none (an empty name)."""
    owner = project(call.tx, call.params["name"].split("/")[1])
    name = call.body.get("billingAccountName", "")
    if not name:
        call.tx.delete(PAYERS, owner["projectId"])
        return _info(call, owner)
    call.require("billing.resourceAssociations.create", account_resource(call.tx, name))
    if not account(call.tx, name)["open"]:
        raise failed_precondition("Precondition check failed.")
    _check_room(call, owner, name)
    call.tx.put(PAYERS, owner["projectId"], {"billingAccountName": name})
    return _info(call, owner)


def _check_room(call: Call, owner: Document, name: str) -> None:
    """Raise ApiError where the account pays for as many projects as the setting ``billing_projects`` admits."""
    most = int(call.world.settings["billing_projects"])
    others = [key for key, _ in call.tx.find(PAYERS, "billingAccountName", name) if key != owner["projectId"]]
    if most and len(others) >= most:
        text = "Cloud billing quota exceeded: https://support.google.com/code/contact/billing_quota_increase"
        quota = {"subject": name, "description": text}
        detail = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [quota]}
        raise failed_precondition("Precondition check failed.", [detail])


def _info(call: Call, owner: Document) -> Json:
    payer = call.tx.get(PAYERS, owner["projectId"])
    name = payer["billingAccountName"] if payer else ""
    shown = {"name": f"projects/{owner['projectId']}/billingInfo", "projectId": owner["projectId"]}
    paid = {"billingAccountName": name, "billingEnabled": bool(account(call.tx, name)["open"])} if name else {}
    return shown | paid
