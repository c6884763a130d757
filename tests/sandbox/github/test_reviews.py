from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.github import code_owners
from tests.sandbox.github.hub import Hub, commit, push, run_git, working_copy
from tests.sandbox.github.people import person
from tests.sandbox.github.test_git import PROTECT, PULLS

PLACE = "/repos/acme/model/pulls/1"


def rule(**parameters: Any) -> dict[str, Any]:
    plain: Any = PULLS["parameters"]
    wanted = {**plain, "required_approving_review_count": 0, "dismiss_stale_reviews_on_push": False, **parameters}
    return {**PROTECT, "rules": [{"type": "pull_request", "parameters": wanted}]}


@pytest.fixture
def copy(hub: Hub, tmp_path: Path) -> Path:
    """Have a pull request of ann's, whose code owners are bea and the team fraud."""
    hub.repository()
    owners = "* @bea\n/src/ @acme/fraud @nobody\n"
    folder = working_copy(tmp_path / "a", {"a.txt": "1\n", ".github/CODEOWNERS": owners})
    push(folder, hub.git_url())
    for login in ("ann", "bea", "cy"):
        hub.call("PUT", f"/repos/acme/model/collaborators/{login}", {"permission": "push"})
    push(commit(folder, {"b.txt": "2\n"}), hub.git_url(token=person(hub, "ann")), "HEAD:topic")
    opened = {"title": "t", "head": "topic", "base": "main"}
    assert hub.call("POST", "/repos/acme/model/pulls", opened, token=person(hub, "ann")).status_code == 201
    return folder


def refusal(hub: Hub) -> str:
    return str(hub.call("PUT", f"{PLACE}/merge", {}).json()["message"])


def review(hub: Hub, login: str, event: str, body: str = "") -> Any:
    given = {"event": event, **({"body": body} if body else {})}
    return hub.call("POST", f"{PLACE}/reviews", given, token=person(hub, login)).json()


def test_a_pending_review_is_its_authors_alone_until_it_is_submitted(hub: Hub, copy: Path) -> None:
    bea, cy = person(hub, "bea"), person(hub, "cy")
    draft = {"path": "b.txt", "body": "why two?", "line": 1, "side": "RIGHT"}
    pending = hub.call("POST", f"{PLACE}/reviews", {"body": "x", "comments": [draft]}, token=bea).json()
    assert pending["state"] == "PENDING"
    assert hub.call("GET", f"{PLACE}/reviews", token=cy).json() == []
    assert hub.call("POST", f"{PLACE}/reviews", {}, token=bea).status_code == 422
    one = f"{PLACE}/reviews/{pending['id']}"
    assert hub.call("GET", one, token=cy).status_code == 404
    comments = hub.call("GET", f"{one}/comments", token=bea).json()
    assert [(row["path"], row["body"]) for row in comments] == [("b.txt", "why two?")]
    empty = hub.call("POST", f"{one}/events", {"event": "REQUEST_CHANGES", "body": ""}, token=bea)
    assert empty.status_code == 422
    done = hub.call("POST", f"{one}/events", {"event": "REQUEST_CHANGES", "body": "no"}, token=bea).json()
    assert done["state"] == "CHANGES_REQUESTED"
    assert hub.call("DELETE", one, token=bea).status_code == 422


def test_an_objection_stands_in_the_way_until_it_is_dismissed(hub: Hub, copy: Path) -> None:
    hub.call("POST", "/repos/acme/model/rulesets", rule(required_approving_review_count=1))
    objection = review(hub, "bea", "REQUEST_CHANGES", "no")
    review(hub, "cy", "APPROVE")
    assert "1 review requesting changes" in refusal(hub)
    dismissed = hub.call("PUT", f"{PLACE}/reviews/{objection['id']}/dismissals", {"message": "settled"})
    assert dismissed.json()["state"] == "DISMISSED"
    assert hub.call("PUT", f"{PLACE}/merge", {}).json()["merged"] is True


def test_code_owners_are_asked_and_must_approve(hub: Hub, copy: Path) -> None:
    asked = hub.call("GET", f"{PLACE}/requested_reviewers").json()
    assert [user["login"] for user in asked["users"]] == ["bea"]
    hub.call("POST", "/repos/acme/model/rulesets", rule(require_code_owner_review=True))
    review(hub, "cy", "APPROVE")
    assert refusal(hub).strip().endswith("Waiting on code owner review from bea.")
    review(hub, "bea", "APPROVE")
    assert hub.call("GET", f"{PLACE}/requested_reviewers").json()["users"] == []
    assert hub.call("PUT", f"{PLACE}/merge", {}).json()["merged"] is True


def test_the_last_pusher_does_not_approve_alone(hub: Hub, copy: Path) -> None:
    hub.call("POST", "/repos/acme/model/rulesets", rule(require_last_push_approval=True))
    push(commit(copy, {"c.txt": "3\n"}), hub.git_url(token=person(hub, "bea")), "HEAD:topic")
    review(hub, "bea", "APPROVE")
    assert "someone other than bea because they were the last pusher" in refusal(hub)
    review(hub, "cy", "APPROVE")
    assert hub.call("PUT", f"{PLACE}/merge", {}).json()["merged"] is True


def test_an_approval_stays_unless_a_rule_makes_it_stale(hub: Hub, copy: Path) -> None:
    hub.call("POST", "/repos/acme/model/rulesets", rule(required_approving_review_count=1))
    review(hub, "bea", "APPROVE")
    push(commit(copy, {"c.txt": "3\n"}), hub.git_url(), "HEAD:topic")
    assert hub.call("PUT", f"{PLACE}/merge", {}).json()["merged"] is True


def test_reviewers_are_asked_by_name(hub: Hub, copy: Path) -> None:
    place = f"{PLACE}/requested_reviewers"
    asked = hub.call("POST", place, {"reviewers": ["cy"], "team_reviewers": ["fraud"]}).json()
    assert [team["slug"] for team in asked["requested_teams"]] == ["fraud"]
    assert "author" in hub.call("POST", place, {"reviewers": ["ann"]}).json()["message"]
    assert "collaborator" in hub.call("POST", place, {"reviewers": ["mallory"]}).json()["message"]
    left = hub.call("DELETE", place, {"reviewers": ["cy"], "team_reviewers": ["fraud"]}).json()
    assert ([user["login"] for user in left["requested_reviewers"]], left["requested_teams"]) == (["bea"], [])


def test_a_conversation_on_a_line(hub: Hub, copy: Path) -> None:
    pull = hub.client(person(hub, "cy")).get_repo("acme/model").get_pull(1)
    first = pull.create_review_comment("why?", pull.get_commits()[0], "b.txt", line=1)
    pull.create_review_comment_reply(first.id, "because")
    assert [(row.body, row.in_reply_to_id) for row in pull.get_review_comments()] == [
        ("why?", None),
        ("because", first.id),
    ]
    first.edit("why so?")
    bad = {"body": "x", "commit_id": first.commit_id, "path": "none", "line": 1}
    assert hub.call("POST", f"{PLACE}/comments", bad).status_code == 422
    hub.call("POST", "/repos/acme/model/rulesets", rule(required_review_thread_resolution=True))
    assert "A conversation must be resolved" in refusal(hub)
    first.delete()
    assert hub.call("PUT", f"{PLACE}/merge", {}).json()["merged"] is True


def test_a_rebase_keeps_authors_and_a_squash_joins_messages(hub: Hub, copy: Path) -> None:
    push(commit(copy, {"c.txt": "3\n"}, "third"), hub.git_url(), "HEAD:topic")
    run_git(copy, "checkout", "-q", "-b", "side", "main~2")
    push(commit(copy, {"z.txt": "z\n"}, "other"), hub.git_url(), "HEAD:main")
    tip = hub.call("PUT", f"{PLACE}/merge", {"merge_method": "rebase"}).json()["sha"]
    rows = hub.call("GET", f"/repos/acme/model/commits?sha={tip}").json()
    assert [row["commit"]["message"] for row in rows[:3]] == ["third", "change", "other"]
    assert all(len(row["parents"]) == 1 for row in rows[:3])
    assert rows[0]["commit"]["author"]["name"] == "x@y"
    push(commit(copy, {"p.txt": "p\n"}, "p one"), hub.git_url(), "HEAD:two")
    push(commit(copy, {"q.txt": "q\n"}, "q two"), hub.git_url(), "HEAD:two")
    hub.call("POST", "/repos/acme/model/pulls", {"title": "Both", "head": "two", "base": "main"})
    sha = hub.call("PUT", "/repos/acme/model/pulls/2/merge", {"merge_method": "squash"}).json()["sha"]
    made = hub.call("GET", f"/repos/acme/model/commits/{sha}").json()
    assert made["commit"]["message"] == "Both (#2)\n\n* p one\n\n* q two"
    assert (made["commit"]["verification"]["verified"], made["commit"]["committer"]["name"]) == (True, "GitHub")


def test_a_head_that_arrives_in_the_base_counts_as_merged(hub: Hub, copy: Path) -> None:
    push(copy, hub.git_url(token=person(hub, "ann")), "HEAD:main")
    pull = hub.call("GET", PLACE).json()
    assert (pull["state"], pull["merged"], pull["merged_by"]["login"]) == ("closed", True, "ann")


def test_a_head_that_is_deleted_closes_its_pull_request(hub: Hub, copy: Path) -> None:
    push(copy, hub.git_url(), ":topic")
    assert hub.call("GET", PLACE).json()["state"] == "closed"
    again = hub.call("PATCH", PLACE, {"state": "open"})
    assert "branch has been deleted" in again.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*", "a/b.txt", True),
        ("*.py", "a/b.py", True),
        ("/src/", "src/a/b", True),
        ("/src/", "lib/src/a", False),
        ("src/", "lib/src/a", True),
        ("docs/*", "docs/a.md", True),
        ("docs/*", "docs/a/b.md", False),
        ("**/logs", "a/b/logs/x", True),
        ("apps/**/x", "apps/a/b/x", True),
        ("README.md", "docs/README.md", True),
        ("/README.md", "docs/README.md", False),
    ],
)
def test_patterns_of_code_owners(pattern: str, path: str, fits: bool) -> None:  # noqa: FBT001 - the expected value
    assert code_owners.fits(pattern, path) is fits


def test_errors_of_code_owners_are_told(hub: Hub, copy: Path) -> None:
    found = hub.call("GET", "/repos/acme/model/codeowners/errors").json()["errors"]
    assert [(row["line"], row["kind"], row["path"]) for row in found] == [
        (2, "Unknown owner", ".github/CODEOWNERS"),
        (2, "Unknown owner", ".github/CODEOWNERS"),
    ]
