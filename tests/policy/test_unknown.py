"""What is known only after apply does not pass: every value that a rule reads of the good plan, made unknown."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from provisioner.policy import RULES, PolicyContext
from provisioner.policy.view import PlanView, Resource, view
from provisioner.terraform.plan import Plan
from tests.policy.breaking import Json

pytestmark = pytest.mark.e2e
Path = tuple[str | int, ...]
PROVISIONED = "goog-terraform-provisioned"

ALLOWED = {
    ("google_artifact_registry_repository", "vulnerability_scanning_config.0.enablement_config"): "Google's default",
    ("google_artifact_registry_repository", "effective_labels"): "those of the configuration decide",
    ("google_billing_budget", "budget_filter.0.projects.0"): "it is one project, made in the same run",
    ("google_cloud_run_v2_service", "effective_labels"): "those of the configuration decide",
    ("google_cloud_run_v2_service", "location"): "without a key of its own, its place is not asked for",
    ("google_cloud_run_v2_service", "name"): "a service without a name in the request is never public",
    ("google_cloud_run_v2_service", "template.0.containers.0.ports"): "the container is probed anyway",
    ("google_project_iam_audit_config", "audit_log_config.0.log_type"): "the other two are the ones asked for",
    ("google_storage_bucket", "effective_labels"): "those of the configuration decide",
    (
        "google_storage_bucket",
        "lifecycle_rule.0.condition.0.days_since_noncurrent_time",
    ): "the number of versions decides",
    ("google_storage_managed_folder_iam_member", "bucket"): "the folder is the environment's own in any bucket",
}
"""Type and path of values that may be unknown, with the reason."""


def read_by_rules(plan: PlanView, context: PolicyContext, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, Path]]:
    """Return the address and path of every value that some rule asks for."""
    found: set[tuple[str, Path]] = set()
    get = Resource.get

    def noted(resource: Resource, *path: str | int) -> Any:
        found.add((resource.address, path))
        return get(resource, *path)

    with monkeypatch.context() as patch:
        patch.setattr(Resource, "get", noted)
        assert not blocking(plan, context)
    return {(address, path) for address, path in found if path[-1] != PROVISIONED}


def blocking(plan: PlanView, context: PolicyContext) -> list[str]:
    return [
        f"{found.rule} {found.resource}" for rule in RULES for found in rule.findings(plan, context) if found.blocks
    ]


def leaves(value: Any, path: Path) -> Iterator[Path]:
    """Yield the path itself, and of each text in a list or a map of texts: rules take such whole."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield from ((*path, key) for key, item in items if isinstance(item, str) and key != PROVISIONED)


def there(after: Any, path: Path) -> tuple[Any, Path]:
    """Follow the path as far as the value goes: what is absent can be unknown as a whole."""
    for index, step in enumerate(path):
        if isinstance(after, list) and isinstance(step, int) and step >= len(after):
            return None, path[:index]
        if isinstance(after, dict) and step not in after:
            return None, path[: index + 1]
        after = after[step]
    return after, path


def unknowing(resource: Resource, path: Path) -> Resource:
    """Have apply decide the value at the path, in Terraform's way: absent or null, and true in after_unknown."""
    after = copy.deepcopy(dict(resource.after))
    marked = _marked(after, resource.unknown, path)
    *steps, last = path
    node: Any = after
    for step in steps:
        node = node[step]
    if isinstance(last, str):
        node.pop(last, None)
    else:
        node[last] = None
    return replace(resource, after=after, unknown=marked)


def _marked(value: Any, unknown: Any, path: Path) -> Any:
    if not path:
        return True
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        members = dict(unknown) if isinstance(unknown, dict) else {}
        return members | {step: _marked(value.get(step), members.get(step), rest)}
    items = list(unknown) if isinstance(unknown, list) else []
    items += [{}] * (len(value) - len(items))
    items[step] = _marked(value[step], items[step], rest)
    return items


def test_no_rule_passes_what_it_cannot_know(
    good: Json, context: PolicyContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = view(Plan.from_json(good))
    places = {resource.address: index for index, resource in enumerate(plan.resources)}
    passed, tried = set(), 0
    for address, path in read_by_rules(plan, context, monkeypatch):
        one = plan.resources[places[address]]
        for leaf in filter(None, leaves(*there(one.after, path))):
            resources = list(plan.resources)
            resources[places[address]] = unknowing(one, leaf)
            tried += 1
            if not blocking(replace(plan, resources=tuple(resources)), context):
                passed.add((one.type, ".".join(map(str, leaf))))
    assert tried > len(ALLOWED) * 10
    assert passed == set(ALLOWED)
