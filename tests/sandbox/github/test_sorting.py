from __future__ import annotations

from typing import Any

import github
import pytest

from tests.sandbox.github.hub import Hub
from tests.sandbox.github.people import app, person

ISSUES = "/repos/acme/model/issues"


@pytest.fixture
def repo(hub: Hub) -> Any:
    hub.repository()
    hub.call("PUT", "/repos/acme/model/collaborators/ann", {"permission": "triage"})
    return hub.client(hub.tokens["user"]).get_repo("acme/model")


def test_labels_are_made_changed_and_put_on_issues(hub: Hub, repo: Any) -> None:
    repo.create_label("drift", "ff0000", "what moved")
    with pytest.raises(github.GithubException, match="already_exists"):
        repo.create_label("Drift", "00ff00")
    with pytest.raises(github.GithubException, match="invalid"):
        repo.create_label("other", "red")
    issue = repo.create_issue("One", labels=["drift"])
    issue.add_to_labels("new one")
    repo.get_label("drift").edit("moved", "0000ff")
    assert [label.name for label in repo.get_issue(1).labels] == ["moved", "new one"]
    assert [found.number for found in repo.get_issues(labels=["moved"])] == [1]
    assert [found.number for found in repo.get_issues(labels=["moved", "absent"])] == []
    issue.remove_from_labels("moved")
    repo.get_label("new one").delete()
    assert repo.get_issue(1).labels == []
    missing = hub.call("DELETE", f"{ISSUES}/1/labels/moved", token=hub.tokens["user"])
    assert missing.json()["message"] == "Label does not exist"


def test_milestones_count_their_issues(hub: Hub, repo: Any) -> None:
    stone = repo.create_milestone("first", description="all of it")
    repo.create_issue("One", milestone=stone)
    repo.create_issue("Two", milestone=stone).edit(state="closed")
    shown = repo.get_milestone(1)
    assert (shown.open_issues, shown.closed_issues) == (1, 1)
    stone.edit("first", state="closed")
    assert [one.title for one in repo.get_milestones(state="closed")] == ["first"]
    stone.delete()
    assert repo.get_issue(1).milestone is None


def test_assignees_must_reach_the_repository(hub: Hub, repo: Any) -> None:
    issue = repo.create_issue("One", assignee="ann")
    issue.add_to_assignees("bea", "mallory")
    assert [one.login for one in repo.get_issue(1).assignees] == ["ann", "bea"]
    issue.remove_from_assignees("ann")
    assert [found.number for found in repo.get_issues(assignee="bea")] == [1]
    with pytest.raises(github.GithubException) as refused:
        issue.edit(assignees=["mallory"])
    assert refused.value.status == 422
    assert repo.has_in_assignees("ann")
    assert not repo.has_in_assignees("mallory")


def test_only_who_may_sort_sorts(hub: Hub, repo: Any) -> None:
    repo.create_issue("One")
    place, cy = f"{ISSUES}/1/labels", person(hub, "cy")
    assert hub.call("POST", place, {"labels": ["x"]}, token=cy).status_code == 403
    assert hub.call("POST", place, {"labels": ["x"]}, token=person(hub, "ann")).status_code == 200
    assert hub.call("POST", place, {"labels": ["y"]}, token=app(hub, pull_requests="write")).status_code == 403
    assert hub.call("POST", place, {"labels": ["y"]}, token=app(hub, issues="write")).status_code == 200
    dropped = hub.call("POST", ISSUES, {"title": "Two", "labels": ["z"]}, token=cy).json()
    assert dropped["labels"] == []


def test_a_locked_issue_takes_comments_of_writers_only(hub: Hub, repo: Any) -> None:
    issue = repo.create_issue("One")
    issue.lock("resolved")
    cy = person(hub, "cy")
    refused = hub.call("POST", f"{ISSUES}/1/comments", {"body": "but"}, token=cy)
    assert (refused.status_code, "locked" in refused.json()["message"]) == (403, True)
    issue.create_comment("said by an owner")
    issue.unlock()
    assert hub.call("POST", f"{ISSUES}/1/comments", {"body": "but"}, token=cy).status_code == 201
    assert [one["body"] for one in hub.call("GET", f"{ISSUES}/comments", token=cy).json()] == [
        "said by an owner",
        "but",
    ]


def test_issues_are_sorted_and_counted(hub: Hub, repo: Any) -> None:
    for title in ("One", "Two", "Three"):
        repo.create_issue(title)
        hub.world.clock.advance(60)
    repo.get_issue(1).edit(body="news")
    newest = repo.get_issues(sort="updated", direction="desc")
    assert [one.title for one in newest] == ["One", "Three", "Two"]
    repo.get_issue(2).edit(state="closed")
    assert repo.get_issues(creator="platform-operator").totalCount == 2
    assert hub.call("GET", "/repos/acme/model").json()["open_issues_count"] == 2
    page = hub.call("GET", f"{ISSUES}?state=all&per_page=2", token=hub.tokens["user"])
    assert 'page=2>; rel="next"' in page.headers["link"]


def test_custom_properties_and_autolinks(hub: Hub, repo: Any) -> None:
    owner = app(
        hub, organization_custom_properties="write", repository_custom_properties="write", administration="write"
    )
    tier = {"value_type": "single_select", "allowed_values": ["gold", "tin"], "required": True, "default_value": "tin"}
    made = hub.call("PUT", "/orgs/acme/properties/schema/tier", tier, token=owner)
    assert made.status_code == 200, made.text
    values = "/repos/acme/model/properties/values"
    assert hub.call("GET", values).json() == [{"property_name": "tier", "value": "tin"}]
    change = {"properties": [{"property_name": "tier", "value": "gold"}], "repository_names": ["model"]}
    assert hub.call("PATCH", "/orgs/acme/properties/values", change, token=owner).status_code == 204
    assert hub.call("GET", values).json() == [{"property_name": "tier", "value": "gold"}]
    wrong = {"properties": [{"property_name": "tier", "value": "lead"}]}
    assert hub.call("PATCH", values, wrong, token=owner).status_code == 422
    empty = {"value_type": "single_select"}
    assert hub.call("PUT", "/orgs/acme/properties/schema/x", empty, token=owner).status_code == 422
    link = {"key_prefix": "TICKET-", "url_template": "https://example.com/<num>"}
    assert hub.call("POST", "/repos/acme/model/autolinks", link).status_code == 201
    twice = hub.call("POST", "/repos/acme/model/autolinks", link)
    assert twice.json()["errors"][0]["code"] == "already_exists"
    bad = hub.call("POST", "/repos/acme/model/autolinks", {**link, "url_template": "https://example.com"})
    assert "<num>" in bad.json()["errors"][0]["message"]
