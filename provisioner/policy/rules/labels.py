"""Labels: everything has an owner and a cost centre."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.policy.model import Complaint, PolicyContext, Rule, Severity
from provisioner.policy.view import UNKNOWN, PlanView, Resource
from provisioner.request.models import Platform

_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_FIELDS = ("effective_labels", "terraform_labels", "labels")
_OTHER_FIELD = {
    "google_monitoring_notification_channel": "user_labels",
    "google_monitoring_alert_policy": "user_labels",
}
"""Types whose own labels go by another name; what they call ``labels`` is configuration."""


def _present(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    for resource, labels in _labelled(plan):
        if labels is UNKNOWN:
            yield resource.address, "the labels are known only after apply"
            continue
        missing = [key for key in _required(context) if not labels.get(key)]
        if missing:
            yield resource.address, f"lacks the labels {', '.join(missing)}"


def _true(plan: PlanView, context: PolicyContext) -> Iterator[Complaint]:
    expected = dict(context.environment.labels) if context.environment else {}
    for resource, labels in _labelled(plan):
        if labels is UNKNOWN:
            continue
        for key, value in labels.items():
            if not isinstance(value, str) or not _VALUE.fullmatch(value):
                yield resource.address, f'the label {key}="{value}" is not of a-z, 0-9, - and _'
            elif key in expected and value != expected[key]:
                yield resource.address, f'the label {key}="{value}" should be "{expected[key]}"'


def _required(context: PolicyContext) -> tuple[str, ...]:
    if context.platform is not None:
        return context.platform.required_labels
    return tuple(Platform.model_fields["required_labels"].default)


def _labelled(plan: PlanView) -> Iterator[tuple[Resource, Any]]:
    for resource in plan.staying():
        own = _OTHER_FIELD.get(resource.type)
        fields = (own,) if own else _FIELDS
        if any(field in resource.after or field in _keys(resource.unknown) for field in fields):
            yield resource, _labels(resource, fields)


def _labels(resource: Resource, fields: tuple[str, ...]) -> Any:  # noqa: ANN401 - a map of labels, or UNKNOWN
    """Return the first of the fields that is known; one value in it known only after apply makes it unknown."""
    for field in fields:
        found = resource.get(field)
        if isinstance(found, Mapping) and UNKNOWN not in [resource.get(field, key) for key in found]:
            return found
    return UNKNOWN if any(resource.get(field) is UNKNOWN for field in fields) else {}


def _keys(unknown: object) -> set[str]:
    return set(unknown) if isinstance(unknown, Mapping) else set()


RULES: tuple[Rule, ...] = (
    Rule(
        "PE-LBL-001",
        Severity.MEDIUM,
        "Everything that takes labels has the required ones",
        "pass the environment's labels, or set them once as default_labels of the provider",
        13,
        _present,
    ),
    Rule(
        "PE-LBL-002",
        Severity.MEDIUM,
        "Labels are legal and say what is true",
        "use the values that the request derives; put e-mail addresses into descriptions",
        13,
        _true,
    ),
)
