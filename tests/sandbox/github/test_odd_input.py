"""What nobody means to send is refused, and never answered by a crash."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from provisioner.sandbox.github import accounts, callers
from provisioner.sandbox.github.shapes import Field
from provisioner.sandbox.github.triggers import (
    Workflow,
    dispatch_inputs,
    parse,
    starts_on_pull_request,
    starts_on_push,
)
from tests.sandbox.github.hub import Hub, push, working_copy

_NAMES = st.sampled_from(["push", "pull_request", "branches", "paths", "tags-ignore", "types", "inputs", "x"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b'"x"', b"[" * 100_000, b'{"name": "\\ud800"}', b"\xff"],
    ids=lambda content: repr(content[:9]),
)
def test_bodies_that_are_no_object(hub: Hub, content: bytes) -> None:
    headers = {"Authorization": f"Bearer {hub.tokens['installation']}"}
    answer = hub.http.post(f"{hub.url('api.github.com')}/orgs/acme/repos", content=content, headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["-x", "--help", "a%00b", ":(top)x", "%2e%2e/%2e%2e/etc/passwd"])
def test_paths_that_look_like_something_else(hub: Hub, path: str) -> None:
    place = hub.repository(auto_init=True)
    assert hub.call("GET", f"{place}/contents/{path}").status_code in {404, 422}
    assert hub.call("GET", f"{place}/commits/{path}").status_code in {404, 422}
    assert hub.call("GET", f"{place}/git/ref/heads/{path}").status_code in {404, 422}
    assert hub.call("GET", f"{place}/compare/main...{path}").status_code in {404, 422}
    assert hub.call("GET", f"{place}/commits?path={path}").status_code in {200, 422}


def test_a_file_may_be_called_like_an_option(hub: Hub) -> None:
    place = hub.repository(auto_init=True)
    body = {"message": "m", "content": base64.b64encode(b"x").decode()}
    assert hub.call("PUT", f"{place}/contents/-n", body).status_code == 201
    assert hub.call("GET", f"{place}/contents/-n").json()["path"] == "-n"


@pytest.mark.parametrize("ref", ["refs/heads/a\0b", "refs/heads/a b", "refs/heads/-x\n"])
def test_names_with_characters_git_does_not_take(hub: Hub, ref: str) -> None:
    place = hub.repository(auto_init=True)
    head = hub.call("GET", f"{place}/git/ref/heads/main").json()["object"]["sha"]
    assert hub.call("POST", f"{place}/git/refs", {"ref": ref, "sha": head}).status_code == 422
    assert hub.call("POST", f"{place}/git/refs", {"ref": "refs/heads/x", "sha": f"{head}\0"}).status_code == 422


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "x", "٣"], ids=lambda number: number[:5])
def test_numbers_that_are_none(hub: Hub, number: str) -> None:
    assert hub.call("GET", f"/orgs/acme/repos?per_page={number}&page={number}").status_code == 200
    assert hub.call("GET", f"/repositories/{number}").status_code in {404, 501}
    hub.repository()
    for place in ("pulls", "issues", "actions/runs", "rulesets"):
        assert hub.call("GET", f"/repos/acme/model/{place}/{number}", token=hub.tokens["user"]).status_code == 404


@given(st.dictionaries(_NAMES, _VALUES, max_size=3))
def test_any_trigger_section_can_be_asked(section: dict[str, Any]) -> None:
    workflow = Workflow("a.yml", "a", section)
    assert starts_on_push(workflow, "refs/heads/main", ["a"]) in {True, False}
    assert starts_on_push(workflow, "refs/tags/v1", []) in {True, False}
    assert starts_on_pull_request(workflow, "main") in {True, False}
    assert all(isinstance(about, dict) for about in dispatch_inputs(workflow).values())


@pytest.mark.parametrize(
    "content",
    [b"[" * 5_000, b"\xff\xfe", b"a: &a [*a]", b"on: push", b"x" * 600_000, b""],
    ids=lambda content: repr(content[:9]),
)
def test_files_that_are_no_workflow(hub: Hub, tmp_path: Path, content: bytes) -> None:
    assert parse("a.yml", content) is None
    path = hub.repository()
    copy = working_copy(tmp_path / "a", {"README.md": "x"})
    (copy / ".github/workflows").mkdir(parents=True)
    (copy / ".github/workflows/a.yml").write_bytes(content)
    push(copy, hub.git_url())
    assert hub.call("GET", f"{path}/actions/runs").json()["total_count"] == 0


@pytest.mark.parametrize(
    ("on", "ref", "changed", "starts"),
    [
        ("push", "refs/heads/x", [], True),
        ("[push, pull_request]", "refs/tags/v1", [], True),
        ("{push: {branches: [main]}}", "refs/heads/main", [], True),
        ("{push: {branches: [main]}}", "refs/heads/x", [], False),
        ("{push: {branches: [main]}}", "refs/tags/main", [], False),
        ("{push: {tags: ['v*']}}", "refs/tags/v1", [], True),
        ("{push: {tags: ['v*']}}", "refs/heads/v1", [], False),
        ("{push: {branches-ignore: ['wip/**']}}", "refs/heads/wip/a/b", [], False),
        ("{push: {branches: ['**', '!wip']}}", "refs/heads/wip", [], False),
        ("{push: {paths: ['src/**']}}", "refs/heads/x", ["docs/a"], False),
        ("{push: {paths: ['src/**']}}", "refs/heads/x", ["docs/a", "src/b/c"], True),
        ("{push: {paths-ignore: ['docs/**']}}", "refs/heads/x", ["docs/a"], False),
        ("{push: {paths: ['src/**']}}", "refs/tags/v1", [], True),
        ("{pull_request: {}}", "refs/heads/x", [], False),
    ],
)
def test_what_a_push_starts(on: str, ref: str, changed: list[str], starts: bool) -> None:  # noqa: FBT001 - the expected value
    section = YAML(typ="safe", pure=True).load(on)
    workflow = parse("a.yml", f"on: {on}\njobs: {{}}\n".encode())
    assert workflow is not None
    assert set(workflow.on) == (set(section) if not isinstance(section, str) else {section})
    assert starts_on_push(workflow, ref, changed) is starts


def test_shapes_find_every_problem_at_once() -> None:
    shape = {"a": Field("integer", required=True), "b": Field("array", items=Field("string"))}
    found = Field("object", members=shape).findings({"b": ["x", 1, None], "c": True}, "properties")
    assert len(found) == 4


def test_a_member_makes_a_repository_and_administers_it(hub: Hub) -> None:
    ann = hub.write(lambda tx: accounts.find_account(tx, "ann"))["id"]
    token = hub.write(lambda tx: callers.issue_classic_token(tx, ann, ("repo",)))
    made = hub.call("POST", "/orgs/acme/repos", {"name": "mine", "private": True}, token=token)
    assert made.status_code == 201
    assert hub.call("PUT", "/repos/acme/mine/topics", {"names": ["x"]}, token=token).status_code == 200
