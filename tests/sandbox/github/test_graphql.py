from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.sandbox.github import graphql_pulls
from provisioner.sandbox.github.graphql_syntax import SyntaxProblem, Variable, parse
from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.seed import SeedPlan, seed
from tests.sandbox.github.hub import Hub, commit, push, run_git, working_copy
from tests.sandbox.github.people import app, person

CREATE = """
mutation Make($input: CreateRepositoryInput!) { createRepository(input: $input) { repository { nameWithOwner id } } }
"""
LOOK = """
fragment names on Repository { name owner { login } visibility }
query Look($owner: String!, $name: String!, $deep: Boolean = false) {
  found: repository(owner: $owner, name: $name) { ...names id @include(if: $deep) ... on Repository { isFork } }
}
"""
OPEN = (
    "mutation Open($input: CreatePullRequestInput!) { createPullRequest(input: $input) { pullRequest { number id } } }"
)
MERGE = "mutation M($input: MergePullRequestInput!) { mergePullRequest(input: $input) { pullRequest { state } } }"
CHECKS = """
query Checks($id: ID!) { node(id: $id) { __typename ... on PullRequest { commits(last: 1) { nodes { commit {
  statusCheckRollup { contexts(first: 10) { nodes { __typename
    ... on CheckRun { name conclusion isRequired(pullRequestId: $id) }
    ... on StatusContext { context state }
  } } } } } } } } }
"""


def ask(hub: Hub, query: str, token: str = "", **variables: Any) -> Any:
    body = {"query": query, "variables": variables}
    answer = hub.call("POST", "/graphql", body, token=token or hub.tokens["user"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-ratelimit-resource"] == "graphql"
    return answer.json()


def test_a_repository_is_made_and_looked_at(hub: Hub) -> None:
    owner = hub.call("GET", "/orgs/acme").json()["node_id"]
    made = ask(hub, CREATE, input={"name": "model", "visibility": "PRIVATE", "ownerId": owner})
    number = made["data"]["createRepository"]["repository"]["id"]
    assert made["data"]["createRepository"]["repository"]["nameWithOwner"] == "acme/model"
    plain = {"name": "model", "owner": {"login": "acme"}, "visibility": "PRIVATE", "isFork": False}
    assert ask(hub, LOOK, owner="acme", name="model") == {"data": {"found": plain}}
    assert ask(hub, LOOK, owner="acme", name="model", deep=True)["data"]["found"]["id"] == number
    gone = ask(hub, LOOK, owner="acme", name="none")
    assert gone["data"] == {"found": None}
    assert (gone["errors"][0]["type"], gone["errors"][0]["path"]) == ("NOT_FOUND", ["found"])


def test_a_refused_mutation_leaves_nothing(hub: Hub) -> None:
    hub.repository()
    owner = hub.call("GET", "/orgs/acme").json()["node_id"]
    wanted = {"name": "model", "visibility": "PRIVATE", "ownerId": owner}
    first, again = _literal({**wanted, "name": "x"}), _literal(wanted)
    fields = "{ repository { id } }"
    query = f"mutation {{ a: createRepository(input: {first}) {fields} b: createRepository(input: {again}) {fields} }}"
    both = ask(hub, query)
    assert both["errors"][0]["message"] == "name already exists on this account"
    assert hub.call("GET", "/repos/acme/x").status_code == 404


def _literal(document: dict[str, str]) -> str:
    rows = [f"{name}: {value if name == 'visibility' else json.dumps(value)}" for name, value in document.items()]
    return "{" + ", ".join(rows) + "}"


def test_a_pull_request_with_checks_is_merged_under_the_same_rules(hub: Hub, tmp_path: Path) -> None:
    hub.repository()
    copy = working_copy(tmp_path / "a", {"a.txt": "1\n"})
    push(copy, hub.git_url())
    push(commit(copy, {"b.txt": "2\n"}), hub.git_url(), "HEAD:topic")
    sha = run_git(copy, "rev-parse", "HEAD").stdout.strip()
    writer = app(hub, checks="write", contents="read")
    run = {"name": "ci", "head_sha": sha, "conclusion": "failure"}
    assert hub.call("POST", "/repos/acme/model/check-runs", run, token=writer).status_code == 201
    guard = {"strict": False, "contexts": ["ci"]}
    rest = {"enforce_admins": True, "required_pull_request_reviews": None, "restrictions": None}
    hub.call("PUT", "/repos/acme/model/branches/main/protection", {"required_status_checks": guard, **rest})
    repository = ask(hub, LOOK, owner="acme", name="model", deep=True)["data"]["found"]["id"]
    wanted = {"repositoryId": repository, "baseRefName": "main", "headRefName": "topic", "title": "T", "body": "B"}
    pull = ask(hub, OPEN, input=wanted)["data"]["createPullRequest"]["pullRequest"]
    node = ask(hub, CHECKS, id=pull["id"])["data"]["node"]
    contexts = node["commits"]["nodes"][0]["commit"]["statusCheckRollup"]["contexts"]["nodes"]
    assert contexts == [{"__typename": "CheckRun", "name": "ci", "conclusion": "FAILURE", "isRequired": True}]
    refused = ask(hub, MERGE, input={"pullRequestId": pull["id"], "mergeMethod": "SQUASH"})
    assert refused["errors"][0]["message"] == 'Required status check "ci" is failing.'
    hub.call("POST", "/repos/acme/model/check-runs", {**run, "conclusion": "success"}, token=writer)
    merged = ask(hub, MERGE, input={"pullRequestId": pull["id"], "mergeMethod": "SQUASH"})
    assert merged == {"data": {"mergePullRequest": {"pullRequest": {"state": "MERGED"}}}}


def test_permissions_are_those_of_rest(hub: Hub) -> None:
    hub.repository()
    blind = ask(hub, LOOK, token=person(hub, "ann", "read:org"), owner="acme", name="model")
    assert blind["errors"][0]["type"] == "NOT_FOUND"
    assert hub.call("POST", "/graphql", {"query": LOOK}, token="").status_code == 401


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("query Odd { viewer { sponsors } }", "the GraphQL operation Odd: field User.sponsors"),
        ("query Odd { marketplace { id } }", "the GraphQL operation Odd: field Query.marketplace"),
        ("mutation M { enablePullRequestAutoMerge(input: {}) { clientMutationId } }", "auto-merge"),
    ],
)
def test_what_is_not_played_is_named(hub: Hub, query: str, said: str) -> None:
    answer = hub.call("POST", "/graphql", {"query": query}, token=hub.tokens["user"])
    assert (answer.status_code, said in answer.json()["message"]) == (501, True)


def test_what_is_no_graphql_is_told(hub: Hub) -> None:
    for query in ("query {", "{ a(", "}", "subscription { a }", "{ a } { b }", 'query { a(x: "'):
        answer = ask(hub, query)
        assert "Parse error" in answer["errors"][0]["message"]


@given(st.text(alphabet='{}()[]:$@!.,"\\ab1-# \n', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except SyntaxProblem:
        return


def test_values_of_every_kind_are_read() -> None:
    (field,) = (
        parse('{ a(b: -1.5e2, c: [true, null, X], d: {e: "f\\n"}, g: $h, i: """j\nk""") }').operation("").selections
    )
    assert field.arguments == {
        "b": -150.0,
        "c": [True, None, "X"],
        "d": {"e": "f\n"},
        "g": Variable("h"),
        "i": "j\nk",
    }


def test_the_fields_that_are_told_of_are_those_there_are(hub: Hub, tmp_path: Path) -> None:
    hub.repository()
    copy = working_copy(tmp_path / "a", {"a.txt": "1\n"})
    push(copy, hub.git_url())
    push(commit(copy, {"b.txt": "2\n"}), hub.git_url(), "HEAD:topic")
    hub.call("POST", "/repos/acme/model/pulls", {"title": "t", "head": "topic", "base": "main"})
    row = hub.call("GET", "/repos/acme/model/pulls/1").json()
    node = graphql_pulls.pull(lambda *_: None, "/repos/acme/model", row)  # type: ignore[arg-type]
    assert set(node.fields) == set(graphql_pulls.PULL_FIELDS)


@dataclass(frozen=True)
class _Stopping:
    handle: Handle

    def close(self) -> None:
        self.handle.stop()


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("gh") is None, reason="GitHub's command line (gh) is not installed")
def test_githubs_own_command_line(tmp_path: Path) -> None:
    plan = SeedPlan("123456789012", "example.com", None, "", (), "", "", "EU", github_owner="acme")
    who = {f"GIT_{role}_{what}": "x@y" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    with contextlib.closing(_Stopping(ensure(tmp_path / "state", idle_seconds=120))) as stopping:
        handle = stopping.handle
        seed(handle, plan)
        base = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GH_PROMPT_DISABLED": "1"}
        environment = {**base, **handle.environment(), **who}

        def run(command: str, where: str = ".") -> str:
            words = command.split()
            folder = tmp_path / where
            done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{command}: {done.stderr}"
            return done.stdout

        run("gh repo create acme/model --private")
        assert "acme/model" in run("gh repo view acme/model")
        run("gh repo clone acme/model")
        for branch, file in (("main", "a"), ("topic", "b")):
            run(f"git checkout -q -b {branch}", "model")
            (tmp_path / "model" / file).write_text("1\n")
            run("git add -A", "model")
            run("git commit -q -m change", "model")
            run(f"git push -q -u origin {branch}", "model")
        run("gh pr create --title T --body B --base main --head topic", "model")
        assert "title:\tT" in run("gh pr view 1", "model")
        run("gh pr merge 1 --squash", "model")
        assert json.loads(run("gh pr view 1 --json state", "model")) == {"state": "MERGED"}
