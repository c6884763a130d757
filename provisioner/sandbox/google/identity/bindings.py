"""The bindings of a policy as a client sends them: checked, merged and put in order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.google.identity.cel import CelError, check_expression
from provisioner.sandbox.google.identity.members import EVERYONE, accepted_member
from provisioner.sandbox.google.identity.roles import BASIC_ROLES, custom_role, predefined
from provisioner.sandbox.store import Transaction

Json = dict[str, Any]
_CONDITION_FIELDS = ("expression", "title", "description", "location")


def accepted_bindings(
    tx: Transaction, bindings: Iterable[Mapping[str, Any]], known: frozenset[str] = frozenset()
) -> list[Json]:
    """Return bindings as the server keeps them: one per role and condition, members sorted, none empty.

    ``known`` are the members of the policy so far. Raises ApiError INVALID_ARGUMENT.
    """
    merged: dict[tuple[str, str], Json] = {}
    for binding in bindings:
        role = _role(tx, binding.get("role", ""))
        members = {accepted_member(tx, member, known) for member in binding.get("members") or ()}
        condition = _condition(binding.get("condition"), role, members)
        if not members:
            continue
        key = (role, json.dumps(condition, sort_keys=True))
        entry = merged.setdefault(key, {"role": role, "members": []} | ({"condition": condition} if condition else {}))
        entry["members"] = sorted({*entry["members"], *members})
    return [merged[key] for key in sorted(merged)]


def has_conditions(bindings: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether any binding is conditional."""
    return any("condition" in binding for binding in bindings)


def _role(tx: Transaction, role: str) -> str:
    if not role:
        raise invalid_argument("Role name must not be empty.")
    if role.startswith("roles/"):
        if role not in predefined():
            raise invalid_argument(f"Role {role} is not supported for this resource.")
    elif custom_role(tx, role) is None:
        raise invalid_argument(f"Role ({role}) does not exist in the resource's hierarchy.")
    return role


def _condition(condition: Mapping[str, Any] | None, role: str, members: set[str]) -> Json | None:
    if not condition or not condition.get("expression"):
        return None
    if role in BASIC_ROLES:
        raise invalid_argument("Conditions can't be set on basic roles.")
    if not members.isdisjoint(EVERYONE):
        raise invalid_argument("Conditions can't be set on bindings for allUsers or allAuthenticatedUsers.")
    if not condition.get("title"):
        raise invalid_argument("The condition title must be set.")
    try:
        check_expression(condition["expression"])
    except CelError as error:
        raise invalid_argument(f"The condition expression is invalid: {error}") from None
    return {field: condition[field] for field in _CONDITION_FIELDS if condition.get(field)}
