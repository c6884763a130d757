"""Comments kept up to date in place, on the sandbox's GitHub."""

from __future__ import annotations

import pytest

from provisioner.errors import InvalidInput
from provisioner.policy import Verdict
from provisioner.policy.formats import comment, marker
from provisioner.repository.api import GitHubApi
from provisioner.repository.comments import keep_comments, thread_path
from tests.repository.conftest import PEOPLE, Sandbox


@pytest.fixture
def thread(sandbox: Sandbox) -> tuple[GitHubApi, str]:
    team = sandbox.team()
    facts = sandbox.github().ensure_repository(team)
    api = GitHubApi(sandbox.transport(sandbox.owner_token))
    number = api.write("POST", f"/repos/{facts.full_name}/issues", {"title": "a change"})["number"]
    return api, f"{facts.full_name}#{number}"


def bodies(api: GitHubApi, thread: str) -> dict[int, str]:
    return {each["id"]: each["body"] for each in api.pages(f"{thread_path(thread)}/comments")}


def part(number: int, text: str, key: str = "dev") -> str:
    return f"{marker(key, number)}\n{text}"


def test_a_comment_is_written_once_and_then_updated(thread: tuple[GitHubApi, str]) -> None:
    api, where = thread
    api.write("POST", f"{thread_path(where)}/comments", {"body": "a person says something"})
    address = keep_comments(api, where, [part(1, "first"), part(2, "second")])
    before = bodies(api, where)
    assert list(before.values()) == ["a person says something", part(1, "first"), part(2, "second")]
    assert address.endswith(f"#issuecomment-{list(before)[1]}")

    assert keep_comments(api, where, [part(1, "changed")]) == address
    after = bodies(api, where)
    assert list(after) == list(before)[:2]
    assert list(after.values()) == ["a person says something", part(1, "changed")]


def test_checks_of_one_pull_request_keep_apart(thread: tuple[GitHubApi, str]) -> None:
    api, where = thread
    keep_comments(api, where, comment(Verdict("", ()), None, "dev"))
    keep_comments(api, where, comment(Verdict("", ()), None, "dev-2"))
    keep_comments(api, where, comment(Verdict("", ()), None, "dev"))
    assert [body.partition("\n")[0] for body in bodies(api, where).values()] == [marker("dev", 1), marker("dev-2", 1)]


def test_a_comment_that_somebody_else_wrote_with_our_marker_is_not_taken_for_ours(
    sandbox: Sandbox, thread: tuple[GitHubApi, str]
) -> None:
    owner, where = thread
    stranger = sandbox.handle.control("POST", "github/user-token", {"login": PEOPLE[0]})["token"]
    repository = thread_path(where).rpartition("/issues/")[0]
    owner.write("PUT", f"{repository}/collaborators/{PEOPLE[0]}", {"permission": "push"})
    theirs = GitHubApi(sandbox.transport(stranger))
    keep_comments(theirs, where, [part(1, "passed"), part(2, "trust me")])

    address = keep_comments(owner, where, [part(1, "refused")])
    assert list(bodies(owner, where).values()) == [part(1, "passed"), part(2, "trust me"), part(1, "refused")]
    assert keep_comments(owner, where, [part(1, "refused again")]) == address
    assert list(bodies(owner, where).values())[2:] == [part(1, "refused again")]


def test_what_needs_no_comment_is_kept_up_to_date_and_not_begun(thread: tuple[GitHubApi, str]) -> None:
    api, where = thread
    assert keep_comments(api, where, [part(1, "nothing")], begin=False) == ""
    assert bodies(api, where) == {}
    address = keep_comments(api, where, [part(1, "something")])
    assert keep_comments(api, where, [part(1, "nothing")], begin=False) == address
    assert list(bodies(api, where).values()) == [part(1, "nothing")]


@pytest.mark.parametrize("wrong", ["churn#1", "a/b", "a/b#0", "a/b#x", "a/b/c#1", "../x#1"])
def test_a_thread_is_named_in_full(wrong: str) -> None:
    assert thread_path("example-ml/churn.x#12") == "/repos/example-ml/churn.x/issues/12"
    with pytest.raises(InvalidInput):
        thread_path(wrong)
