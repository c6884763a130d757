"""Credential Access Boundaries: what a downscoped token can still do, whatever its owner may.

https://cloud.google.com/iam/docs/downscoping-short-lived-credentials. A boundary has up to ten rules, each a bucket,
the roles whose permissions are left there, and perhaps a condition. Only Cloud Storage knows boundaries: with such a
token everything else is refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from provisioner.sandbox.google.identity import cel
from provisioner.sandbox.google.identity.assertion import ExchangeError
from provisioner.sandbox.google.identity.roles import predefined
from provisioner.sandbox.google.method import Resource

Json = dict[str, Any]
_MOST_RULES = 10
_BUCKET = "//storage.googleapis.com/projects/_/buckets/"
_IN_ROLE = "inRole:"


def boundary_rules(options: str) -> list[Json]:
    """Read the rules in the ``options`` of a token exchange (JSON, perhaps percent-encoded). Raises ExchangeError."""
    try:
        document = json.loads(options if options.lstrip().startswith("{") else unquote(options))
        rules = document["accessBoundary"]["accessBoundaryRules"]
    except (ValueError, TypeError, KeyError):
        raise _invalid("The options must hold an access boundary.") from None
    if not isinstance(rules, list) or not 0 < len(rules) <= _MOST_RULES:
        raise _invalid(f"An access boundary has 1 to {_MOST_RULES} rules.")
    return [_checked(rule) for rule in rules]


def within(rules: Sequence[Json], permissions: Sequence[str], resource: Resource, now: datetime) -> list[str]:
    """Return those of the permissions that a boundary leaves on a resource, in the order asked."""
    left: set[str] = set()
    for rule in rules:
        if rule["availableResource"] in resource.policies and _holds(rule, resource, now):
            left |= _permissions(rule)
    return [permission for permission in permissions if permission in left]


def _checked(rule: object) -> Json:
    if not isinstance(rule, dict):
        raise _invalid("A rule of an access boundary is an object.")
    roles = rule.get("availablePermissions")
    if not isinstance(roles, list) or not roles or not all(_known(role) for role in roles):
        raise _invalid("The available permissions must be of the form inRole:roles/….")
    if not str(rule.get("availableResource", "")).startswith(_BUCKET):
        raise _invalid("The available resource must be a Cloud Storage bucket.")
    condition = rule.get("availabilityCondition") or {}
    try:
        cel.check_expression(condition.get("expression", "true"))
    except (cel.CelError, AttributeError, TypeError) as error:
        raise _invalid(f"The availability condition is invalid: {error}") from None
    return rule


def _known(role: object) -> bool:
    return isinstance(role, str) and role.startswith(_IN_ROLE) and role.removeprefix(_IN_ROLE) in predefined()


def _permissions(rule: Json) -> frozenset[str]:
    roles = predefined()
    return frozenset[str]().union(*(roles[role.removeprefix(_IN_ROLE)] for role in rule["availablePermissions"]))


def _holds(rule: Json, resource: Resource, now: datetime) -> bool:
    expression = (rule.get("availabilityCondition") or {}).get("expression")
    if not expression:
        return True
    facts = {"name": resource.name, "type": resource.kind, "service": resource.service}
    try:
        return cel.evaluate(expression, {"resource": facts, "request": {"time": now}, "api": {}}) is True
    except cel.CelError:
        return False


def _invalid(description: str) -> ExchangeError:
    return ExchangeError("invalid_request", description)
