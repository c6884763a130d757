"""A team whose infrastructure is kept elsewhere gets its repository, and nothing in Google Cloud is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.desk import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("e2e-repository-alone")]

EXISTING = {
    "workload_identity_provider": "projects/123456789012/locations/global/workloadIdentityPools/ci-p/providers/github",
    "plan_service_account": "ci-plan@example-old-dev.iam.gserviceaccount.com",
    "deploy_service_account": "ci-deploy@example-old-dev.iam.gserviceaccount.com",
    "runtime_service_account": "scoring@example-old-dev.iam.gserviceaccount.com",
    "buckets": {"lake": "example-old-lake"},
    "registries": {"images": "europe-west1-docker.pkg.dev/example-old-dev/images"},
    "services": {"scoring": {"name": "scoring"}},
}


def request(desk: Desk, team: str) -> Path:
    """Write the request of a team that has everything but a repository."""
    lines = [f"team: {team}", f"owner: {team}@example.com", "cost_center: cc-1", "data_class: internal"]
    stage = f"  dev: {{project: example-old-dev, existing: {json.dumps(EXISTING)}}}"
    return desk.written(f"{team}.yaml", "\n".join([*lines, "environments:", stage]) + "\n")


def test_bootstrap_fills_a_repository_and_verify_finds_what_was_changed(desk: Desk) -> None:
    file = request(desk, "elsewhere")
    made = desk.person.runs("repo", "bootstrap", file, "--sandbox", "-o", "json")
    assert made.code == 0, made
    assert made.document["differences"] == []
    path = "https://api.github.com/repos/example-ml/elsewhere"
    _, variables = desk.call("GET", f"{path}/environments/dev/variables")
    assert {row["name"]: row["value"] for row in variables["variables"]} == {
        "WORKLOAD_IDENTITY_PROVIDER": EXISTING["workload_identity_provider"],
        "SERVICE_ACCOUNT": EXISTING["deploy_service_account"],
        "GCP_PROJECT_ID": "example-old-dev",
        "GCP_REGION": "europe-west1",
        "ARTIFACT_REGISTRY_REPO": "europe-west1-docker.pkg.dev/example-old-dev/images",
        "GCS_BUCKET": "example-old-lake",
    }
    as_it_was = desk.person.runs("repo", "verify", file, "--sandbox")
    assert (as_it_was.code, "as it was set up" in as_it_was.out) == (0, True), as_it_was
    desk.call("PATCH", f"{path}/environments/dev/variables/GCS_BUCKET", {"value": "another"})
    changed = desk.person.runs("repo", "verify", file, "--sandbox", "-o", "json")
    assert changed.code == 1
    assert changed.document == [
        {"where": "environment dev: variable GCS_BUCKET", "expected": "example-old-lake", "found": "another"}
    ]


def test_up_and_plan_refuse_what_is_kept_elsewhere(desk: Desk) -> None:
    file = request(desk, "untouched")
    for verb in ("up", "plan", "render"):
        options = ("--out", desk.folder / "out") if verb == "render" else ("--sandbox",)
        ended = desk.person.runs(verb, file, *options)
        assert ended.code == 2, ended
        assert "environments.dev.existing" in ended.err
        assert "repo bootstrap" in ended.err


def test_adopt_proposes_and_tells_what_stays(desk: Desk) -> None:
    file = request(desk, "brought")
    assert desk.person.runs("repo", "adopt", file, "--sandbox").code == 2
    desk.call("POST", "https://api.github.com/orgs/example-ml/repos", {"name": "old-model", "auto_init": True})
    done = desk.person.runs("repo", "adopt", file, "--sandbox", "--repository", "example-ml/old-model")
    assert done.code == 0, done
    assert "opened  https://github.com/example-ml/old-model/pull/1" in done.out
    assert "kept  README.md: exists with other content" in done.out
    elsewhere = desk.person.runs("repo", "adopt", file, "--sandbox", "--repository", "someone/old-model")
    assert (elsewhere.code, "is not a repository of example-ml" in elsewhere.err) == (2, True)


def test_nobody_knowing_what_exists_is_told(desk: Desk) -> None:
    ended = desk.person.runs("repo", "verify", desk.request("unknown"), "--sandbox")
    assert ended.code == 2, ended
    assert "nobody knows what exists in dev" in ended.err
    assert "--outputs" in ended.err
