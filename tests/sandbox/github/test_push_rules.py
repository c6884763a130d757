from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.github.hub import Hub, commit, push, run_git, working_copy
from tests.sandbox.github.people import person
from tests.sandbox.github.test_git import PROTECT

RULESETS = "/repos/acme/model/rulesets"


@pytest.fixture
def copy(hub: Hub, tmp_path: Path) -> Path:
    hub.repository()
    folder = working_copy(tmp_path / "a", {"a.txt": "1\n"})
    push(folder, hub.git_url())
    return folder


def rule(kind: str, **parameters: Any) -> dict[str, Any]:
    return {"type": kind, "parameters": parameters} if parameters else {"type": kind}


@pytest.mark.parametrize(
    ("wanted", "path", "said"),
    [
        (
            rule("file_path_restriction", restricted_file_paths=["secrets/**"]),
            "secrets/x",
            "File path secrets/x is restricted",
        ),
        (
            rule("file_extension_restriction", restricted_file_extensions=["*.jar"]),
            "lib/x.jar",
            "extension of lib/x.jar",
        ),
        (rule("max_file_path_length", max_file_path_length=10), "a" * 11, "exceeds the limit of 10 characters"),
        (rule("max_file_size", max_file_size=1), "big", "File big exceeds the limit of 1 MB"),
    ],
)
def test_a_push_ruleset_looks_at_files_of_every_branch(
    hub: Hub, copy: Path, wanted: dict[str, Any], path: str, said: str
) -> None:
    made = hub.call("POST", RULESETS, {"name": "p", "target": "push", "enforcement": "active", "rules": [wanted]})
    assert made.status_code == 201, made.text
    push(commit(copy, {"fine.txt": "1"}), hub.git_url(), "HEAD:topic")
    refused = push(commit(copy, {path: "x" * (1024 * 1024 + 1)}), hub.git_url(), "HEAD:topic", check=False)
    assert said in refused
    content = {"message": "x", "content": "eA==", "branch": "topic"}
    through_api = hub.call("PUT", f"/repos/acme/model/contents/{path}", content)
    assert through_api.status_code == (201 if path == "big" else 409)


@pytest.mark.parametrize(
    ("wanted", "message", "said"),
    [
        (
            rule("commit_message_pattern", operator="regex", pattern=r"^[A-Z]+-\d+"),
            "x",
            "Commit message must match a given",
        ),
        (rule("commit_message_pattern", operator="regex", pattern=r"^[A-Z]+-\d+"), "AB-1 x", ""),
        (rule("commit_message_pattern", operator="contains", pattern="wip", negate=True), "wip x", "must not contain"),
        (
            rule("commit_author_email_pattern", operator="ends_with", pattern="@acme.com"),
            "x",
            "Commit author email must",
        ),
        (rule("branch_name_pattern", operator="starts_with", pattern="ma"), "x", ""),
        (rule("branch_name_pattern", operator="starts_with", pattern="release/"), "x", "Branch name must start with"),
    ],
)
def test_names_and_messages_follow_patterns(hub: Hub, copy: Path, wanted: Any, message: str, said: str) -> None:
    assert hub.call("POST", RULESETS, {**PROTECT, "rules": [wanted]}).status_code == 201
    printed = push(commit(copy, {"a.txt": "2"}, message), hub.git_url(), check=not said)
    assert said in printed


def test_rules_belong_to_their_kind_of_ruleset(hub: Hub, copy: Path) -> None:
    size = rule("max_file_size", max_file_size=1)
    assert hub.call("POST", RULESETS, {**PROTECT, "rules": [size]}).status_code == 422
    push_rules = {"name": "p", "target": "push", "enforcement": "active", "rules": [rule("deletion")]}
    assert hub.call("POST", RULESETS, push_rules).status_code == 422
    broken = rule("commit_message_pattern", operator="regex", pattern="(")
    assert "no regular expression" in hub.call("POST", RULESETS, {**PROTECT, "rules": [broken]}).text
    assert hub.call("POST", RULESETS, {**PROTECT, "rules": [rule("merge_queue")]}).status_code == 501


def test_what_the_app_writes_is_signed_and_what_it_signs_for_others_is_not(hub: Hub, copy: Path) -> None:
    hub.call("POST", RULESETS, {**PROTECT, "rules": [rule("required_signatures")]})
    place, content = "/repos/acme/model/contents/b.txt", {"message": "b", "content": "eA=="}
    assert "must have verified signatures" in push(commit(copy, {"c": "1"}), hub.git_url(), check=False)
    mine = hub.call("PUT", place, content)
    assert mine.json()["commit"]["verification"]["reason"] == "valid"
    other = {"author": {"name": "ann", "email": "ann@example.com"}}
    refused = hub.call("PUT", place.replace("b.txt", "d.txt"), content | other)
    assert (refused.status_code, "verified signatures" in refused.json()["message"]) == (409, True)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH's ssh-keygen is not installed")
def test_a_commit_signed_with_a_known_key_is_verified(hub: Hub, copy: Path, tmp_path: Path) -> None:
    ann = person(hub, "ann", "repo", "write:ssh_signing_key")
    hub.call("PUT", "/repos/acme/model/collaborators/ann", {"permission": "push"})
    hub.call("POST", RULESETS, {**PROTECT, "rules": [rule("required_signatures")]})
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(key)), ("commit.gpgsign", "true")):
        run_git(copy, "config", name, value)
    commit(copy, {"a.txt": "2\n"})
    assert "must have verified signatures" in push(copy, hub.git_url(token=ann), check=False)
    public = {"title": "laptop", "key": key.with_suffix(".pub").read_text()}
    kept = hub.call("POST", "/user/ssh_signing_keys", public, token=ann)
    assert kept.status_code == 201, kept.text
    push(copy, hub.git_url(token=ann))
    sha = run_git(copy, "rev-parse", "HEAD").stdout.strip()
    shown = hub.call("GET", f"/repos/acme/model/commits/{sha}").json()["commit"]["verification"]
    assert (shown["verified"], shown["reason"], shown["signature"].startswith("-----BEGIN SSH")) == (
        True,
        "valid",
        True,
    )
    assert hub.call("POST", "/user/ssh_signing_keys", public, token=ann).status_code == 422
    assert hub.call("DELETE", f"/user/ssh_signing_keys/{kept.json()['id']}", token=ann).status_code == 204
    again = hub.call("GET", f"/repos/acme/model/commits/{sha}").json()["commit"]["verification"]
    assert (again["verified"], again["reason"]) == (False, "unknown_key")
    assert hub.call("GET", "/user/ssh_signing_keys", token=person(hub, "cy")).status_code == 404


def test_shallow_and_partial_clones_and_the_newer_protocol(hub: Hub, copy: Path, tmp_path: Path) -> None:
    push(commit(copy, {"b.txt": "2\n"}), hub.git_url())
    run_git(tmp_path, "clone", "-q", "--depth=1", hub.git_url(), "shallow")
    assert run_git(tmp_path / "shallow", "rev-list", "--count", "HEAD").stdout == "1\n"
    run_git(
        tmp_path,
        "-c",
        "protocol.version=2",
        "clone",
        "-q",
        "--filter=blob:none",
        "--no-checkout",
        hub.git_url(),
        "part",
    )
    missing = run_git(tmp_path / "part", "rev-list", "--objects", "--missing=print", "HEAD").stdout
    assert missing.count("\n?") == 2


def test_what_git_hosting_does_not_offer_is_told(hub: Hub, copy: Path) -> None:
    url = hub.git_url().replace("x-access-token:", "x:")
    lfs = hub.http.post(f"{url}/info/lfs/objects/batch", json={"operation": "download"})
    assert (lfs.status_code, "Git LFS" in lfs.json()["message"]) == (501, True)
    dumb = hub.http.get(f"{url}/info/refs")
    assert (dumb.status_code, "dumb-http" in dumb.text) == (403, True)
    assert hub.call("GET", "/repos/acme/model/traffic/views").status_code == 501
