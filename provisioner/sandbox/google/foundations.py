"""What no public API can make: an organisation, a folder or project with a chosen number, a billing account.

Used once when a sandbox is seeded, and by tests that need the numbers of a recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.errors import InvalidInput
from provisioner.sandbox.google import billing
from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.hierarchy import FOLDERS, ORGANIZATIONS, PROJECT_NUMBERS, find_project, parent_policies
from provisioner.sandbox.google.identity import operator_of
from provisioner.sandbox.google.identity.groups import set_group
from provisioner.sandbox.google.identity.policies import grant
from provisioner.sandbox.google.resourcemanager import containers, projects
from provisioner.sandbox.store import Transaction
from provisioner.sandbox.world import World

_OWNER_ROLES = (
    "roles/owner",
    "roles/resourcemanager.organizationAdmin",
    "roles/resourcemanager.folderAdmin",
    "roles/resourcemanager.projectCreator",
    "roles/billing.admin",
)


def lay_foundations(world: World, tx: Transaction, plan: Mapping[str, Any]) -> list[str]:
    """Make what of the plan does not exist; return a line for each thing made. Raises InvalidInput.

    Plan: ``organizationId``, ``organizationDomain``, ``folderId`` (in the organisation, may be empty),
    ``billingAccount``, ``projects`` ([{projectId, number}], in the folder or the organisation), ``groups`` ([{email,
    members}], members by address; the whole list each time).
    """
    try:
        return _Mason(world, tx, plan).build()
    except ApiError as error:
        raise InvalidInput(f"the sandbox cannot be set up: {error.message}") from None


class _Mason:
    def __init__(self, world: World, tx: Transaction, plan: Mapping[str, Any]) -> None:
        self._tx = tx
        self._plan = plan
        self._now = world.clock.now()
        self._operator = f"user:{operator_of(world, str(plan.get('organizationDomain') or '')).email}"
        self._made: list[str] = []

    def build(self) -> list[str]:
        self._organization()
        self._folder()
        self._billing_account()
        for wanted in self._plan.get("projects") or []:
            self._project(wanted)
        for wanted in self._plan.get("groups") or []:
            self._group(wanted)
        return self._made

    def _organization(self) -> None:
        number = self._digits("organizationId")
        if not number or self._tx.get(ORGANIZATIONS, number):
            return
        domain = str(self._plan.get("organizationDomain") or "sandbox.invalid")
        made = containers.create_organization(self._tx, number, domain, self._now)
        policy = parent_policies(self._tx, made["name"])[0]
        for role in _OWNER_ROLES:
            grant(self._tx, policy, role, [self._operator], self._now)
        self._made.append(f"organisation {number} ({domain})")

    def _folder(self) -> None:
        number = self._digits("folderId")
        if not number or self._tx.get(FOLDERS, number):
            return
        containers.create_folder(self._tx, self._organization_name(), f"Folder {number}", self._now, number)
        self._made.append(f"folder {number}")

    def _billing_account(self) -> None:
        identifier = str(self._plan.get("billingAccount") or "")
        if not identifier or self._tx.get(billing.ACCOUNTS, identifier):
            return
        if not billing.valid_id(identifier):
            raise InvalidInput(f"{identifier!r} is no billing account", fix="write it as 0123AB-4567CD-89EF01")
        account = {
            "name": f"billingAccounts/{identifier}",
            "open": True,
            "displayName": "Sandbox billing account",
            "masterBillingAccount": "",
            "currencyCode": "EUR",
        }
        if self._digits("organizationId"):
            account["parent"] = self._organization_name()
        self._tx.put(billing.ACCOUNTS, identifier, account)
        grant(
            self._tx,
            f"//cloudbilling.googleapis.com/{account['name']}",
            "roles/billing.admin",
            [self._operator],
            self._now,
        )
        self._made.append(f"billing account {identifier}")

    def _project(self, wanted: Mapping[str, Any]) -> None:
        identifier, number = str(wanted.get("projectId") or ""), str(wanted.get("number") or "")
        if find_project(self._tx, identifier) is not None:
            return
        if number and self._tx.get(PROJECT_NUMBERS, number):
            raise InvalidInput(f"project number {number} belongs to another project")
        made = projects.create(self._tx, {"projectId": identifier, "parent": self._parent()}, self._now, number)
        policy = f"//cloudresourcemanager.googleapis.com/projects/{identifier}"
        grant(self._tx, policy, "roles/owner", [self._operator], self._now)
        if self._plan.get("billingAccount"):
            name = f"billingAccounts/{self._plan['billingAccount']}"
            self._tx.put(billing.PAYERS, identifier, {"billingAccountName": name})
        self._made.append(f"project {identifier} ({made['projectNumber']})")

    def _group(self, wanted: Mapping[str, Any]) -> None:
        email, members = str(wanted.get("email") or ""), [str(member) for member in wanted.get("members") or []]
        if set_group(self._tx, email, members):
            self._made.append(f"Google group {email} ({len(members)} members)")

    def _parent(self) -> dict[str, str]:
        if self._digits("folderId"):
            return {"type": "folder", "id": self._digits("folderId")}
        if self._digits("organizationId"):
            return {"type": "organization", "id": self._digits("organizationId")}
        return {}

    def _organization_name(self) -> str:
        number = self._digits("organizationId")
        if not number:
            raise InvalidInput("a folder needs an organisation", fix="give organizationId")
        return f"organizations/{number}"

    def _digits(self, key: str) -> str:
        value = str(self._plan.get(key) or "")
        if value and not value.isdigit():
            raise InvalidInput(f"{key} is {value!r}", fix="give a number")
        return value
