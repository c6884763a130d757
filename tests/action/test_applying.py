"""The workflow that applies: planned after the merge, held by reviewers, applied as reviewed or not at all."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.action.stage import (
    GOOD,
    NEEDS,
    REPO,
    REPOSITORY,
    STATE,
    STORAGE,
    WORD,
    calling,
    grant_project,
    grant_state,
    opened,
    trust,
)
from tests.sandbox.actions.site import API, Site

pytestmark = NEEDS
BUCKET = f"{STORAGE}/b/acme-models-data"
CALLER = """
name: terraform
on:
  push: {branches: [main]}
permissions: {}
jobs:
  dev:
    permissions: {contents: read, id-token: write}
    uses: ./.github/workflows/terraform-apply.yaml
    with:
      toolkit: TOOLKIT
      toolkit-ref: COMMIT
      root: terraform/envs/dev
      name: dev
      environment: dev
      version: installed
      workload-identity-provider: POOL/providers/jobs
      service-account: plan-reader@PROJECT.iam.gserviceaccount.com
      deploy-service-account: deployer@PROJECT.iam.gserviceaccount.com
      terraform-cli-config: |
        provider_installation {
          filesystem_mirror {
            path = "MIRROR"
          }
        }
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with opened(tmp_path_factory.mktemp("applying")) as made:
        trust(made, "plan-reader", f"repo_event/{REPOSITORY}:push")
        trust(made, "deployer", f"repo_environment/{REPOSITORY}:dev")
        grant_state(made, "plan-reader", "roles/storage.objectViewer")
        grant_state(made, "deployer", "roles/storage.objectUser")
        grant_project(made, "plan-reader", "roles/storage.bucketViewer")
        grant_project(made, "deployer", "roles/storage.admin")
        ann = made.get(f"{API}/users/ann")["id"]
        reviewers = {"reviewers": [{"type": "User", "id": ann}], "prevent_self_review": True}
        assert made.ask("PUT", f"{REPO}/environments/dev", reviewers).status_code == 200
        calling(made, "terraform-apply.yaml", CALLER, {"terraform/envs/dev/main.tf": GOOD})
        yield made


def held(site: Site, count: int) -> int:
    """Wait until the newest run is held by reviewers; return its number."""
    site.until(REPOSITORY, "waiting", count=count)
    run = site.runs(REPOSITORY)[0]
    assert run["status"] == "waiting", site.report(REPOSITORY, run["id"])
    jobs = site.jobs(REPOSITORY, run["id"])
    assert {name: job["conclusion"] or job["status"] for name, job in jobs.items()} == {
        "dev / plan": "success",
        "dev / apply": "waiting",
    }
    return int(run["id"])


def approved(site: Site, run: int) -> tuple[str, str]:
    """Approve a run as its reviewer; return how applying ended, and all that was said."""
    place = f"{REPO}/actions/runs/{run}/pending_deployments"
    numbers = [one["environment"]["id"] for one in site.get(place)]
    token = site.handle.control("POST", "github/user-token", {"login": "ann"})["token"]
    body = {"environment_ids": numbers, "state": "approved", "comment": "go"}
    answer = site.ask("POST", place, body, token=token)
    assert answer.status_code == 200, answer.text
    site.until(REPOSITORY)
    return str(site.jobs(REPOSITORY, run)["dev / apply"]["conclusion"]), site.report(REPOSITORY, run)


def published(site: Site, run: int) -> dict[str, Any]:
    """Return what a run published for its reviewers: address -> change."""
    (artifact,) = site.get(f"{REPO}/actions/runs/{run}/artifacts")["artifacts"]
    assert artifact["name"].startswith("changes-dev-")
    content = site.ask("GET", artifact["archive_download_url"], follow_redirects=True).content
    text = zipfile.ZipFile(io.BytesIO(content)).read("changes.json").decode()
    assert WORD not in text
    return {each["address"]: each for each in json.loads(text)["roots"]["dev"]}


def serial(site: Site) -> int:
    found: dict[str, int] = site.get(f"{STORAGE}/b/{STATE}/o/models%2Fdev%2Fdefault.tfstate?alt=media")
    return found["serial"]


def test_what_reviewers_saw_is_applied_and_only_after_they_agreed(site: Site) -> None:
    run = held(site, 1)
    assert published(site, run)["google_storage_bucket.data"]["actions"] == ["create"]
    assert site.ask("GET", BUCKET).status_code == 404
    assert serial(site) == 1
    ended, said = approved(site, run)
    assert ended == "success", said
    assert site.get(BUCKET)["versioning"] == {"enabled": True}
    assert serial(site) > 1
    assert WORD not in said
    assert "ya29." not in said


def test_a_world_that_changed_since_the_review_stops_it(site: Site) -> None:
    before, count = serial(site), len(site.runs(REPOSITORY))
    site.push(REPOSITORY, {"terraform/envs/dev/main.tf": GOOD.replace("age = 7", "age = 6")})
    run = held(site, count + 1)
    assert list(published(site, run)) == ["google_storage_bucket.data"]
    assert site.ask("PATCH", BUCKET, {"versioning": {"enabled": False}}).status_code == 200
    ended, said = approved(site, run)
    assert ended == "failure", said
    assert "1 change not as reviewed: dev: google_storage_bucket.data" in said
    assert "exit status 5" in said, said
    found = site.get(BUCKET)
    assert found["versioning"] == {"enabled": False}
    assert {"age": 7} in [rule["condition"] for rule in found["lifecycle"]["rule"]]
    assert serial(site) == before

    assert site.ask("POST", f"{REPO}/actions/runs/{run}/rerun").status_code == 201
    ended, said = approved(site, held(site, count + 1))
    assert ended == "success", said
    found = site.get(BUCKET)
    assert found["versioning"] == {"enabled": True}
    assert {"age": 6} in [rule["condition"] for rule in found["lifecycle"]["rule"]]
