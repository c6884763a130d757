"""check for CI: forms, files, saved plans with their root, sensitive values, comments."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli

_SECRET = "https://hunter22.example.com"
_ROOT = """
terraform {
  backend "local" {}
}

variable "token" {
  type      = string
  sensitive = true
}

resource "terraform_data" "this" {
  input = var.token
}
"""


def plan(*, issuer: str, sensitive: bool) -> dict[str, Any]:
    ids = {"workload_identity_pool_id": "churn-dev-gh", "workload_identity_pool_provider_id": "github"}
    after = {**ids, "oidc": [{"issuer_uri": issuer}]}
    marks = {"oidc": [{"issuer_uri": True}]} if sensitive else {}
    change = {"actions": ["create"], "before": None, "after": after, "after_unknown": {}, "after_sensitive": marks}
    kind = "google_iam_workload_identity_pool_provider"
    provider = "registry.terraform.io/hashicorp/google"
    resource = {"address": f"{kind}.this", "type": kind, "name": "this", "mode": "managed", "provider_name": provider}
    return {"format_version": "1.2", "complete": True, "resource_changes": [{**resource, "change": change}]}


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github", "markdown"])
def test_no_form_tells_a_sensitive_value(cli: Cli, tmp_path: Path, form: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(plan(issuer=_SECRET, sensitive=True)))
    hidden = cli("check", file, "-o", form)
    assert hidden.code == 3, hidden
    assert "hunter22" not in hidden.out + hidden.err
    assert "PE-WIF-002" in hidden.out
    file.write_text(json.dumps(plan(issuer=_SECRET, sensitive=False)))
    assert "hunter22" in cli("check", file, "-o", form).out


def test_the_comment_tells_what_changes_in_access(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    document = plan(issuer=_SECRET, sensitive=False)
    grant = {"project": "example-churn-dev", "role": "roles/owner", "member": "user:eve_hunter22@example.com"}
    change = {"actions": ["create"], "before": None, "after": grant, "after_unknown": {}}
    resource = {
        **document["resource_changes"][0],
        "type": "google_project_iam_member",
        "address": "google_project_iam_member.this",
    }
    for marks, told in (({}, "eve_hunter22@"), ({"member": True}, "(sensitive)")):
        document["resource_changes"][1:] = [{**resource, "change": {**change, "after_sensitive": marks}}]
        file.write_text(json.dumps(document))
        ended = cli("check", file, "-o", "markdown")
        assert ended.code == 3, ended
        said = ended.out.replace("\u200b", "").replace("\\", "")
        assert f"| gained | this change gives {'user:' if not marks else ''}{told}" in said
        assert ("hunter22@" in said) is not bool(marks)
        assert "roles/owner on project example-churn-dev" in said


def test_one_check_writes_several_forms(cli: Cli, tmp_path: Path) -> None:
    file, report, tests = tmp_path / "plan.json", tmp_path / "r.sarif", tmp_path / "r.xml"
    file.write_text(json.dumps(plan(issuer=_SECRET, sensitive=False)))
    ended = cli("check", file, "-o", "github", "--write", f"sarif={report}", "--write", f"junit={tests}")
    assert ended.code == 3
    assert ended.out.startswith("::error file=")
    assert json.loads(report.read_text())["runs"][0]["properties"]["passed"] is False
    assert "<testsuites" in tests.read_text()


@pytest.mark.parametrize("wrong", ["sarif", "sarif=", "pdf=x", "=x"])
def test_a_file_without_a_known_form_is_refused_before_anything_is_read(cli: Cli, tmp_path: Path, wrong: str) -> None:
    ended = cli("check", tmp_path / "none.json", "--write", wrong)
    assert ended.code == 2
    assert "--write" in ended.err
    assert "none.json" not in ended.err


@pytest.mark.e2e
def test_a_saved_plan_is_read_beside_its_root(cli: Cli, tmp_path: Path) -> None:
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("no terraform is installed")
    root = tmp_path / "envs" / "x"
    root.mkdir(parents=True)
    (root / "main.tf").write_text(_ROOT)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TF_VAR_token": "hunter22",
        "CHECKPOINT_DISABLE": "1",
    }
    for arguments in (["init"], ["plan", "-out=saved.tfplan"]):
        subprocess.run(
            [terraform, *arguments, "-input=false"], cwd=root, env=environment, check=True, capture_output=True
        )
    alone = cli("check", root / "saved.tfplan")
    assert alone.code == 2
    assert "--root" in alone.err
    ended = cli("check", root / "saved.tfplan", "--root", root, "-o", "markdown")
    assert "| create | terraform\\_data.this |" in ended.out, ended
    assert "hunter22" not in ended.out + ended.err
    document = cli("check", root / "saved.tfplan", "--root", root, "-o", "json").document
    assert len(document["plan_digest"]) == 64


def test_a_comment_needs_a_token_and_a_thread(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"format_version": "1.2", "complete": True, "resource_changes": []}))
    assert cli("check", file).code == 0
    nowhere = cli("check", file, "--comment", "example-ml/churn")
    assert nowhere.code == 2
    assert "OWNER/REPO#NUMBER" in nowhere.err
    nobody = cli("check", file, "--comment", "example-ml/churn#1")
    assert nobody.code == 2
    assert "GITHUB_TOKEN" in nobody.err
