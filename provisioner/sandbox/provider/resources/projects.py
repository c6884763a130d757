"""Projects themselves (cloudresourcemanager v1, cloudbilling v1) and their custom roles (iam v1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.resource import NOT_FOUND, Json, Resource, Spec, State
from provisioner.sandbox.provider.values import Value

_BASE: Final = "cloudresourcemanager.googleapis.com/v1"
_BILLING: Final = "cloudbilling.googleapis.com/v1"
_FORBIDDEN: Final = 403
_ROLE: Final = "projects/{project}/roles/{role_id}"

PROJECT: Final = Spec(
    name="google_project",
    title="project",
    base=_BASE,
    parent="projects",
    own="projects/{project_id}",
    waits=frozenset({"create"}),
    update="PUT",
    mask=False,
    imports=("projects/{project_id}", "{project_id}"),
    timeouts=("create", "delete", "read", "update"),
    version=1,
    legacy=True,
    table="""
auto_create_network bool default=true virtual
billing_account     str  virtual
deletion_policy     str? virtual in=PREVENT|ABANDON|DELETE
folder_id           str  virtual clash=parent state=last
@labels
name                str! match=project_name
number              str* api=projectNumber
org_id              str  virtual clash=parent
project_id          str!^ api=projectId match=project_id
@tags
""",
)

ROLE: Final = Spec(
    name="google_project_iam_custom_role",
    title="custom project role",
    base="iam.googleapis.com/v1",
    parent="projects/{project}/roles",
    own=_ROLE,
    mask=False,
    imports=(_ROLE, "{project}/{role_id}", "{role_id}"),
    timeouts=(),
    legacy=True,
    table="""
deleted     bool*
@policy
description str
name        str*
permissions set! min=1 api=includedPermissions
@project
role_id     str!^ virtual match=role_id
stage       str  default=GA same=stage in=ALPHA|BETA|GA|DEPRECATED|DISABLED|EAP|
title       str!
""",
)


class Project(Resource):
    """A project with its billing account; gone ones answer 403, deleted ones are kept for a while."""

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Check that billing may be linked, then ask for the project."""
        if state.get("billing_account"):
            self._check_billing(configuration, str(state["billing_account"]))
        return super().send_create(configuration, state)

    def body(self, state: State, *, update: bool = False) -> Json:
        """Return what is sent, with the parent as the API wants it; an update sends the whole project."""
        del update
        body = super().body(state)
        for attribute, kind in (("folder_id", "folder"), ("org_id", "organization")):
            if state.get(attribute):
                body["parent"] = {"type": kind, "id": str(state[attribute]).rsplit("/", 1)[-1]}
        return body

    def after_create(self, configuration: Configuration, state: State) -> None:
        """Link the billing account; take the default network away when that is asked for."""
        self._link(configuration, state, None)
        if state.get("auto_create_network") is False:
            self._drop_network(configuration, state)

    def read(self, configuration: Configuration, state: State) -> State | None:
        """Read the project and its billing link."""
        try:
            document = self.call(configuration, "GET", self.url(state))
        except GoogleError as error:
            if error.status == _FORBIDDEN:
                name = state["project_id"]
                text = f'the user does not have permission to access Project "{name}" or it may not exist'
                raise ProviderError(text, path=("project_id",)) from error
            if error.status == NOT_FOUND:
                return None
            raise self.explained("Error when reading or editing {title} {id}: {error}", state, error) from error
        if document.get("lifecycleState") == "DELETE_REQUESTED":
            return None
        return self.from_document(configuration, document, state)

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Fill in the parent and the billing account."""
        found = super().from_document(configuration, document, state)
        parent = document.get("parent", {})
        found["folder_id"] = parent.get("id") if parent.get("type") == "folder" else ""
        found["org_id"] = parent.get("id") if parent.get("type") == "organization" else ""
        link = self.call(configuration, "GET", f"{_BILLING}/projects/{found['project_id']}/billingInfo")
        found["billing_account"] = link.get("billingAccountName", "").removeprefix("billingAccounts/")
        return found

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Change the project, then its billing link."""
        self._link(configuration, planned, prior.get("billing_account"))
        return super().update(configuration, prior, planned)

    def complete(self, configuration: Configuration, state: Mapping[str, Value]) -> State:
        """Protect projects unless the configuration says otherwise."""
        full = dict(state)
        if not isinstance(full.get("deletion_policy"), str):
            full["deletion_policy"] = "PREVENT" if "deletion_policy" in full else None
        return super().complete(configuration, full)

    def keeps_object(self, configuration: Configuration, state: State) -> bool:
        """Refuse in the words this type has of its own."""
        if (state.get("deletion_policy") or "PREVENT") == "PREVENT":
            text = "Cannot destroy project as deletion_policy is set to PREVENT."
            raise ProviderError(text, path=("deletion_policy",))
        return super().keeps_object(configuration, state)

    def _link(self, configuration: Configuration, state: State, before: Value) -> None:
        account = state.get("billing_account")
        if (account or "") == (before or ""):
            return
        name = f"billingAccounts/{account}" if account else ""
        url = f"{_BILLING}/projects/{state['project_id']}/billingInfo"
        try:
            self.call(configuration, "PUT", url, body={"billingAccountName": name})
        except GoogleError as error:
            text = f"Error setting billing account {name!r} for project: {error.summary}"
            raise ProviderError(text, path=("billing_account",)) from error

    def _check_billing(self, configuration: Configuration, account: str) -> None:
        permission = "billing.resourceAssociations.create"
        url = f"{_BILLING}/billingAccounts/{account}:testIamPermissions"
        granted = self.call(configuration, "POST", url, body={"permissions": [permission]})
        if permission not in granted.get("permissions", []):
            raise ProviderError(f"missing permission on {account!r}: {permission}", path=("billing_account",))

    def _drop_network(self, configuration: Configuration, state: State) -> None:
        project = state["project_id"]
        enable = f"serviceusage.googleapis.com/v1/projects/{project}/services/compute.googleapis.com:enable"
        operation = self.call(configuration, "POST", enable, body={})
        configuration.client.finish(operation, "serviceusage.googleapis.com/v1", "api to enable")
        try:
            url = f"compute.googleapis.com/compute/v1/projects/{project}/global/networks/default"
            configuration.client.call("DELETE", url)
        except GoogleError as error:
            if error.status != NOT_FOUND:
                raise


class CustomRole(Resource):
    """A project's custom role; a deleted one is taken back instead of made anew."""

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Create the role, or undelete and change the one that was deleted."""
        url = self.url(state)
        try:
            existing = self.call(configuration, "GET", url)
        except GoogleError as error:
            if error.status != NOT_FOUND:
                raise self.explained("Error creating {title}: {error}", state, error) from error
            body = {"roleId": state["role_id"], "role": self.body(state)}
            parent = f"{self.spec.base}/{self.spec.parent.format_map(state)}"
            return self.call(configuration, "POST", parent, body=body)
        if not existing.get("deleted"):
            name = f"{state['project']}/roles/{state['role_id']}"
            text = f"Custom project role {name} already exists and must be imported"
            raise ProviderError(text, path=("role_id",))
        self.call(configuration, "POST", f"{url}:undelete", body={})
        return self.call(configuration, "PATCH", url, body=self.body(state))

    def body(self, state: State, *, update: bool = False) -> Json:
        """Return the whole role."""
        del update  # it is the same both times
        return super().body(state)


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return Project(PROJECT), CustomRole(ROLE)
