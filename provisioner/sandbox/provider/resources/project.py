"""Projects, their services and default service accounts (resource manager, billing, service usage, iam)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from provisioner.sandbox.provider.batching import Batcher, Send
from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.resource import NOT_FOUND, Json, Resource, Spec, State
from provisioner.sandbox.provider.resources.grants import PROJECTS
from provisioner.sandbox.provider.resources.policies import Policies, Policy
from provisioner.sandbox.provider.values import Value

_USAGE: Final = "serviceusage.googleapis.com/v1"
_PROJECTS: Final = "cloudresourcemanager.googleapis.com/v1"
_IAM: Final = "iam.googleapis.com/v1"
_LARGEST_BATCH: Final = 20
_LONGEST_WINDOW: Final = 1.0  # seconds; the real default of three would only slow a sandbox down
_EDITOR: Final = "roles/editor"
_DEFAULT_ACCOUNTS: Final = frozenset({"Compute Engine default service account", "App Engine default service account"})

SERVICE: Final = Spec(
    name="google_project_service",
    title="Project Service",
    own="{project}/{service}",
    imports=("{project}/{service}",),
    timeouts=("create", "delete", "read", "update"),
    legacy=True,
    table="""
@policy
disable_dependent_services bool virtual
disable_on_destroy         bool virtual
project                    str?^ virtual same=project
service                    str!^ virtual match=service
""",
)

DEFAULT_ACCOUNTS: Final = Spec(
    name="google_project_default_service_accounts",
    title="default service accounts",
    own="projects/{project}",
    timeouts=("create", "delete", "read"),
    legacy=True,
    defaults_project=False,
    table="""
action           str!^ in=DEPRIVILEGE|DELETE|DISABLE
project          str!^ match=project_id
restore_policy   str   default=REVERT in=NONE|REVERT|REVERT_AND_IGNORE_FAILURE
service_accounts map*
""",
)


class ProjectService(Resource):
    """One enabled API of a project. Several that are enabled at a time go in one call."""

    def __init__(self, spec: Spec, batches: Batcher) -> None:
        super().__init__(spec)
        self._batches = batches

    def create(self, configuration: Configuration, planned: State) -> State:
        """Enable the service unless it is enabled already."""
        state = self.complete(configuration, planned)
        project, service = state["project"], state["service"]
        if service not in self._enabled(configuration, project):
            self._enable(configuration, project, service)
        found = self.read(configuration, {**state, "id": self.spec.own.format_map(state)})
        if found is None:
            raise ProviderError(
                f"failed to enable {service} for project {project}: it is not enabled", path=("service",)
            )
        return found

    def read(self, configuration: Configuration, state: State) -> State | None:
        """Return the state while the project is active and the service enabled."""
        state = self.complete(configuration, state)
        try:
            project = self.call(configuration, "GET", f"{_PROJECTS}/projects/{state['project']}")
            enabled = self._enabled(configuration, state["project"])
        except GoogleError as error:
            if error.status == NOT_FOUND:
                return None
            raise self.explained("Error when reading or editing {title} {id}: {error}", state, error) from error
        active = project.get("lifecycleState") != "DELETE_REQUESTED" and state["service"] in enabled
        return state if active else None

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Nothing of a service changes in the API."""
        return self.complete(configuration, {**planned, "id": prior["id"]})

    def delete(self, configuration: Configuration, state: State) -> None:
        """Disable the service when ``disable_on_destroy`` says so."""
        if self.keeps_object(configuration, state) or not state.get("disable_on_destroy"):
            return
        body = {"disableDependentServices": True} if state.get("disable_dependent_services") else {}
        url = f"{_USAGE}/projects/{state['project']}/services/{state['service']}:disable"
        try:
            operation = self.call(configuration, "POST", url, body=body)
        except GoogleError as error:
            raise self.explained("Error disabling service: {error}", state, error) from error
        configuration.client.finish(operation, _USAGE, "api to disable")

    def complete(self, configuration: Configuration, state: Mapping[str, Value]) -> State:
        """Write the project as a plain id."""
        full = super().complete(configuration, state)
        return {**full, "project": full["project"].removeprefix("projects/")}

    def _enabled(self, configuration: Configuration, project: str) -> set[str]:
        found: set[str] = self._together(
            configuration, "list", project, "", lambda _: self._list(configuration, project)
        )
        return found

    def _list(self, configuration: Configuration, project: str) -> set[str]:
        query = {"fields": "services/name,nextPageToken", "filter": "state:ENABLED", "pageSize": "200"}
        found: set[str] = set()
        while True:
            page = self.call(configuration, "GET", f"{_USAGE}/projects/{project}/services", query=query)
            found |= {service["name"].rsplit("/", 1)[-1] for service in page.get("services", [])}
            if not page.get("nextPageToken"):
                return found
            query["pageToken"] = page["nextPageToken"]

    def _enable(self, configuration: Configuration, project: str, service: str) -> None:
        def send(services: list[str]) -> None:
            for at in range(0, len(services), _LARGEST_BATCH):
                self._send(configuration, project, services[at : at + _LARGEST_BATCH])

        self._together(configuration, "enable", project, service, send)

    def _together(self, configuration: Configuration, call: str, project: str, item: str, send: Send) -> Any:  # noqa: ANN401
        def wait() -> None:
            if configuration.batching:
                configuration.client.pace.wait(min(configuration.send_after, _LONGEST_WINDOW))

        # Only requests of one Terraform process share a call: another process may be another caller.
        key = (configuration.peer, call, project) if configuration.batching else object()
        return self._batches.join(key, item, wait, send)

    def _send(self, configuration: Configuration, project: str, services: list[str]) -> None:
        parent = f"{_USAGE}/projects/{project}/services"
        try:
            if len(services) == 1:
                operation = self.call(configuration, "POST", f"{parent}/{services[0]}:enable", body={})
            else:
                body = {"serviceIds": services}
                operation = self.call(configuration, "POST", f"{parent}:batchEnable", body=body)
        except GoogleError as error:
            text = f"Error creating service: failed to enable project services {services}: {error.summary}"
            raise ProviderError(text, path=("service",)) from error
        configuration.client.finish(operation, _USAGE, "api to enable")


class DefaultServiceAccounts(Resource):
    """Takes away what Google's default service accounts may do, and gives it back on destroy."""

    def __init__(self, spec: Spec, policies: Policies) -> None:
        super().__init__(spec)
        self._policies = policies

    def create(self, configuration: Configuration, planned: State) -> State:
        """Apply the action to each default account that is there."""
        changed = {}
        for account in self._accounts(configuration, planned["project"]):
            if account.get("displayName") in _DEFAULT_ACCOUNTS:
                self._act(configuration, planned["project"], account["email"], planned["action"])
                changed[account["uniqueId"]] = account["email"]
        return {**planned, "id": self.spec.own.format_map(planned), "service_accounts": changed}

    def read(self, configuration: Configuration, state: State) -> State | None:
        """Return the state: there is nothing to compare it with."""
        del configuration
        return state

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Only what a destroy will do can change."""
        del configuration
        return {**planned, "id": prior["id"]}

    def delete(self, configuration: Configuration, state: State) -> None:
        """Undo the action, as ``restore_policy`` says."""
        policy = state.get("restore_policy")
        if policy == "NONE":
            return
        for unique_id, email in (state.get("service_accounts") or {}).items():
            try:
                self._revert(configuration, state, unique_id, email)
            except ProviderError:
                if policy != "REVERT_AND_IGNORE_FAILURE":
                    raise

    def _act(self, configuration: Configuration, project: str, email: str, action: str) -> None:
        name = f"{_IAM}/projects/{project}/serviceAccounts/{email}"
        if action == "DISABLE":
            self.call(configuration, "POST", f"{name}:disable", body={})
        elif action == "DELETE":
            self.call(configuration, "DELETE", name)
        else:
            self._edit(configuration, project, lambda policy: _without_editor(policy, f"serviceAccount:{email}"))

    def _revert(self, configuration: Configuration, state: State, unique_id: str, email: str) -> None:
        parent = f"{_IAM}/projects/{state['project']}/serviceAccounts"
        if state["action"] == "DISABLE":
            self.call(configuration, "POST", f"{parent}/{email}:enable", body={})
        elif state["action"] == "DELETE":
            self.call(configuration, "POST", f"{parent}/{unique_id}:undelete", body={})
        else:
            self._edit(configuration, state["project"], lambda policy: _with_editor(policy, f"serviceAccount:{email}"))

    def _edit(self, configuration: Configuration, project: str, modify: Any) -> None:  # noqa: ANN401 - a function of a policy
        self._policies.change(configuration, PROJECTS, f"projects/{project}", modify)

    def _accounts(self, configuration: Configuration, project: str) -> list[Json]:
        found: list[Json] = []
        query: dict[str, str] = {}
        while True:
            page = self.call(configuration, "GET", f"{_IAM}/projects/{project}/serviceAccounts", query=query)
            found += page.get("accounts", [])
            if not page.get("nextPageToken"):
                return found
            query["pageToken"] = page["nextPageToken"]


def _without_editor(policy: Policy, member: str) -> None:
    for binding in policy.get("bindings", []):
        if binding["role"] == _EDITOR:
            binding["members"] = [each for each in binding["members"] if each != member]
    policy["bindings"] = [binding for binding in policy.get("bindings", []) if binding["members"]]


def _with_editor(policy: Policy, member: str) -> None:
    _without_editor(policy, member)
    editors = [binding for binding in policy["bindings"] if binding["role"] == _EDITOR and not binding.get("condition")]
    if editors:
        editors[0]["members"] = sorted([*editors[0]["members"], member])
    else:
        policy["bindings"].append({"role": _EDITOR, "members": [member]})


def resources(policies: Policies) -> tuple[Resource, ...]:
    """Return the types of this module; ``policies`` serialises changes of project policies."""
    return ProjectService(SERVICE, Batcher()), DefaultServiceAccounts(DEFAULT_ACCOUNTS, policies)
