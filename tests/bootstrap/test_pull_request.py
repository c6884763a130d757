"""A team's request is a pull request in the repository that bootstrap made: from the comment to the cloud."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.bootstrap.platform_site import PlatformSite, platform_site
from tests.sandbox.actions.bench import needs_act
from tests.sandbox.actions.site import API

PROGRAMS = ("uv", "terraform", "curl", "jq")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("platform-requests"),
    needs_act,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
REQUEST = """team: churn
owner: churn@example.com
cost_center: cc-1
data_class: internal
environments:
  dev: {project: example-churn-dev}
  prod: {project: example-churn-prod}
"""
LATER = f"{REQUEST}buckets: {{data: {{keep_versions: 9}}}}\n"
BUCKET = "https://storage.googleapis.com/storage/v1/b/example-churn-dev-churn-dev-data"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformSite]:
    with platform_site(tmp_path_factory.mktemp("platform"), REQUEST) as made:
        yield made


@dataclass(frozen=True)
class Applied:
    """What people saw on the way of the first request, and how its run ended."""

    comments: list[str]
    planned: str
    run: dict[str, Any]


@pytest.fixture(scope="module")
def applied(platform: PlatformSite) -> Applied:
    """The first request of the team, from the pull request to the cloud."""
    number, checked = platform.propose("teams/churn.yaml", REQUEST, "churn")
    assert checked["conclusion"] == "success", platform.report(checked)
    comments = platform.comments(number)
    assert platform.site.ask("GET", f"{API}/repos/example-ml/churn").status_code == 404
    waiting = platform.merge(number)
    assert waiting["status"] == "waiting", platform.report(waiting)
    assert platform.site.ask("GET", f"{API}/repos/example-ml/churn").status_code == 404
    planned = platform.summary(waiting, "plan")
    return Applied(comments, planned, platform.approve(waiting))


def about(comments: list[str], name: str) -> str:
    (found,) = (each for each in comments if f"check {name} 1" in each.partition("\n")[0])
    return found


def test_a_request_is_commented_merged_approved_and_applied(platform: PlatformSite, applied: Applied) -> None:
    proposed = about(applied.comments, "churn/proposed")
    assert "the base branch has no such request" in proposed
    assert "<summary>churn-dev:" in proposed
    dev = about(applied.comments, "churn-dev")
    assert "google\\_storage\\_bucket" in dev
    assert "Planned from nothing" in dev
    assert "gained" in dev
    assert "## churn" in applied.planned
    assert "    churn-dev: " in applied.planned
    said = platform.report(applied.run)
    assert applied.run["conclusion"] == "success", said
    assert "ya29." not in said
    assert platform.site.get(f"{API}/repos/example-ml/churn")["full_name"] == "example-ml/churn"
    assert platform.site.get(BUCKET)["labels"]["team"] == "churn"


@pytest.mark.usefixtures("applied")
def test_of_the_states_only_dev_s_is_open_to_pull_requests(platform: PlatformSite) -> None:
    preview = "serviceAccount:provision-env-preview-plan@example-ml-platform.iam.gserviceaccount.com"
    folders = "https://storage.googleapis.com/storage/v1/b/example-ml-terraform-state/managedFolders"
    roles = {}
    for name in ("dev", "prod"):
        bindings = platform.site.get(f"{folders}/churn%2F{name}%2F/iam").get("bindings", [])
        roles[name] = {each["role"] for each in bindings if preview in each["members"]}
    assert roles == {"dev": {"roles/storage.objectViewer"}, "prod": set()}


def changed_behind(platform: PlatformSite, *, versions: bool) -> None:
    body = {"versioning": {"enabled": versions}}
    assert platform.site.ask("PATCH", BUCKET, body).status_code == 200


def versioned(platform: PlatformSite) -> bool:
    return bool(platform.site.get(BUCKET)["versioning"]["enabled"])


@pytest.mark.usefixtures("applied")
def test_a_later_one_is_planned_from_dev_s_state_and_stops_where_something_moved(platform: PlatformSite) -> None:
    number, checked = platform.propose("teams/churn.yaml", LATER, "later")
    assert checked["conclusion"] == "success", platform.report(checked)
    comments = platform.comments(number)
    proposed, dev, prod = (about(comments, name) for name in ("churn/proposed", "churn-dev", "churn-prod"))
    assert '+        "keep_versions": 9,' in proposed.replace("      ", "        ")
    assert "Planned from its state" in dev
    assert dev.count("| update |") == 1
    assert "| create |" not in dev
    assert "Planned from nothing: the state of this environment is not read from pull requests" in prod
    assert "| create |" in prod

    waiting = platform.merge(number)
    assert waiting["status"] == "waiting", platform.report(waiting)
    assert "num_newer_versions: 5 -> 9" in platform.summary(waiting, "plan")
    changed_behind(platform, versions=False)
    stopped = platform.approve(waiting)
    said = platform.report(stopped)
    assert stopped["conclusion"] == "failure", said
    assert "not as reviewed" in said
    assert "churn: not as reviewed" in platform.summary(stopped, "apply")
    assert not versioned(platform)

    again = platform.dispatch("apply")
    assert again["status"] == "waiting", platform.report(again)
    assert "versioning" in platform.summary(again, "plan")
    ended = platform.approve(again)
    assert ended["conclusion"] == "success", platform.report(ended)
    assert versioned(platform)


def drift_issues(platform: PlatformSite) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = platform.get("issues?state=all&per_page=100")
    return [each for each in found if "pull_request" not in each]


@pytest.mark.usefixtures("applied")
def test_drift_opens_an_issue_keeps_it_and_closes_it(platform: PlatformSite) -> None:
    def looked() -> list[dict[str, Any]]:
        run = platform.dispatch("drift")
        assert run["conclusion"] == "success", platform.report(run)
        return drift_issues(platform)

    assert looked() == []
    changed_behind(platform, versions=False)
    (opened,) = looked()
    assert opened["state"] == "open"
    assert "`churn-dev`: " in opened["body"]
    assert "google_storage_bucket" in opened["body"]
    (kept,) = looked()
    assert kept["number"] == opened["number"]
    assert kept["body"] != opened["body"], "it names the run that looked last"
    changed_behind(platform, versions=True)
    (closed,) = looked()
    assert (closed["number"], closed["state"]) == (opened["number"], "closed")


def test_verify_access_finds_the_toolkit_s_identities_as_they_should_be(platform: PlatformSite) -> None:
    run = platform.dispatch("verify-access")
    assert run["conclusion"] == "success", platform.report(run)
    table = platform.summary(run, "verify")
    assert "| plan | reached | reached | - |" in table
    assert "| preview | refused | refused | impersonate |" in table
    assert "| deploy | refused | refused | impersonate |" in table


def test_in_a_pull_request_that_touches_trust_the_preview_identity_answers_and_no_other(platform: PlatformSite) -> None:
    platform.propose("terraform/README.md", "What is kept here.\n", "trust")
    run = platform.newest("verify-access")
    assert (run["event"], run["conclusion"]) == ("pull_request", "success"), platform.report(run)
    table = platform.summary(run, "verify")
    assert "| preview | reached | reached | - |" in table
    assert "| plan | refused | refused | impersonate |" in table
    assert "| deploy | refused | refused | impersonate |" in table
