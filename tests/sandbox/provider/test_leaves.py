"""For every attribute of every type: what was applied plans nothing, a change replaces or updates as declared."""

from __future__ import annotations

import pytest

from provisioner.sandbox.provider.fields import Field
from provisioner.sandbox.provider.resource import Resource
from provisioner.sandbox.provider.values import is_zero
from tests.sandbox.provider.calls import Provider, Refused, Value
from tests.sandbox.provider.configurations import around, leaves, values_of
from tests.sandbox.provider.shelf import Shelf
from tests.sandbox.provider.test_tables import known, types

# Types whose life is more than one document; the roots of test_laws.py lead them against the sandbox's own rules.
NOT_KEPT = {
    "google_project": "billing and networks are other services",
    "google_project_default_service_accounts": "it works on the accounts of a project",
    "google_project_iam_audit_config": "it is a part of the project's policy",
    "google_project_iam_custom_role": "a deleted one is there already",
    "google_project_service": "services are enabled in batches and listed",
    "google_secret_manager_secret_version": "it is added, enabled, disabled and destroyed by verbs",
    "google_service_account": "its address comes from the server",
    "google_sql_user": "it is found in a list",
    "google_storage_bucket_object": "its content is uploaded",
    "google_storage_managed_folder": "its name has slashes",
}
# What only a server's rule can answer.
BY_THE_SERVER = {
    ("google_cloud_scheduler_job", "paused"): "pausing is a verb",
    ("google_iam_workload_identity_pool", "attestation_rules.google_cloud_resource"): "rules are set by a verb",
    ("google_logging_metric", "name"): "an update renames it",
    ("google_logging_project_sink", "unique_writer_identity"): "the server chooses the writer",
    ("google_storage_bucket", "enable_object_retention"): "it is asked for in the query of a create",
    ("google_storage_bucket", "retention_policy.is_locked"): "locking is a verb",
    **{
        ("google_storage_bucket", f"lifecycle_rule.condition.send_{name}_if_zero"): "it speaks of another attribute"
        for name in ("age", "days_since_custom_time", "days_since_noncurrent_time", "num_newer_versions")
    },
}
UNSEEN = {"special", "empty", "absent"}  # rules that hide just the change which is tried here


def generic() -> list[str]:
    return [name for name in types() if name not in NOT_KEPT]


@pytest.mark.parametrize("name", generic())
def test_what_was_applied_plans_nothing_and_changes_as_declared(name: str) -> None:
    resource = known().resources[name]
    shelf, wrong = Shelf(), list[str]()
    provider = Provider(shelf, known())
    for path, leaf in leaves(resource.fields):
        if path == ("id",) or (name, ".".join(path)) in BY_THE_SERVER:
            continue
        try:
            shelf.documents.clear()
            wrong += _judged(provider, resource, path, leaf)
        except Refused as refused:
            wrong.append(f"{'.'.join(path)}: {refused}")
    assert wrong == []


def _judged(provider: Provider, resource: Resource, path: tuple[str, ...], leaf: Field) -> list[str]:
    name, where = resource.spec.name, ".".join(path)
    first, second = values_of(leaf)
    config = around(resource.fields, path, first)
    if problems := provider.problems(name, config):
        return [f"{where}: {problems[0].summary} {problems[0].detail}"]
    state = _applied(provider, name, None, config)
    again, _ = provider.plan(name, state, config)
    if again != state:
        return [f"{where}: applied, and plans {_different(state, again)}"]
    changed = around(resource.fields, path, second)
    if second is None or "writeonly" in leaf.flags or leaf.flags.get("same") in UNSEEN or _says_nothing(changed, path):
        return []
    planned, replaces = provider.plan(name, state, changed)
    if planned == state:
        return [f"{where}: a change is not seen"]
    if replaces != _forces(resource.fields, path):
        return [f"{where}: {'replaces' if replaces else 'does not replace'}"]
    after = _applied(provider, name, None if replaces else state, changed)
    again, _ = provider.plan(name, after, changed)
    return [] if again == after else [f"{where}: changed, and plans {_different(after, again)}"]


def _says_nothing(config: Value, path: tuple[str, ...]) -> bool:
    """Tell whether the leaf's block holds nothing but zeros: the real provider does not send such a block either."""
    for name in path[:-1]:
        (config,) = config[name]
        if is_zero(config):
            return True
    return False


def _applied(provider: Provider, name: str, prior: Value, config: Value) -> Value:
    planned, _ = provider.plan(name, prior, config)
    state = provider.apply(name, prior, planned, config)
    assert provider.read(name, state) == state
    return state


def _different(before: Value, after: Value) -> str:
    return str({key: (before[key], after[key]) for key in after if before[key] != after[key]})


def _forces(fields: tuple[Field, ...], path: tuple[str, ...]) -> bool:
    """Tell whether a change of the leaf needs a new object; a changed element of a set is a new one with all in it."""
    part = next(each for each in fields if each.name == path[0])
    if part.kind == "setblocks" and any(_any_forces(each) for each in part.parts):
        return True
    return part.force_new if len(path) == 1 else _forces(part.parts, path[1:])


def _any_forces(part: Field) -> bool:
    return part.force_new or any(map(_any_forces, part.parts))
