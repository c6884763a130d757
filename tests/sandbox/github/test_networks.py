from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.github.hub import Hub, commit, push, run_git, working_copy
from tests.sandbox.github.people import person


@pytest.fixture
def copy(hub: Hub, tmp_path: Path) -> Path:
    hub.repository(allow_forking=True)
    folder = working_copy(tmp_path / "a", {"a.txt": "1\n", "src/x.py": "x = 1\n"})
    push(folder, hub.git_url())
    return folder


def fork(hub: Hub, login: str = "ann") -> str:
    made = hub.call("POST", "/repos/acme/model/forks", {}, token=person(hub, login))
    assert made.status_code == 202, made.text
    return str(made.json()["full_name"])


def test_a_fork_brings_a_pull_request_and_follows_its_pushes(hub: Hub, copy: Path, tmp_path: Path) -> None:
    ann, name = person(hub, "ann"), fork(hub)
    assert name == "ann/model"
    assert hub.call("GET", f"/repos/{name}", token=ann).json()["parent"]["full_name"] == "acme/model"
    run_git(tmp_path, "clone", "-q", hub.git_url(name, ann), "mine")
    mine = commit(tmp_path / "mine", {"b.txt": "2\n"})
    push(mine, hub.git_url(name, ann), "HEAD:topic")
    opened = {"title": "From outside", "head": "ann:topic", "base": "main", "maintainer_can_modify": True}
    pull = hub.call("POST", "/repos/acme/model/pulls", opened, token=ann).json()
    assert (pull["head"]["label"], pull["head"]["repo"]["fork"], pull["changed_files"]) == ("ann:topic", True, 1)
    push(commit(mine, {"c.txt": "3\n"}), hub.git_url(name, ann), "HEAD:topic")
    assert hub.call("GET", "/repos/acme/model/pulls/1").json()["changed_files"] == 2
    assert hub.call("GET", "/repos/acme/model/pulls?head=ann:topic").json()[0]["number"] == 1
    assert hub.call("PUT", "/repos/acme/model/pulls/1/merge", {}).json()["merged"] is True
    run_git(copy, "pull", "-q", hub.git_url(), "main")
    assert (copy / "c.txt").read_text() == "3\n"


def sync(hub: Hub, name: str) -> httpx.Response:
    return hub.call("POST", f"/repos/{name}/merge-upstream", {"branch": "main"}, token=person(hub, "ann"))


def test_a_fork_is_brought_up_to_date(hub: Hub, copy: Path, tmp_path: Path) -> None:
    ann, name = person(hub, "ann"), fork(hub)
    assert sync(hub, name).json()["merge_type"] == "none"
    push(commit(copy, {"n.txt": "n\n"}), hub.git_url())
    assert sync(hub, name).json()["merge_type"] == "fast-forward"
    run_git(tmp_path, "clone", "-q", hub.git_url(name, ann), "mine")
    push(commit(tmp_path / "mine", {"own.txt": "o\n"}), hub.git_url(name, ann))
    push(commit(copy, {"m.txt": "m\n"}), hub.git_url())
    assert sync(hub, name).json()["merge_type"] == "merge"
    push(commit(copy, {"own.txt": "other\n"}), hub.git_url())
    assert (sync(hub, name).status_code, sync(hub, name).json()["message"]) == (409, "There are merge conflicts")


def test_forks_are_listed_and_some_are_refused(hub: Hub, copy: Path) -> None:
    fork(hub)
    assert fork(hub) == "ann/model"
    rows = hub.call("GET", "/repos/acme/model/forks", token=person(hub, "ann")).json()
    assert [row["full_name"] for row in rows] == ["ann/model"]
    assert hub.call("GET", "/repos/acme/model").json()["forks_count"] == 1
    hub.call("PATCH", "/repos/acme/model", {"allow_forking": False})
    refused = hub.call("POST", "/repos/acme/model/forks", {}, token=person(hub, "bea"))
    assert (refused.status_code, "forking is disabled" in refused.json()["message"]) == (403, True)
    assert hub.call("POST", "/repos/acme/model/forks", {}).status_code == 403
    unrelated = {"title": "x", "head": "bea:main", "base": "main"}
    assert hub.call("POST", "/repos/acme/model/pulls", unrelated).json()["errors"][0]["field"] == "head"


def test_a_template_gives_its_files_without_its_history(hub: Hub, copy: Path) -> None:
    push(commit(copy, {"b.txt": "2\n"}), hub.git_url())
    wanted = {"owner": "acme", "name": "second", "private": True}
    assert hub.call("POST", "/repos/acme/model/generate", wanted).status_code == 422
    hub.call("PATCH", "/repos/acme/model", {"is_template": True})
    made = hub.call("POST", "/repos/acme/model/generate", wanted)
    assert (made.status_code, made.json()["template_repository"]["full_name"]) == (201, "acme/model")
    rows = hub.call("GET", "/repos/acme/second/commits").json()
    assert [row["commit"]["message"] for row in rows] == ["Initial commit"]
    assert {row["name"] for row in hub.call("GET", "/repos/acme/second/contents").json()} == {"a.txt", "b.txt", "src"}


def test_a_transferred_repository_answers_at_its_old_place(hub: Hub, copy: Path) -> None:
    user = hub.tokens["user"]
    moved = hub.call("POST", "/repos/acme/model/transfer", {"new_owner": "platform-operator"}, token=user)
    assert (moved.status_code, moved.json()["full_name"]) == (202, "platform-operator/model")
    led = hub.call("GET", "/repos/acme/model", token=user)
    assert (led.status_code, led.json()["message"]) == (301, "Moved Permanently")
    gone = run_git(copy, "ls-remote", hub.git_url(token=user)).stdout
    assert "refs/heads/main" in gone
    refused = hub.call("POST", "/repos/platform-operator/model/transfer", {"new_owner": "ann"}, token=user)
    assert refused.status_code == 403


def test_a_renamed_branch_takes_everything_along(hub: Hub, copy: Path) -> None:
    guard = {"required_status_checks": None, "enforce_admins": False, "required_pull_request_reviews": None}
    hub.call("PUT", "/repos/acme/model/branches/main/protection", {**guard, "restrictions": None})
    push(commit(copy, {"b.txt": "1"}), hub.git_url(), "HEAD:topic")
    hub.call("POST", "/repos/acme/model/pulls", {"title": "t", "head": "topic", "base": "main"})
    renamed = hub.call("POST", "/repos/acme/model/branches/main/rename", {"new_name": "trunk"})
    assert (renamed.status_code, renamed.json()["protected"]) == (201, True)
    assert hub.call("GET", "/repos/acme/model").json()["default_branch"] == "trunk"
    pull = hub.call("GET", "/repos/acme/model/pulls/1").json()
    assert (pull["state"], pull["base"]["ref"]) == ("open", "trunk")


def test_branches_are_merged_and_tags_written(hub: Hub, copy: Path) -> None:
    push(commit(copy, {"b.txt": "1"}), hub.git_url(), "HEAD:topic")
    repo = hub.client().get_repo("acme/model")
    merged = repo.merge("main", "topic", "together")
    assert merged is not None
    assert merged.commit.message == "together"
    assert repo.merge("main", "topic") is None
    tag = repo.create_git_tag("v1", "first", merged.sha, "commit")
    repo.create_git_ref("refs/tags/v1", tag.sha)
    assert (repo.get_git_tag(tag.sha).message, [one.name for one in repo.get_tags()]) == ("first", ["v1"])


def test_releases_with_files_and_archives_of_their_tags(hub: Hub, copy: Path, tmp_path: Path) -> None:
    repo = hub.client().get_repo("acme/model")
    draft = repo.create_git_release("v1", "One", "first", draft=True)
    assert [one.tag_name for one in hub.client(person(hub, "ann")).get_repo("acme/model").get_releases()] == []
    assert repo.get_tags().totalCount == 0
    draft.update_release("One", "first", draft=False)
    assert [one.name for one in repo.get_tags()] == ["v1"]
    again = hub.call("POST", "/repos/acme/model/releases", {"tag_name": "v1"})
    assert again.json()["errors"] == [{"resource": "Release", "code": "already_exists", "field": "tag_name"}]
    number = repo.get_latest_release().id
    headers = {"Authorization": f"Bearer {hub.tokens['installation']}", "Content-Type": "text/plain"}
    place = f"{hub.url('api.github.com')}/repos/acme/model/releases/{number}/assets"
    kept = hub.http.post(f"{place}?name=note.txt", content=b"hello", headers=headers)
    assert kept.status_code == 201, kept.text
    own = kept.json()
    assert own["digest"].startswith("sha256:2cf24dba")
    raw = hub.call("GET", f"/repos/acme/model/releases/assets/{own['id']}", Accept="application/octet-stream")
    assert (raw.text, raw.headers["content-type"]) == ("hello", "text/plain")
    push(commit(copy, {"b.txt": "2"}, "second"), hub.git_url())
    notes = hub.call("POST", "/repos/acme/model/releases/generate-notes", {"tag_name": "v2"}).json()["body"]
    assert ("* second by x@y" in notes, "compare/v1...v2" in notes) == (True, True)


def test_an_archive_is_led_to_and_unpacks(hub: Hub, copy: Path) -> None:
    led = hub.call("GET", "/repos/acme/model/zipball/main")
    assert (led.status_code, led.headers["location"]) == (302, "https://codeload.github.com/acme/model/legacy.zip/main")
    content = hub.download("codeload.github.com", "/acme/model/legacy.zip/main")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(name.split("/", 1)[1] for name in archive.namelist()) == ["", "a.txt", "src/", "src/x.py"]
    packed = hub.download("codeload.github.com", "/acme/model/tar.gz/refs/heads/main")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert any(name.endswith("src/x.py") for name in archive.getnames())


def test_what_is_known_without_being_stored(hub: Hub, copy: Path) -> None:
    repo = hub.client().get_repo("acme/model")
    assert hub.call("GET", "/repos/acme/model/languages").json() == {"Python": 6}
    hub.call(
        "PUT", "/repos/acme/model/contents/z.md", {"message": "z", "content": "eg=="}, token=person(hub, "ann", "repo")
    )
    hub.call("PUT", "/repos/acme/model/collaborators/ann", {"permission": "push"})
    done: Any = hub.call(
        "PUT", "/repos/acme/model/contents/z.md", {"message": "z", "content": "eg=="}, token=person(hub, "ann")
    )
    assert [(one.login, one.contributions) for one in repo.get_contributors()] == [("ann", 1)]
    found = hub.client().search_repositories("mod org:acme")
    assert [one.full_name for one in found] == ["acme/model"]
    assert hub.call("GET", "/search/repositories?q=x+stars:5").status_code == 501
    assert hub.call("GET", f"/repos/acme/model/commits/{done.json()['commit']['sha']}/pulls").json() == []
    hub.call("POST", "/repos/acme/model/issues", {"title": "Drift of x", "body": "seen"}, token=hub.tokens["user"])
    rows = hub.client(hub.tokens["user"]).search_issues("drift is:open is:issue repo:acme/model")
    assert [row.title for row in rows] == ["Drift of x"]
