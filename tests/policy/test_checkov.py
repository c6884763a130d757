"""checkov's findings in our own model, or a clear word when it is not there."""

from __future__ import annotations

import copy
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import InvalidInput, ProvisionError
from provisioner.policy import PolicyContext, check
from provisioner.policy.checkov import SKIPPED, checkov_findings, installed, require
from provisioner.terraform.plan import Plan
from tests.policy.breaking import resource

Json = dict[str, Any]
needed = pytest.mark.skipif(importlib.util.find_spec("checkov") is None, reason="the extra checkov is not installed")


@needed
@pytest.mark.e2e
def test_a_rendered_plan_is_clean_and_a_bucket_without_versions_is_not(good: Json, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(good))
    assert checkov_findings(file) == ()

    text = json.dumps(good).replace('"versioning": [{"enabled": true}]', '"versioning": [{"enabled": false}]')
    file.write_text(text)
    found = checkov_findings(file)

    assert {finding.rule for finding in found} == {"CKV_GCP_78"}
    assert "google_storage_bucket" in found[0].resource
    verdict = check(Plan.from_json(good), PolicyContext(), more=found)
    assert "CKV_GCP_78" in {finding.rule for finding in verdict.blocking}


@needed
def test_what_checkov_does_not_look_at_is_a_failure(tmp_path: Path) -> None:
    """It passes over resources of other providers, and says nothing."""
    unread = resource("google_storage_bucket", {"name": "x"})
    unread["provider_name"] = "example.com/somebody/google"
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"format_version": "1.2", "resource_changes": [unread]}))

    with pytest.raises(ProvisionError, match="could not read"):
        checkov_findings(file)
    file.write_text("[]")
    with pytest.raises(InvalidInput):
        checkov_findings(file)


@needed
@pytest.mark.e2e
def test_what_a_plan_changes_and_does_not_plan_is_a_failure(good: Json, tmp_path: Path) -> None:
    """checkov reads planned values, our rules what is changed: a plan that tells them two stories is no plan."""
    hidden = copy.deepcopy(good)
    bucket = next(each for each in hidden["resource_changes"] if each["type"] == "google_storage_bucket")
    modules = [hidden["planned_values"]["root_module"]]
    for module in modules:
        module["resources"] = [each for each in module.get("resources", []) if each["address"] != bucket["address"]]
        modules += module.get("child_modules", [])
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(hidden))

    with pytest.raises(ProvisionError, match=re.escape(bucket["address"])):
        checkov_findings(file)


@needed
def test_a_plan_of_other_clouds_is_looked_at_as_well(tmp_path: Path) -> None:
    open_bucket = {"bucket": "b", "acl": "public-read"}
    planned = {"address": "aws_s3_bucket.added", "mode": "managed", "type": "aws_s3_bucket", "name": "added"}
    aws = "registry.terraform.io/hashicorp/aws"
    changes = [resource("aws_s3_bucket", open_bucket) | {"provider_name": aws}]
    values = {"root_module": {"resources": [planned | {"values": open_bucket}]}}
    file = tmp_path / "shown"
    file.write_text(json.dumps({"format_version": "1.2", "planned_values": values, "resource_changes": changes}))

    assert "CKV_AWS_20" in {finding.rule for finding in checkov_findings(file)}


@needed
def test_a_plan_that_only_deletes_has_nothing_to_look_at(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"format_version": "1.2", "resource_changes": []}))

    assert checkov_findings(file) == ()


def test_skipped_checks_have_a_reason() -> None:
    assert all(len(reason) > 20 for reason in SKIPPED.values())
    assert "CKV_GCP_125" in SKIPPED


def test_without_the_extra_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    assert not installed()
    with pytest.raises(InvalidInput, match="checkov is not installed") as caught:
        require()
    assert "provision-env[checkov]" in caught.value.fix
