"""Laws that hold for every type, against the sandbox's own Google: stable, importable, gone when destroyed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.provider import registry
from provisioner.sandbox.provider.resource import Resource
from tests.sandbox.provider.conftest import MakeRoot, Root
from tests.sandbox.provider.world import NUMBER, PROJECT, Cloud, configured

pytestmark = pytest.mark.e2e
ROOTS = Path(__file__).parent / "roots"
NOT_IMPORTABLE = {"google_project_default_service_accounts", "google_storage_bucket_object"}
# What an import cannot know: the labels Terraform would own, secrets, switches of Terraform's own.
AFTER_IMPORT = {"labels", "terraform_labels", "effective_labels", "deletion_protection", "deletion_policy"}
AFTER_IMPORT |= {"force_destroy", "secret_data", "secret_data_wo_version"}


def _resources(root: Root) -> list[dict[str, Any]]:
    document = json.loads(root.ok("show", "-json"))
    found = document["values"]["root_module"]["resources"]
    return [resource for resource in found if resource["mode"] == "managed"]


def import_id(resource: dict[str, Any]) -> str:
    values, kind = resource["values"], resource["type"]
    if kind == "google_project_iam_audit_config":
        return f"{values['project']} {values['service']}"
    if kind == "google_monitoring_dashboard":  # its name has the project's number, which is another project to a plan
        return f"projects/{PROJECT}/dashboards/{values['id'].rpartition('/')[2]}"
    if not kind.endswith("_iam_member"):
        return str(values["id"])
    owner = re.split(r"/(?:roles|projects/[^/]+/roles)/", values["id"])[0]
    title = "".join(f" {condition['title']}" for condition in values["condition"])
    return f"{owner} {values['role']} {values['member']}{title}"


@pytest.mark.parametrize("name", ["environment", "more", "data"])
def test_an_applied_root_plans_nothing_and_leaves_nothing(make_root: MakeRoot, tmp_path: Path, name: str) -> None:
    cloud = Cloud(tmp_path)
    root = make_root(cloud, (ROOTS / f"{name}.tf").read_text())
    root.apply()
    cloud.asked.clear()
    assert root.actions() == {}
    assert cloud.changing() == []
    first = _resources(root)
    root.ok("apply", "-auto-approve", "-refresh-only")
    assert [resource["address"] for resource in _resources(root)] == [resource["address"] for resource in first]

    root.destroy()
    assert json.loads(root.ok("show", "-json")).get("values") is None
    for resource in first:
        assert _gone(cloud, resource), resource["address"]


def _gone(cloud: Cloud, resource: dict[str, Any]) -> bool:
    """Tell whether a read finds nothing; what Google never deletes, and services that stay enabled, are kept."""
    kept = {"google_project_service", "google_project_default_service_accounts", "google_project_iam_custom_role"}
    kept |= {"google_kms_key_ring", "google_kms_crypto_key"}
    if resource["type"] in kept:
        return True
    kind: Resource = registry.load().resources[resource["type"]]
    return kind.read(configured(cloud), dict(resource["values"])) is None


@pytest.mark.parametrize("name", ["environment", "more", "data"])
def test_an_imported_root_plans_nothing_but_what_an_import_cannot_know(
    make_root: MakeRoot, tmp_path: Path, name: str
) -> None:
    cloud = Cloud(tmp_path)
    body = (ROOTS / f"{name}.tf").read_text()
    made = make_root(cloud, body)
    made.apply()
    imports = [
        f"import {{\n  to = {resource['address']}\n  id = {json.dumps(import_id(resource))}\n}}\n"
        for resource in _resources(made)
        if resource["type"] not in NOT_IMPORTABLE
    ]
    expected: dict[str, list[str]] = {}
    if name == "environment":  # a version of a write-only value cannot be known, and changing it replaces
        expected["google_secret_manager_secret_version.two"] = ["delete", "create"]
    again = make_root(cloud, body + "".join(imports))
    plan = again.plan()
    for change in plan["resource_changes"]:
        if change["type"] in NOT_IMPORTABLE or change["mode"] == "data":
            continue
        if change["address"] in expected:
            assert change["change"]["actions"] == expected[change["address"]]
            continue
        before, after = change["change"]["before"], change["change"]["after"]
        different = {key for key in after if before.get(key) != after[key]} - AFTER_IMPORT
        assert different == set(), (change["address"], {key: (before.get(key), after[key]) for key in different})
        assert change["change"]["actions"] in (["no-op"], ["update"]), change["address"]
    again.apply()
    assert again.actions() == {}


def test_replacing_and_changing_in_place(make_root: MakeRoot, tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    body = (ROOTS / "environment.tf").read_text()
    root = make_root(cloud, body)
    root.apply()
    changed = {
        'display_name = "runtime"': 'display_name = "runtime"\n  disabled     = true',
        "max_instance_count = 3": "max_instance_count = 4",
        "num_newer_versions = 5": "num_newer_versions = 6",
        "keep_count = 20": "keep_count = 21",
        'units         = "500"': 'units         = "700"',
        'content = "hello"': 'content = "hello again"',
        'allowed_audiences = ["https://example.com/audience"]': "",
        'role    = "roles/logging.logWriter"': 'role    = "roles/logging.viewer"',
        'secret_data_wo_version = "1"': 'secret_data_wo_version = "2"',
        'secret_id = "payments-dev-db"\n': 'secret_id = "payments-dev-db"\n  labels    = { rev = "two" }\n',
        'location = "EU"': 'location = "EU"\n  labels   = { rev = "two" }',
    }
    root.write(_changed(body, changed))
    replaced, updated = ["delete", "create"], ["update"]
    assert root.actions() == {
        "google_service_account.runtime": updated,
        "google_cloud_run_v2_service.api": updated,
        "google_storage_bucket.data": updated,
        "google_storage_bucket.bare": updated,
        "google_artifact_registry_repository.images": updated,
        "google_billing_budget.it": updated,
        "google_storage_bucket_object.readme": updated,
        "google_iam_workload_identity_pool_provider.github": updated,
        "google_project_iam_member.logs": replaced,
        "google_secret_manager_secret_version.two": replaced,
        "google_secret_manager_secret.db": updated,
    }
    root.apply()
    assert root.actions() == {}
    assert root.state("google_service_account.runtime")["disabled"] is True
    assert NUMBER in root.state("google_iam_workload_identity_pool.pool")["name"]
    assert root.state("google_storage_bucket.bare")["project"] == PROJECT


def test_data_and_jobs_change_in_place_or_are_replaced(make_root: MakeRoot, tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    body = (ROOTS / "data.tf").read_text()
    root = make_root(cloud, body)
    root.apply()
    in_place = {
        '"7776000s"': '"15552000s"',
        '"what models learn from"': '"what models learn from today"',
        '"team", type = "STRING" },': '"team", type = "STRING" }, { name = "n", type = "INT64" },',
        '"severity>=ERROR"': '"severity>=WARNING"',
        'content = "hello"': 'content = "hello again"',
        "max_retries = 1": "max_retries = 2",
        "SELECT * FROM": "SELECT day FROM",
    }
    root.write(_changed(body, in_place))
    updated = ["update"]
    assert root.actions() == {
        "google_bigquery_dataset.features": updated,
        "google_bigquery_table.days": updated,
        "google_bigquery_table.view": updated,
        "google_cloud_run_v2_job.train": updated,
        "google_kms_crypto_key.key": updated,
        "google_logging_project_sink.errors": updated,
        "google_monitoring_dashboard.team": updated,
    }
    root.apply()
    assert root.actions() == {}

    root.write(_changed(body, {'type = "DATE", mode = "REQUIRED"': 'type = "STRING", mode = "REQUIRED"', **in_place}))
    assert root.actions() == {"google_bigquery_table.days": ["delete", "create"]}
    root.write(_changed(body, {'{ name = "team", type = "STRING" },': "", '["team"]': "[]"}))
    assert root.actions("-target=google_bigquery_table.days")["google_bigquery_table.days"] == updated


def _changed(body: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert body.count(old) == 1, old
        body = body.replace(old, new)
    return body
