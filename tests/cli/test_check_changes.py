"""check between review and apply: the redacted changes of one plan, and whether another does the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli

FORMAT = {"format_version": "1.2", "complete": True}
LABELS = dict.fromkeys(("team", "env", "cost-center", "owner", "data-class", "managed-by"), "x")
ROOT = """
terraform {
  backend "gcs" {
    bucket = "b"
    prefix = "p"
  }
}

variable "size" {
  type = number
}

resource "terraform_data" "this" {
  input = var.size
}
"""


def topic(name: str, *, secret: str = "hunter22", **after: Any) -> dict[str, Any]:
    kind = "google_pubsub_topic"
    provider = "registry.terraform.io/hashicorp/google"
    change = {
        "actions": ["create"],
        "before": None,
        "after": {"name": name, "labels": LABELS, "word": secret, **after},
        "after_unknown": {},
        "after_sensitive": {"word": True},
    }
    place = {"address": f"{kind}.{name}", "type": kind, "name": name, "mode": "managed", "provider_name": provider}
    return {**place, "change": change}


def written(file: Path, *resources: dict[str, Any]) -> Path:
    file.write_text(json.dumps({**FORMAT, "resource_changes": resources}))
    return file


def test_a_plan_that_does_what_was_reviewed_is_accepted(cli: Cli, tmp_path: Path) -> None:
    kept = tmp_path / "reviewed.json"
    plan = written(tmp_path / "plan.json", topic("a"), topic("b"))
    assert cli("check", plan, "--name", "dev", "--out-changes", kept).code == 0
    assert "hunter22" not in kept.read_text()
    assert [each["address"] for each in json.loads(kept.read_text())["roots"]["dev"]] == [
        "google_pubsub_topic.a",
        "google_pubsub_topic.b",
    ]
    again = written(tmp_path / "again.json", topic("b"), topic("a"))
    assert cli("check", again, "--name", "dev", "--expect-changes", kept).code == 0


@pytest.mark.parametrize(
    ("resources", "addresses"),
    [
        ((topic("a"),), ["b"]),
        ((topic("a"), topic("b"), topic("c")), ["c"]),
        ((topic("a", kms_key_name="k"), topic("b")), ["a"]),
        ((), ["a", "b"]),
    ],
    ids=["one less", "one more", "other values", "nothing"],
)
def test_every_address_that_differs_is_named(
    resources: tuple[dict[str, Any], ...], addresses: list[str], cli: Cli, tmp_path: Path
) -> None:
    kept = tmp_path / "reviewed.json"
    cli("check", written(tmp_path / "plan.json", topic("a"), topic("b")), "--name", "dev", "--out-changes", kept)
    ended = cli("check", written(tmp_path / "now.json", *resources), "--name", "dev", "--expect-changes", kept)
    assert ended.code == 5, ended
    named = ", ".join(f"dev: google_pubsub_topic.{each}" for each in addresses)
    said = " ".join(ended.err.split())
    assert f"not as reviewed: {named} plan again, have those changes reviewed" in said


def test_what_was_reviewed_for_another_root_is_not_reviewed(cli: Cli, tmp_path: Path) -> None:
    kept, plan = tmp_path / "reviewed.json", written(tmp_path / "plan.json", topic("a"))
    cli("check", plan, "--name", "dev", "--out-changes", kept)
    ended = cli("check", plan, "--name", "prod", "--expect-changes", kept)
    assert (ended.code, "prod: was not reviewed" in " ".join(ended.err.split())) == (5, True), ended


def test_a_rule_that_refuses_comes_before_the_review(cli: Cli, tmp_path: Path) -> None:
    kept, plan = tmp_path / "reviewed.json", written(tmp_path / "plan.json")
    cli("check", plan, "--name", "dev", "--out-changes", kept)
    grant = topic("x") | {"type": "google_project_iam_member", "address": "google_project_iam_member.x"}
    grant["change"] |= {"after": {"project": "p", "role": "roles/owner", "member": "user:eve@example.com"}}
    ended = cli("check", written(plan, grant), "--name", "dev", "--expect-changes", kept)
    assert ended.code == 3, ended


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": 2}', '{"schema": 1, "roots": 7}', '{"schema": 1, "roots": {"dev": 7}}']
)
def test_a_file_that_holds_no_reviewed_changes_is_refused(text: str, cli: Cli, tmp_path: Path) -> None:
    kept = tmp_path / "reviewed.json"
    kept.write_text(text)
    ended = cli("check", written(tmp_path / "plan.json"), "--name", "dev", "--expect-changes", kept)
    assert ended.code == 2, ended


@pytest.mark.parametrize("option", ["--out-changes", "--expect-changes"])
def test_source_has_no_changes_to_compare(option: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(ROOT)
    ended = cli("check", tmp_path, option, tmp_path / "main.tf")
    assert (ended.code, "about a plan" in " ".join(ended.err.split())) == (2, True), ended
    assert (tmp_path / "main.tf").read_text() == ROOT


@pytest.mark.e2e
@pytest.mark.slow
def test_saved_plans_are_compared_as_well(cli: Cli, tmp_path: Path) -> None:
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("no terraform is installed")
    (tmp_path / "main.tf").write_text(ROOT)
    override = tmp_path / "backend_override.tf"
    override.write_text('terraform {\n  backend "local" {}\n}\n')
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CHECKPOINT_DISABLE": "1"}

    def planned(size: int) -> Path:
        arguments = [terraform, "plan", "-input=false", f"-var=size={size}", f"-out={size}.tfplan"]
        subprocess.run(arguments, cwd=tmp_path, env=environment, check=True, capture_output=True)
        return tmp_path / f"{size}.tfplan"

    subprocess.run([terraform, "init"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    first, same, other = (shutil.copy(planned(size), tmp_path / name) for name, size in (("a", 1), ("b", 1), ("c", 2)))
    override.unlink()
    kept = tmp_path / "reviewed.json"
    assert cli("check", first, "--root", tmp_path, "--out-changes", kept).code == 0
    assert cli("check", same, "--root", tmp_path, "--expect-changes", kept).code == 0
    ended = cli("check", other, "--root", tmp_path, "--expect-changes", kept)
    assert (ended.code, "terraform_data.this" in ended.err) == (5, True), ended


def test_a_saved_plan_is_held_to_its_addresses_as_json_is(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No Terraform writes such a plan: what stands in its place here shows what a changed one could say."""
    liar = tmp_path / "terraform"
    lie = {**FORMAT, "resource_changes": [topic("a") | {"type": "google_storage_bucket"}]}
    version = json.dumps({"terraform_version": "1.11.4"})
    said = f"import sys\nprint({version!r} if 'version' in sys.argv else {json.dumps(lie)!r})\n"
    liar.write_text(f"#!{sys.executable}\n{said}")
    liar.chmod(0o755)
    monkeypatch.setenv("PROVISION_ENV_TERRAFORM", str(liar))
    (tmp_path / "main.tf").write_text(ROOT)
    (tmp_path / "saved.tfplan").write_bytes(b"PK\x03\x04")
    ended = cli("check", tmp_path / "saved.tfplan", "--root", tmp_path)
    assert (ended.code, "the plan calls google_pubsub_topic.a" in " ".join(ended.err.split())) == (2, True), ended


def test_a_place_that_cannot_be_written_is_said(cli: Cli, tmp_path: Path) -> None:
    plan = written(tmp_path / "plan.json", topic("a"))
    ended = cli("check", plan, "--out-changes", tmp_path / "none" / "reviewed.json")
    said = " ".join(ended.err.split())
    assert (ended.code, "cannot be written: No such file or directory" in said) == (2, True), ended
