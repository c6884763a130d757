"""The proof: a repository that `up` made lives in the sandbox as it would on GitHub, from a pull request to prod."""

from __future__ import annotations

import base64
import shutil
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import stop
from tests.e2e.desk import Desk, new_desk
from tests.sandbox.actions.bench import needs_act
from tests.sandbox.actions.site import API, Site

PROGRAMS = ("gcloud", "skopeo", "make", "terraform")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("actions-template"),  # one repository's life, told in order
    needs_act,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
REPOSITORY = "example-ml/churn"
REPO = f"{API}/repos/{REPOSITORY}"
REQUEST = """
team: churn
owner: churn@example.com
cost_center: cc-1
data_class: internal
repository: {collaborators: [{user: jonas-platform, permission: push}]}
environments:
  dev: {project: example-churn-dev}
  prod: {project: example-churn-prod, reviewers: [{user: amina-risk}]}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    try:
        socket.create_connection(("pypi.org", 443), timeout=10).close()
    except OSError:
        pytest.skip("the package index, from which the template's jobs install, cannot be reached")
    made = new_desk(tmp_path_factory.mktemp("desk"))
    yield made
    stop(made.person)


@pytest.fixture(scope="module")
def site(desk: Desk) -> Iterator[Site]:
    """The sandbox in which the repository was made, with workflows executed from the first push on."""
    for words in (("sandbox", "start"), ("sandbox", "actions", "on")):
        assert desk.person.runs(*words).code == 0
    desk.handle.control("POST", "hosts", {"allow": ["pypi.org", "files.pythonhosted.org"]})
    ended = desk.up(desk.written("churn.yaml", REQUEST))
    assert ended.code == 0, ended
    site = Site(desk.handle, desk.folder)
    yield site
    site.http.close()


def newest(site: Site, name: str) -> dict[str, Any]:
    return next(run for run in site.runs(REPOSITORY) if run["name"] == name)


def concluded(site: Site, name: str) -> dict[str, str]:
    run = newest(site, name)
    return {key: job["conclusion"] or job["status"] for key, job in site.jobs(REPOSITORY, run["id"]).items()}


def person(site: Site, login: str) -> str:
    """Return a token of a person of the sandbox."""
    made: dict[str, str] = site.handle.control("POST", "github/user-token", {"login": login})
    return made["token"]


def approve(site: Site, run: int) -> None:
    pending = site.get(f"{REPO}/actions/runs/{run}/pending_deployments")
    body = {"environment_ids": [one["environment"]["id"] for one in pending], "state": "approved", "comment": "go"}
    answer = site.ask("POST", f"{REPO}/actions/runs/{run}/pending_deployments", body, token=person(site, "amina-risk"))
    assert answer.status_code == 200, answer.text


def change(site: Site, branch: str, path: str, old: str, new: str) -> int:
    """Propose a change of one file; return the pull request's number."""
    head = site.get(f"{REPO}/git/ref/heads/main")["object"]["sha"]
    site.made(f"{REPO}/git/refs", {"ref": f"refs/heads/{branch}", "sha": head})
    held = site.get(f"{REPO}/contents/{path}?ref={branch}")
    text = base64.b64decode(held["content"]).decode()
    assert old in text
    content = base64.b64encode(text.replace(old, new).encode()).decode()
    body = {"message": f"Change {path}", "content": content, "sha": held["sha"], "branch": branch}
    assert site.ask("PUT", f"{REPO}/contents/{path}", body).status_code == 200
    return int(site.made(f"{REPO}/pulls", {"title": f"Change {path}", "head": branch, "base": "main"})["number"])


def merge(site: Site, number: int) -> None:
    body = {"event": "APPROVE"}
    reviewed = site.ask("POST", f"{REPO}/pulls/{number}/reviews", body, token=person(site, "jonas-platform"))
    assert reviewed.status_code == 200, reviewed.text
    done = site.ask("PUT", f"{REPO}/pulls/{number}/merge", {"merge_method": "squash"})
    assert done.status_code == 200, done.text


def traffic(site: Site, stage: str) -> list[dict[str, Any]]:
    place = f"projects/example-churn-{stage}/locations/europe-west1/services/churn-{stage}-scoring"
    found: list[dict[str, Any]] = site.get(f"https://run.googleapis.com/v2/{place}")["traffic"]
    return found


def test_the_first_push_reaches_dev_and_waits_before_prod(site: Site) -> None:
    site.until(REPOSITORY, "waiting", patience=300)
    run = newest(site, "release")
    expected = {"build": "success", "deploy to dev": "success", "deploy to prod": "waiting"}
    assert concluded(site, "release") == expected, site.report(REPOSITORY, run["id"])
    refused = site.ask(
        *("POST", f"{REPO}/actions/runs/{run['id']}/pending_deployments"),
        {"environment_ids": [1], "state": "approved", "comment": ""},
    )
    assert refused.status_code == 422
    approve(site, run["id"])
    site.until(REPOSITORY, patience=300)
    assert newest(site, "release")["conclusion"] == "success", site.report(REPOSITORY, run["id"])
    for stage in ("dev", "prod"):
        assert [row["percent"] for row in traffic(site, stage) if row.get("percent")] == [100]
    images = {
        stage: site.get(
            "https://artifactregistry.googleapis.com/v1/projects/"
            f"example-churn-{stage}/locations/europe-west1/repositories/churn-{stage}-images/dockerImages"
        )["dockerImages"]
        for stage in ("dev", "prod")
    }
    assert len({row["name"].rpartition("@")[2] for rows in images.values() for row in rows}) == 1


def test_a_pull_request_is_checked_and_its_merge_is_deployed(site: Site) -> None:
    number = change(site, "newer", "config/model.yaml", "version: 1.0.0", "version: 1.1.0")
    site.until(REPOSITORY, "waiting", count=3, patience=300)
    run = newest(site, "ci")
    assert concluded(site, "ci") == {"check": "success", "image": "success"}, site.report(REPOSITORY, run["id"])
    assert "NOT SCANNED" in site.report(REPOSITORY, run["id"]) or shutil.which("trivy")
    merge(site, number)
    site.until(REPOSITORY, "waiting", count=4, patience=300)
    approve(site, newest(site, "release")["id"])
    site.until(REPOSITORY, patience=300)
    release = newest(site, "release")
    assert release["conclusion"] == "success", site.report(REPOSITORY, release["id"])
    assert any(row.get("tag") == "v1-1-0" for row in traffic(site, "prod"))


def test_operations_go_back_to_an_older_version(site: Site) -> None:
    number = change(
        *(site, "back", "operations.yaml", "  prod:\n    publish_primary: latest"),
        "  prod:\n    publish_primary: latest\n    rollback_primary: 1.0.0",
    )
    site.until(REPOSITORY, "waiting", count=6, patience=300)
    assert concluded(site, "operations")["plan"] == "success"
    merge(site, number)
    site.until(REPOSITORY, "waiting", count=7, patience=300)
    run = newest(site, "operations")
    assert concluded(site, "operations")["apply to dev"] == "skipped", site.report(REPOSITORY, run["id"])
    approve(site, run["id"])
    site.until(REPOSITORY, patience=300)
    assert concluded(site, "operations")["apply to prod"] == "success", site.report(REPOSITORY, run["id"])
    rows = traffic(site, "prod")
    tagged = {row["tag"]: row["revision"] for row in rows if row.get("tag")}
    assert [(row["revision"], row["percent"]) for row in rows if row.get("percent")] == [(tagged["v1-0-0"], 100)]
    assert tagged["v1-0-0"] != tagged["v1-1-0"]


def summary(site: Site, run: dict[str, Any], job: str) -> str:
    """Return what a job wrote for people."""
    checks = site.get(f"{REPO}/commits/{run['head_sha']}/check-runs?filter=all&per_page=100")["check_runs"]
    wanted = str(site.jobs(REPOSITORY, run["id"])[job]["id"])
    return next(str(each["output"]["summary"]) for each in checks if each["external_id"] == wanted)


def test_verify_access_finds_every_identity_as_it_should_be(site: Site) -> None:
    before = len(site.runs(REPOSITORY))
    asked = site.ask("POST", f"{REPO}/actions/workflows/verify-access.yaml/dispatches", {"ref": "main"})
    assert asked.status_code in {200, 204}, asked.text
    site.until(REPOSITORY, "waiting", count=before + 1, patience=600)
    run = newest(site, "verify-access")
    assert run["conclusion"] == "success", site.report(REPOSITORY, run["id"])
    table = summary(site, run, "verify")
    for stage in ("dev", "prod"):
        assert f"| {stage} | plan | reached | reached | - |" in table
        assert f"| {stage} | deploy | refused | refused | impersonate |" in table
        assert f"| {stage} | runtime | refused | refused | impersonate |" in table
