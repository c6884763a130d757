"""Labels and annotations: what the user wrote, what Terraform manages, what is there.

``labels`` are the resource's own, ``terraform_labels`` add the provider's default labels and the attribution label,
``effective_labels`` add what others set outside Terraform.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.values import UNKNOWN, Value, wholly_known

ATTRIBUTION: Final = "goog-terraform-provisioned"


def plan_labels(configuration: Configuration, prior: Mapping[str, Value] | None, planned: dict[str, Value]) -> None:
    """Set the two computed label maps of a plan."""
    own = planned.get("labels")
    if not wholly_known(own):
        planned["terraform_labels"] = planned["effective_labels"] = UNKNOWN
        return
    managed = dict(configuration.default_labels)
    before = prior or {}
    if configuration.attribution and _attributed(configuration, prior):
        managed[ATTRIBUTION] = "true"
    managed.update(own or {})
    planned["terraform_labels"] = _unless_same(before.get("terraform_labels"), managed)
    effective = _merge(before.get("effective_labels"), before.get("terraform_labels"), managed)
    planned["effective_labels"] = _unless_same(before.get("effective_labels"), effective)


def plan_annotations(prior: Mapping[str, Value] | None, planned: dict[str, Value]) -> None:
    """Set the computed annotation map of a plan."""
    own = planned.get("annotations")
    if not wholly_known(own):
        planned["effective_annotations"] = UNKNOWN
        return
    before = prior or {}
    effective = _merge(before.get("effective_annotations"), before.get("annotations"), own or {})
    planned["effective_annotations"] = _unless_same(before.get("effective_annotations"), effective)


def read_labels(state: dict[str, Value]) -> None:
    """Cut the user's and Terraform's maps down to what is really there, with the values that are there."""
    for owned, effective in (
        ("labels", "effective_labels"),
        ("terraform_labels", "effective_labels"),
        ("annotations", "effective_annotations"),
    ):
        if owned in state and effective in state:
            there = state[effective] or {}
            state[owned] = {key: there[key] for key in state[owned] or {} if key in there}


def _attributed(configuration: Configuration, prior: Mapping[str, Value] | None) -> bool:
    if prior is None or configuration.attribute_existing:
        return True
    return ATTRIBUTION in (prior.get("terraform_labels") or {})


def _merge(effective: Value, managed_before: Value, managed: Mapping[str, str]) -> dict[str, str]:
    foreign = {key: value for key, value in (effective or {}).items() if key not in (managed_before or {})}
    return {**foreign, **managed}


def _unless_same(before: Value, after: dict[str, str]) -> Value:
    return before if (before or {}) == after else after
