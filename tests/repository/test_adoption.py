"""A repository with content comes in by one pull request, and nothing else in it changes."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from provisioner.errors import InvalidInput, ProvisionError
from provisioner.repository.adoption import Adoption
from provisioner.repository.api import GitHubApi
from provisioner.repository.github import GitHub
from provisioner.repository.proposal import BRANCH
from provisioner.repository.template import Files, render_template
from provisioner.repository.trees import blobs, read_tree, write_commit
from provisioner.request.resolve import Team
from tests.repository.conftest import Sandbox
from tests.repository.transports import Writes
from tests.template.teams import facts, outputs

pytestmark = pytest.mark.e2e

OWN = {"README.md": b"# Ours\n", "src/train.py": b"print('trained')\n", "CODEOWNERS": b"* @example-ml/leads\n"}


def api(sandbox: Sandbox) -> GitHubApi:
    return GitHubApi(sandbox.transport())


def path_of(team: Team) -> str:
    return f"/repos/{team.repository_full_name}"


def standing(sandbox: Sandbox, files: dict[str, bytes] | None = None, **repository: Any) -> Team:
    """Return a team whose repository somebody made by hand and filled."""
    team = sandbox.team()
    body = {"name": team.repository_name, "private": True, "auto_init": True, **repository}
    api(sandbox).write("POST", "/orgs/example-ml/repos", body)
    commit_on(sandbox, team, "main", files or OWN)
    return team


def commit_on(sandbox: Sandbox, team: Team, branch: str, files: dict[str, bytes]) -> None:
    """Commit as a person would, through the API."""
    head = head_of(sandbox, team, branch)
    made = write_commit(
        api(sandbox), path_of(team), head, {name: (each, 0o100644) for name, each in files.items()}, "x"
    )
    api(sandbox).write("PATCH", f"{path_of(team)}/git/refs/heads/{branch}", {"sha": made})


def head_of(sandbox: Sandbox, team: Team, branch: str) -> str:
    return str(api(sandbox).get(f"{path_of(team)}/git/ref/heads/{branch}")["object"]["sha"])


def adopt(github: GitHub, team: Team, *replace: str) -> Adoption:
    return github.adopt(team, outputs(team), replace)


def merge(sandbox: Sandbox, done: Adoption, team: Team) -> None:
    assert done.pull_request is not None
    number = done.pull_request.rpartition("/")[2]
    api(sandbox).write("PUT", f"{path_of(team)}/pulls/{number}/merge")


def everything(sandbox: Sandbox, team: Team) -> dict[str, Any]:
    """Return what an adoption must leave alone."""
    path, read = path_of(team), api(sandbox)
    row = read.get(path)
    return {
        "repository": {name: row[name] for name in ("visibility", "description", "topics", "default_branch")},
        "main": head_of(sandbox, team, "main"),
        "variables": read.pages(f"{path}/actions/variables", "variables"),
        "environments": read.pages(f"{path}/environments", "environments"),
        "rulesets": read.get(f"{path}/rulesets"),
        "actions": read.get(f"{path}/actions/permissions"),
        "teams": read.get(f"{path}/teams"),
    }


def test_what_is_missing_is_proposed_and_nothing_else_changes(sandbox: Sandbox, github: GitHub) -> None:
    team = standing(sandbox)
    before = everything(sandbox, team)
    done = adopt(github, team)
    assert everything(sandbox, team) == before
    assert done.state == "opened"
    assert {"environment dev", "ruleset of the branches", "topics"} <= {each.where for each in done.later}
    assert [(each.path, each.reason) for each in done.kept] == [
        (".github/CODEOWNERS", "would hide CODEOWNERS"),
        ("README.md", "exists with other content"),
    ]
    wanted = blobs(render_template(team, facts(team), outputs(team)))
    there = read_tree(api(sandbox), path_of(team), head_of(sandbox, team, BRANCH))
    base = read_tree(api(sandbox), path_of(team), before["main"])
    added = {path: blob for path, blob in wanted.items() if path not in {".github/CODEOWNERS", "README.md"}}
    assert there == base | added
    assert set(done.added) == set(added)
    (pull,) = api(sandbox).get(f"{path_of(team)}/pulls")
    assert pull["html_url"] == done.pull_request
    assert "`README.md`: exists with other content" in pull["body"]


def test_a_second_run_finds_the_same_pull_request_and_writes_nothing(sandbox: Sandbox, github: GitHub) -> None:
    team = standing(sandbox)
    first = adopt(github, team)
    writes = Writes(sandbox.transport())
    again = adopt(sandbox.github(lambda _: writes), team)
    assert (again.state, again.pull_request) == ("unchanged", first.pull_request)
    assert writes.seen == []


@pytest.mark.slow
def test_the_pull_request_follows_what_is_wanted_now(sandbox: Sandbox, github: GitHub) -> None:
    team = standing(sandbox)
    first = adopt(github, team)
    commit_on(sandbox, team, "main", {"Makefile": b"all:\n"})
    second = adopt(github, team, "README.*")
    assert (second.state, second.pull_request) == ("updated", first.pull_request)
    assert second.replaced == ("README.md",)
    assert ("Makefile" in first.added, "Makefile" in second.added) == (True, False)
    there = read_tree(api(sandbox), path_of(team), head_of(sandbox, team, BRANCH))
    assert there["Makefile"] == read_tree(api(sandbox), path_of(team), head_of(sandbox, team, "main"))["Makefile"]
    assert there["README.md"] == blobs(render_template(team, facts(team), outputs(team)))["README.md"]


def test_what_people_commit_to_the_branch_stays(sandbox: Sandbox, github: GitHub) -> None:
    team = standing(sandbox)
    adopt(github, team)
    commit_on(sandbox, team, BRANCH, {"Makefile": b"mine:\n"})
    mine = read_tree(api(sandbox), path_of(team), head_of(sandbox, team, BRANCH))["Makefile"]
    done = adopt(github, team, "README.md")
    assert ("Makefile", f"changed on {BRANCH} by people") in [(each.path, each.reason) for each in done.kept]
    assert read_tree(api(sandbox), path_of(team), head_of(sandbox, team, BRANCH))["Makefile"] == mine


def test_our_commit_that_a_person_amended_is_theirs(sandbox: Sandbox, github: GitHub) -> None:
    team = standing(sandbox)
    adopt(github, team)
    base, ours = head_of(sandbox, team, "main"), head_of(sandbox, team, BRANCH)
    said = api(sandbox).get(f"{path_of(team)}/git/commits/{ours}")["message"]
    mine: Files = {"Makefile": (b"mine:\n", 0o100644)}
    amended = write_commit(api(sandbox), path_of(team), base, mine, said)
    body = {"sha": amended, "force": True}
    api(sandbox).write("PATCH", f"{path_of(team)}/git/refs/heads/{BRANCH}", body)
    adopt(github, team, "README.md")
    assert read_tree(api(sandbox), path_of(team), head_of(sandbox, team, BRANCH))["Makefile"] == blobs(mine)["Makefile"]


def test_a_merged_repository_is_ours_and_can_be_set_up(sandbox: Sandbox, github: GitHub) -> None:
    team = standing(sandbox, {"README.md": b"# Ours\n"}, description="kept")
    api(sandbox).write("PUT", f"{path_of(team)}/topics", {"names": ["own-topic"]})
    with pytest.raises(ProvisionError, match="content that is not ours"):
        github.ensure_repository(team)
    merge(sandbox, adopt(github, team), team)
    again = adopt(github, team)
    assert (again.state, again.pull_request) == ("nothing", None)
    made = github.ensure_repository(team)
    github.configure_environments(team)
    result = github.publish(team, made, outputs(team))
    assert not result.pushed
    assert github.inspect(team, made, outputs(team)) == ()
    assert "own-topic" in api(sandbox).get(path_of(team))["topics"]
    assert base64.b64decode(api(sandbox).get(f"{path_of(team)}/contents/README.md")["content"]) == b"# Ours\n"


def test_a_file_in_the_place_of_a_folder_and_another_case_are_told(sandbox: Sandbox, github: GitHub) -> None:
    team = standing(sandbox, {"docs": b"a file\n", "makefile": b"all:\n", "Dockerfile/x": b"x"})
    kept = {each.path: each.reason for each in adopt(github, team, "*").kept}
    assert kept["docs/runbook.md"] == "docs is a file here"
    assert kept["Makefile"] == "exists as makefile"
    assert kept["Dockerfile"] == "is a folder here"


def unfit_empty(sandbox: Sandbox, team: Team) -> None:
    api(sandbox).write("POST", "/orgs/example-ml/repos", {"name": team.repository_name, "private": True})


def unfit_archived(sandbox: Sandbox, team: Team) -> None:
    body = {"name": team.repository_name, "private": True, "auto_init": True}
    api(sandbox).write("POST", "/orgs/example-ml/repos", body)
    api(sandbox).write("PATCH", path_of(team), {"archived": True})


def unfit_branch(sandbox: Sandbox, team: Team) -> None:
    body = {"name": team.repository_name, "private": True, "auto_init": True}
    api(sandbox).write("POST", "/orgs/example-ml/repos", body)
    api(sandbox).write("POST", f"{path_of(team)}/branches/main/rename", {"new_name": "trunk"})


UNFIT = [
    (lambda _sandbox, _team: None, "there is no repository"),
    (unfit_empty, "is empty"),
    (unfit_archived, "is archived"),
    (unfit_branch, "works on trunk"),
]


@pytest.mark.parametrize(("make", "words"), UNFIT, ids=[words for _, words in UNFIT])
def test_what_cannot_be_adopted_is_told(sandbox: Sandbox, github: GitHub, make: Any, words: str) -> None:
    team = sandbox.team()
    make(sandbox, team)
    with pytest.raises(InvalidInput, match=words) as refused:
        adopt(github, team)
    assert refused.value.fix


@pytest.mark.slow
def test_a_repository_of_another_team_is_not_adopted(sandbox: Sandbox, github: GitHub) -> None:
    first = standing(sandbox)
    merge(sandbox, adopt(github, first), first)
    second = sandbox.team(repository={"name": first.repository_name})
    with pytest.raises(ProvisionError, match=f"belongs to the team '{first.slug}'"):
        adopt(github, second)


def test_answers_name_a_team_only_as_we_write_them(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team()
    text = f"# team: {team.slug}\nanswers:\n  owner: {{team: {team.slug}}}\n"
    body = {"name": team.repository_name, "private": True, "auto_init": True}
    api(sandbox).write("POST", "/orgs/example-ml/repos", body)
    commit_on(sandbox, team, "main", {".provision-env/answers.yml": text.encode()})
    assert github.find_repository(team) is None
