"""IAM members of every kind of resource, and audit configs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.resource import NOT_FOUND, Resource, Spec, State
from provisioner.sandbox.provider.resources.policies import Policies, Policy, Target
from provisioner.sandbox.provider.suppress import normal_member
from provisioner.sandbox.provider.values import canonical

_CONDITION_PARTS: Final = ("title", "description", "expression")
_VERSION: Final = 3


class Member(Resource):
    """One member of one role of one policy, with or without a condition."""

    def __init__(self, spec: Spec, target: Target, policies: Policies) -> None:
        super().__init__(spec)
        self.target = target
        self._policies = policies

    def create(self, configuration: Configuration, planned: State) -> State:
        """Add the member to its role."""
        state = self.complete(configuration, planned)
        self._change(configuration, state, _adding(state))
        found = self.read(configuration, state)
        if found is None:
            raise ProviderError(f"the member was not in the policy of {self.owner(state)} after it was added")
        return found

    def read(self, configuration: Configuration, state: State) -> State | None:
        """Return the state while the policy has the member."""
        state = self.complete(configuration, state)
        owner = self.owner(state)
        try:
            policy = self._policies.read(configuration, self.target, owner)
        except GoogleError as error:
            if error.status == NOT_FOUND:
                return None
            text = f"Error retrieving IAM policy for {self.spec.title} {owner!r}: {error.summary}"
            raise ProviderError(text, path=("role",)) from error
        found = _find(policy, state)
        return None if found is None else self._state(state, owner, policy, found)

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Nothing of a member can change in place."""
        return self.read(configuration, {**planned, "id": prior["id"]}) or prior

    def delete(self, configuration: Configuration, state: State) -> None:
        """Take the member out of its role; a policy that is gone is fine."""
        state = self.complete(configuration, state)
        try:
            self._change(configuration, state, _removing(state))
        except ProviderError as error:
            if not (isinstance(error.__cause__, GoogleError) and error.__cause__.status == NOT_FOUND):
                raise

    def import_state(self, configuration: Configuration, given: str) -> State:
        """Read ``RESOURCE ROLE MEMBER [CONDITION TITLE]``."""
        parts = given.split(" ", 3)
        if len(parts) < 3:  # noqa: PLR2004 - resource, role, member
            raise ProviderError(
                f"Wrong number of parts to Member id {parts}; expected 'resource role member'.", path=("id",)
            )
        state: State = {part.name: None for part in self.fields}
        state.update(super().import_state(configuration, parts[0]))
        state.update(role=parts[1], member=normal_member(parts[2]), condition=[])
        if len(parts) > 3:  # noqa: PLR2004 - the title is the fourth
            state["condition"] = [{"title": parts[3], "description": None, "expression": None}]
        return state

    def complete(self, configuration: Configuration, state: Mapping[str, Any]) -> State:
        """Take project and location from a full resource name before the provider block is asked."""
        full = dict(state)
        name = str(full.get(self.target.keeps) or "")
        if name.startswith("projects/"):
            parts = name.split("/")
            inside = dict(zip(parts[::2], parts[1::2], strict=False))
            for attribute, collection in (("project", "projects"), ("location", "locations")):
                if attribute in self.names and not isinstance(full.get(attribute), str):
                    full[attribute] = inside.get(collection)
        return super().complete(configuration, full)

    def owner(self, state: State) -> str:
        """Return the name of the resource whose policy it is."""
        values = dict(state)
        if self.target.keeps and "/" in str(values.get(self.target.keeps)):
            values[self.target.keeps] = values[self.target.keeps].removeprefix("b/")
            if values[self.target.keeps].startswith("projects/"):
                return str(values[self.target.keeps])
        return self.target.own.format_map(values)

    def _state(self, state: State, owner: str, policy: Policy, found: Policy) -> State:
        condition = found.get("condition")
        blocks = [{part: condition.get(part, "") for part in _CONDITION_PARTS}] if condition else []
        member = next(member for member in found["members"] if _same(member, state["member"]))
        full = {**state, "condition": blocks, "etag": policy.get("etag", ""), "role": found["role"], "member": member}
        if self.target.keeps:
            full[self.target.keeps] = owner
        key = "/".join(["", *(blocks[0][part] for part in _CONDITION_PARTS)]) if blocks else ""
        prefix = owner.removeprefix("projects/") if self.target.style == "project" else owner
        full["id"] = f"{prefix}/{found['role']}/{normal_member(member)}{key}"
        return {name: full.get(name) for name in (*self.names, *(("timeouts",) if self.spec.timeouts else ()))}

    def _change(self, configuration: Configuration, state: State, modify: Callable[[Policy], None]) -> None:
        owner = self.owner(state)
        try:
            self._policies.change(configuration, self.target, owner, modify)
        except GoogleError as error:
            text = (
                f"Error applying IAM policy for {self.spec.title} {owner!r}: Error setting IAM policy: {error.summary}"
            )
            raise ProviderError(text, path=("role",)) from error


class AuditConfig(Member):
    """The audit configuration of one service of a project."""

    def create(self, configuration: Configuration, planned: State) -> State:
        """Set the service's configuration."""
        state = self.complete(configuration, planned)
        self._change(configuration, state, lambda policy: _set_audit(policy, state["service"], _audit_logs(state)))
        return self.read(configuration, state) or state

    def read(self, configuration: Configuration, state: State) -> State | None:
        """Return the state while the policy names the service."""
        policy = self._policies.read(configuration, self.target, self.owner(state))
        for config in policy.get("auditConfigs", []):
            if config["service"] == state["service"]:
                logs = [_log_block(log) for log in config.get("auditLogConfigs", [])]
                name = f"{state['project']}/audit_config/{state['service']}"
                return {
                    **state,
                    "id": name,
                    "etag": policy.get("etag", ""),
                    "audit_log_config": sorted(logs, key=canonical),
                }
        return None

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Replace the configuration, also under a new service name."""

        def modify(policy: Policy) -> None:
            _set_audit(policy, prior["service"], [])
            _set_audit(policy, planned["service"], _audit_logs(planned))

        self._change(configuration, planned, modify)
        return self.read(configuration, planned) or planned

    def delete(self, configuration: Configuration, state: State) -> None:
        """Remove the service's configuration."""
        self._change(configuration, state, lambda policy: _set_audit(policy, state["service"], []))

    def import_state(self, configuration: Configuration, given: str) -> State:
        """Read ``PROJECT SERVICE``."""
        del configuration
        project, _, service = given.partition(" ")
        if not service:
            raise ProviderError(f'Import id "{given}" must be "project service"', path=("id",))
        return {**{part.name: None for part in self.fields}, "project": project, "service": service, "id": given}


def _adding(state: State) -> Callable[[Policy], None]:
    def modify(policy: Policy) -> None:
        bindings = policy.setdefault("bindings", [])
        binding = _binding(policy, state)
        if binding is None:
            binding = {"role": state["role"], "members": [], **_condition(state)}
            bindings.append(binding)
        if not any(_same(member, state["member"]) for member in binding["members"]):
            binding["members"] = sorted([*binding["members"], normal_member(state["member"])])
        bindings.sort(key=lambda each: (each["role"], canonical(each.get("condition"))))
        policy["version"] = _VERSION

    return modify


def _removing(state: State) -> Callable[[Policy], None]:
    def modify(policy: Policy) -> None:
        binding = _binding(policy, state)
        if binding is not None:
            binding["members"] = [member for member in binding["members"] if not _same(member, state["member"])]
        policy["bindings"] = [each for each in policy.get("bindings", []) if each.get("members")]

    return modify


def _find(policy: Policy, state: State) -> Policy | None:
    binding = _binding(policy, state)
    has = binding is not None and any(_same(member, state["member"]) for member in binding.get("members", []))
    return binding if has else None


def _binding(policy: Policy, state: State) -> Policy | None:
    wanted = _condition(state).get("condition")
    for binding in policy.get("bindings", []):
        if binding["role"] == state["role"] and _same_condition(wanted, binding.get("condition")):
            found: Policy = binding
            return found
    return None


def _condition(state: State) -> Policy:
    blocks = state.get("condition") or []
    condition = {part: blocks[0][part] for part in _CONDITION_PARTS if blocks and blocks[0].get(part)}
    return {"condition": condition} if condition else {}


def _same_condition(wanted: Policy | None, found: Policy | None) -> bool:
    if wanted and "expression" not in wanted:  # an import knows the title only
        return bool(found) and (found or {}).get("title") == wanted["title"]
    return (wanted or {}) == {key: value for key, value in (found or {}).items() if value}


def _same(left: str, right: str) -> bool:
    return normal_member(left) == normal_member(right)


def _audit_logs(state: State) -> list[Policy]:
    logs = []
    for block in state.get("audit_log_config") or []:
        members = sorted(block.get("exempted_members") or [])
        logs.append({"logType": block["log_type"], **({"exemptedMembers": members} if members else {})})
    return logs


def _set_audit(policy: Policy, service: str, logs: list[Policy]) -> None:
    others = [config for config in policy.get("auditConfigs", []) if config["service"] != service]
    own = [{"service": service, "auditLogConfigs": logs}] if logs else []
    policy["auditConfigs"] = sorted([*others, *own], key=lambda config: str(config["service"]))
    if logs:
        policy["version"] = _VERSION


def _log_block(log: Policy) -> State:
    return {"log_type": log["logType"], "exempted_members": sorted(log.get("exemptedMembers", []))}
