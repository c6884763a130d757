from __future__ import annotations

import base64
from pathlib import Path

import github
import pytest
from github.ContentFile import ContentFile
from github.InputGitTreeElement import InputGitTreeElement

from provisioner.sandbox.github import accounts, apps, callers
from tests.sandbox.github.hub import Hub, commit, push, run_git, working_copy
from tests.sandbox.github.test_git import PROTECT


def test_pygithub_writes_changes_and_deletes_a_file(hub: Hub) -> None:
    hub.repository()
    repo = hub.client().get_repo("acme/model")
    made = repo.create_file("docs/a.md", "first", "one\n")
    content = made["content"]
    assert isinstance(content, ContentFile)
    assert content.path == "docs/a.md"
    assert repo.get_contents("docs/a.md").decoded_content == b"one\n"  # type: ignore[union-attr]
    with pytest.raises(github.GithubException, match="wasn't supplied") as refused:
        repo.create_file("docs/a.md", "again", "two\n")
    assert refused.value.status == 422
    repo.update_file("docs/a.md", "second", "two\n", content.sha)
    with pytest.raises(github.GithubException, match="does not match") as stale:
        repo.update_file("docs/a.md", "third", "three\n", content.sha)
    assert stale.value.status == 409
    present = repo.get_contents("docs/a.md")
    assert not isinstance(present, list)
    repo.delete_file("docs/a.md", "gone", present.sha)
    assert [step.commit.message for step in repo.get_commits()] == ["gone", "second", "first"]
    with pytest.raises(github.UnknownObjectException):
        repo.get_contents("docs/a.md")


def test_folders_readme_and_empty_repositories(hub: Hub) -> None:
    path = hub.repository()
    assert hub.call("GET", f"{path}/contents").json()["message"] == "This repository is empty."
    assert hub.call("GET", f"{path}/commits").status_code == 409
    repo = hub.client().get_repo("acme/model")
    repo.create_file("README.md", "readme", "# hi\n")
    repo.create_file("a/b.txt", "b", "b")
    listed = repo.get_contents("")
    assert isinstance(listed, list)
    assert [(row.name, row.type) for row in listed] == [("README.md", "file"), ("a", "dir")]
    assert hub.call("GET", f"{path}/contents/a").json()[0]["path"] == "a/b.txt"
    assert repo.get_readme().decoded_content == b"# hi\n"


@pytest.mark.parametrize("media", ["application/vnd.github.raw+json", "application/vnd.github.v3.raw"])
def test_a_file_comes_as_its_bytes_alone_where_only_those_are_accepted(hub: Hub, media: str) -> None:
    path = hub.repository()
    hub.client().get_repo("acme/model").create_file("README.md", "readme", "# hi\n")
    for place in ("contents/README.md", "readme"):
        answer = hub.call("GET", f"{path}/{place}", accept=media)
        assert (answer.content, answer.headers["content-type"]) == (b"# hi\n", f"{media}; charset=utf-8")
    assert isinstance(hub.call("GET", f"{path}/contents", accept=media).json(), list)


def test_pygithub_builds_a_commit_from_git_data(hub: Hub) -> None:
    hub.repository(auto_init=True)
    repo = hub.client().get_repo("acme/model")
    head = repo.get_git_ref("heads/main").object.sha
    blob = repo.create_git_blob(base64.b64encode(b"\x00\x01").decode(), "base64")
    entries = [
        InputGitTreeElement("bin/x", "100755", "blob", sha=blob.sha),
        InputGitTreeElement("text", "100644", "blob", content="t"),
        InputGitTreeElement("README.md", "100644", "blob", sha=None),
    ]
    tree = repo.create_git_tree(entries, repo.get_git_tree(head))
    made = repo.create_git_commit("built", tree, [repo.get_git_commit(head)])
    repo.get_git_ref("heads/main").edit(made.sha)
    found = {row.path: row.mode for row in repo.get_git_tree("main", recursive=True).tree}
    assert found == {"bin": "040000", "bin/x": "100755", "text": "100644"}
    assert base64.b64decode(repo.get_git_blob(blob.sha).content) == b"\x00\x01"
    other = repo.create_git_ref("refs/heads/topic/one", head)
    assert [branch.name for branch in repo.get_branches()] == ["main", "topic/one"]
    with pytest.raises(github.GithubException, match="Reference already exists"):
        repo.create_git_ref("refs/heads/topic/one", head)
    with pytest.raises(github.GithubException, match="Update is not a fast forward"):
        repo.get_git_ref("heads/main").edit(head)
    repo.get_git_ref("heads/main").edit(head, force=True)
    other.delete()
    assert repo.get_branch("main").commit.sha == head


@pytest.mark.parametrize("path", ["../x", "/x", ".git/config", "a/../../x", ""])
def test_paths_that_leave_the_tree_are_refused(hub: Hub, path: str) -> None:
    place = hub.repository(auto_init=True)
    entry = {"path": path, "mode": "100644", "type": "blob", "content": "x"}
    refused = hub.call("POST", f"{place}/git/trees", {"tree": [entry]})
    assert (refused.status_code, "malformed path" in refused.text) == (422, True)


@pytest.mark.parametrize("ref", ["main", "refs/heads/a..b", "refs/heads/", "refs/heads/x.lock", "--help"])
def test_names_that_git_does_not_take_are_refused(hub: Hub, ref: str) -> None:
    path = hub.repository(auto_init=True)
    head = hub.call("GET", f"{path}/git/ref/heads/main").json()["object"]["sha"]
    assert hub.call("POST", f"{path}/git/refs", {"ref": ref, "sha": head}).status_code == 422


def test_history_comparison_and_tags(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    copy = working_copy(tmp_path / "a", {"a.txt": "1\n", "b.txt": "1\n"})
    push(copy, hub.git_url())
    run_git(copy, "tag", "-a", "v1", "-m", "one")
    commit(copy, {"a.txt": "2\n", "c.txt": "3\n"}, "topic")
    run_git(copy, "mv", "b.txt", "d.txt")
    commit(copy, {}, "rename")
    push(copy, hub.git_url(), "HEAD:topic", "v1")
    repo = hub.client().get_repo("acme/model")
    compared = repo.compare("main", "topic")
    assert (compared.status, compared.ahead_by, compared.behind_by) == ("ahead", 2, 0)
    assert [(f.filename, f.status, f.additions) for f in compared.files] == [
        ("a.txt", "modified", 1),
        ("c.txt", "added", 1),
        ("d.txt", "renamed", 1),
    ]
    assert compared.files[0].patch == "@@ -1 +1 @@\n-1\n+2"
    assert repo.compare("topic", "main").status == "behind"
    assert repo.get_commit("topic").commit.message == "rename"
    main = repo.get_branch("main").commit.sha
    assert [(tag.name, tag.commit.sha) for tag in repo.get_tags()] == [("v1", main)]
    assert hub.call("GET", f"{path}/commits?path=c.txt&sha=topic").json()[0]["commit"]["message"] == "topic"
    assert hub.call("GET", f"{path}/compare/main...gone").status_code == 404


def test_a_workflow_file_needs_its_permission_here_too(hub: Hub) -> None:
    path = hub.repository(auto_init=True)
    held = hub.write(lambda tx: apps.account_has_app(tx, (apps.find_app(tx, "provision-env") or {})["id"], "acme"))
    token = hub.write(lambda tx: callers.issue_installation_token(tx, held["id"], {"contents": "write"}))
    body = {"message": "m", "content": base64.b64encode(b"x").decode()}
    place = f"{path}/contents/.github/workflows/a.yml"
    assert hub.call("PUT", place, body, token=token).status_code == 403
    assert hub.call("GET", place).status_code == 404
    assert hub.call("PUT", place, body).status_code == 201


def test_statuses_of_a_commit(hub: Hub) -> None:
    path = hub.repository(auto_init=True)
    sha = hub.call("GET", f"{path}/git/ref/heads/main").json()["object"]["sha"]
    assert hub.call("POST", f"{path}/statuses/{sha}", {"state": "success"}).status_code == 403
    user = hub.tokens["user"]
    for state in ("pending", "success"):
        body = {"state": state, "context": "ci"}
        assert hub.call("POST", f"{path}/statuses/{sha}", body, token=user).status_code == 201
    combined = hub.call("GET", f"{path}/commits/main/status", token=user).json()
    assert (combined["state"], combined["total_count"]) == ("success", 1)
    assert len(hub.call("GET", f"{path}/commits/main/statuses", token=user).json()) == 2


def test_commits_are_linked_to_the_account_that_made_them(hub: Hub) -> None:
    path = hub.repository(auto_init=True)
    bot = hub.write(lambda tx: accounts.find_account(tx, "provision-env[bot]"))
    made = hub.call("GET", f"{path}/commits/main").json()
    assert (made["author"]["login"], made["author"]["id"]) == ("provision-env[bot]", bot["id"])


def test_git_data_that_does_not_exist(hub: Hub) -> None:
    path = hub.repository()
    git = f"{path}/git"
    assert hub.call("GET", f"{git}/ref/heads/main").status_code == 409
    assert hub.call("GET", f"{git}/trees/main").status_code == 409
    assert hub.call("POST", f"{git}/refs", {"ref": "refs/heads/x", "sha": "0" * 40}).status_code == 409
    hub.repository("full", auto_init=True)
    git = "/repos/acme/full/git"
    head = hub.call("GET", f"{git}/ref/heads/main").json()["object"]["sha"]
    tree = hub.call("GET", f"{git}/commits/{head}").json()["tree"]["sha"]
    nothing = "1" * 40
    for place in ("ref/heads/x", f"trees/{nothing}", f"blobs/{nothing}", f"blobs/{tree}", f"commits/{nothing}"):
        assert hub.call("GET", f"{git}/{place}").status_code == 404, place
    bad: list[tuple[str, str, dict[str, object]]] = [
        ("POST", "refs", {"ref": "refs/heads/x", "sha": nothing}),
        ("PATCH", "refs/heads/x", {"sha": head}),
        ("PATCH", "refs/heads/main", {"sha": nothing}),
        ("DELETE", "refs/heads/x", {}),
        ("POST", "commits", {"message": "m", "tree": nothing}),
        ("POST", "commits", {"message": "m", "tree": tree, "parents": [nothing]}),
        ("POST", "trees", {"tree": [], "base_tree": nothing}),
        ("POST", "trees", {"tree": [{"path": "a", "mode": "100644", "type": "blob"}]}),
        ("POST", "trees", {"tree": [{"path": "a", "mode": "100644", "type": "blob", "sha": nothing}]}),
        ("POST", "blobs", {"content": "!", "encoding": "base64"}),
    ]
    assert [hub.call(method, f"{git}/{place}", body).status_code for method, place, body in bad] == [422] * len(bad)
    assert [row["ref"] for row in hub.call("GET", f"{git}/matching-refs/heads/ma").json()] == ["refs/heads/main"]


_B = {"path": "b", "mode": "100644", "type": "blob", "content": "b"}


def test_a_subtree_is_put_in_place_and_a_link_and_a_branch_are_shown(hub: Hub, tmp_path: Path) -> None:
    path = hub.repository()
    copy = working_copy(tmp_path / "a", {"src/a.py": "a"})
    (copy / "link").symlink_to("src/a.py")
    push(commit(copy, {}), hub.git_url())
    assert hub.call("GET", f"{path}/contents/link").json()["target"] == "src/a.py"
    entries = {row["path"]: row["sha"] for row in hub.call("GET", f"{path}/git/trees/main").json()["tree"]}
    moved = {"path": "lib", "mode": "040000", "type": "tree", "sha": entries["src"]}
    made = hub.call("POST", f"{path}/git/trees", {"tree": [moved], "base_tree": "main^{tree}"})
    assert {row["path"] for row in made.json()["tree"]} == {"lib", "src", "link"}
    again = {**moved, "path": "src", "sha": hub.call("POST", f"{path}/git/trees", {"tree": [_B]}).json()["sha"]}
    replaced = hub.call("POST", f"{path}/git/trees", {"tree": [again], "base_tree": made.json()["sha"]}).json()["sha"]
    found = hub.call("GET", f"{path}/git/trees/{replaced}?recursive=1").json()["tree"]
    assert [row["path"] for row in found if row["type"] == "blob"] == ["lib/a.py", "link", "src/b"]
    hub.call("POST", f"{path}/rulesets", {**PROTECT})
    assert [row["name"] for row in hub.call("GET", f"{path}/branches?protected=true").json()] == ["main"]
    assert hub.call("GET", f"{path}/branches?protected=false").json() == []
    assert hub.call("GET", f"{path}/branches/gone").json()["message"] == "Branch not found"


def test_writing_to_a_branch_that_rules_protect_or_that_is_not_there(hub: Hub) -> None:
    path = hub.repository(auto_init=True)
    body = {"message": "m", "content": ""}
    gone = hub.call("PUT", f"{path}/contents/a", body | {"branch": "gone"})
    assert (gone.status_code, gone.json()["message"]) == (404, "Branch gone not found")
    assert hub.call("DELETE", f"{path}/contents/a", {"message": "m", "sha": "1"}).status_code == 404
    assert hub.call("PUT", f"{path}/contents/a", body | {"sha": "1" * 40}).status_code == 409
    hub.call("POST", f"{path}/rulesets", {**PROTECT, "rules": [{"type": "update"}]})
    refused = hub.call("PUT", f"{path}/contents/a", body)
    assert (refused.status_code, "Cannot update this protected ref." in refused.text) == (409, True)
    assert hub.call("GET", f"{path}/contents/a").status_code == 404
