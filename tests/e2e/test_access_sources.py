"""`access` from every source, as people and pipelines ask for it; what was changed by hand ends it with code 1."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.desk import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("e2e-access")]

PROJECT = "example-depot-dev"
DEPLOY = f"depot-dev-deploy@{PROJECT}.iam.gserviceaccount.com"
ACCOUNT = f"https://iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts/{DEPLOY}"


@pytest.fixture(scope="module")
def request_file(desk: Desk) -> Path:
    """Write the request of a team and bring it up."""
    path = desk.request("depot")
    ended = desk.up(path)
    assert ended.code == 0, ended
    assert " gained; `provision-env plan` says each before" in ended.err
    return path


def reached(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(row["identity"], row["context"]) for row in document["rows"] if row["computed"]}


@pytest.mark.usefixtures("request_file")
def test_a_binding_made_by_hand_shows_live_and_only_there(desk: Desk) -> None:
    _, before = desk.call("POST", f"{ACCOUNT}:getIamPolicy", {})
    pool = before["bindings"][0]["members"][0].partition("/attribute.")[0]
    everyone = {"role": "roles/iam.workloadIdentityUser", "members": [f"{pool}/*"]}
    status, _ = desk.call(
        "POST", f"{ACCOUNT}:setIamPolicy", {"policy": {**before, "bindings": [*before["bindings"], everyone]}}
    )
    assert status == 200

    live = desk.person.runs("access", "depot/dev", "--from", "live", "-o", "json")

    assert live.code == 1, live
    document = live.document
    assert document["right"] is False
    assert ("dev/deploy", "push on main") in reached(document)
    assert [each["member"] for each in document["unmanaged"] if each["ours"]] == [f"{pool}/*"]
    reasons = {f"{each['where']}: {each['reason']}" for each in live.error["problems"]}
    assert f"push on main -> dev/deploy: must not reach {DEPLOY} (reached, bound)" in reasons
    assert any(f"{pool}/* holds roles/iam.workloadIdentityUser on account {DEPLOY}" in each for each in reasons)
    for source in ("run", "state"):
        assert desk.person.runs("access", "depot", "--from", source).code == 0

    _, now = desk.call("POST", f"{ACCOUNT}:getIamPolicy", {})
    assert desk.call("POST", f"{ACCOUNT}:setIamPolicy", {"policy": {**before, "etag": now["etag"]}})[0] == 200
    assert desk.person.runs("access", "depot", "--from", "live").code == 0


def test_all_sources_agree_where_nobody_changed_anything(desk: Desk, request_file: Path) -> None:
    documents = {
        source: desk.person.runs("access", "depot", "--from", source, "-o", "json").document
        for source in ("run", "state", "plan", "live")
    }
    for source, document in documents.items():
        assert reached(document) == reached(documents["run"]), source
        assert document["right"] is True
        assert document["holdings"] == documents["run"]["holdings"], source
        held = {each["role"] for each in document["holdings"]}
        assert (set(document.get("roles", ())) == held) is (source != "run")
    again = desk.person.runs("plan", request_file, "-o", "json").document
    assert again["access"] == {"gained": [], "lost": []}


def test_a_plan_file_is_asked_about_its_own_environment(desk: Desk, request_file: Path) -> None:
    facts = desk.person.runs("status", "depot", "-o", "json").document["repository"]
    out = desk.folder / "terraform"
    ids = ("--repository-id", facts["id"], "--owner-id", facts["owner_id"])
    assert desk.person.runs("render", request_file, "--out", out, *ids).code == 0
    module = next((out / "modules").parent.glob("modules@*/workload-identity/main.tf"))
    fence = "\"has(assertion.runner_environment) && assertion.runner_environment == 'github-hosted'\","
    assert module.read_text().count(fence) == 1
    module.write_text(module.read_text().replace(fence, ""))
    plan = desk.written("plan.json", planned(desk, out / "envs" / "depot-dev"))

    ended = desk.person.runs("access", "depot", "--plan", plan, "--html", desk.folder / "access.html")

    assert ended.code == 1, ended
    assert f"self-hosted runner -> dev/deploy: must not reach {DEPLOY}" in ended.err
    page = (desk.folder / "access.html").read_text()
    assert "run.services.list" in page
    assert "As it would be after" in page
    foreign = desk.written("other.json", json.dumps({"format_version": "1.2", "resource_changes": []}))
    assert desk.person.runs("access", "depot", "--plan", foreign).code == 2


def planned(desk: Desk, root: Path) -> str:
    variables = desk.person.runs("sandbox", "env", "-o", "json").document
    environment = {**desk.person.environment(), **variables}
    for arguments in (("init",), ("plan", "-out=plan.bin"), ("show", "-json", "plan.bin")):
        done = subprocess.run(
            ["terraform", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
