"""Verifying tells each thing that was changed by hand, also what a run does not mend; and nothing else."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from provisioner.repository.api import GitHubApi
from provisioner.repository.facts import RepositoryFacts
from provisioner.repository.github import GitHub
from provisioner.repository.template import ANSWERS_FILE
from provisioner.request.resolve import Team
from tests.repository.conftest import Sandbox
from tests.template.teams import outputs

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def standing(sandbox: Sandbox) -> tuple[Team, RepositoryFacts]:
    team, github = sandbox.rich_team(), sandbox.github()
    facts = github.ensure_repository(team)
    github.configure_environments(team)
    github.publish(team, facts, outputs(team))
    return team, facts


def api(sandbox: Sandbox) -> GitHubApi:
    return GitHubApi(sandbox.transport())


def rewrite(sandbox: Sandbox, path: str, file: str, change: Callable[[bytes], bytes]) -> None:
    """Change a file of the default branch with the App, which the ruleset lets pass."""
    found = api(sandbox).get(f"{path}/contents/{file}")
    content = base64.b64encode(change(base64.b64decode(found["content"]))).decode()
    body = {"message": "by hand", "content": content, "sha": found["sha"], "branch": "main"}
    api(sandbox).write("PUT", f"{path}/contents/{file}", body)


def change_workflow(sandbox: Sandbox, path: str) -> None:
    rewrite(sandbox, path, ".github/workflows/release.yaml", lambda text: text + b"\n# more\n")


def undo_workflow(sandbox: Sandbox, path: str) -> None:
    rewrite(sandbox, path, ".github/workflows/release.yaml", lambda text: text.removesuffix(b"\n# more\n"))


def older_template(sandbox: Sandbox, path: str) -> None:
    rewrite(sandbox, path, ANSWERS_FILE, lambda text: text.replace(b"version: 1.0.0", b"version: 0.9.0"))


def own_template(sandbox: Sandbox, path: str) -> None:
    rewrite(sandbox, path, ANSWERS_FILE, lambda text: text.replace(b"version: 0.9.0", b"version: 1.0.0"))


def add_team(sandbox: Sandbox, path: str) -> None:
    owner = GitHubApi(sandbox.transport(sandbox.owner_token))
    owner.write("POST", "/orgs/example-ml/teams", {"name": "guests"})
    owner.write("PUT", f"/orgs/example-ml/teams/guests{path}", {"permission": "push"})


def remove_team(sandbox: Sandbox, path: str) -> None:
    GitHubApi(sandbox.transport(sandbox.owner_token)).write("DELETE", f"/orgs/example-ml/teams/guests{path}")


def add_person(sandbox: Sandbox, path: str) -> None:
    api(sandbox).write("PUT", f"{path}/collaborators/lena", {"permission": "admin"})


def remove_person(sandbox: Sandbox, path: str) -> None:
    api(sandbox).write("DELETE", f"{path}/collaborators/lena")


def add_key(sandbox: Sandbox, path: str) -> None:
    api(sandbox).write("POST", f"{path}/keys", {"title": "laptop", "key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"})


def remove_key(sandbox: Sandbox, path: str) -> None:
    for row in api(sandbox).pages(f"{path}/keys"):
        api(sandbox).write("DELETE", f"{path}/keys/{row['id']}")


def other_subject(sandbox: Sandbox, path: str) -> None:
    body = {"use_default": False, "include_claim_keys": ["repository_owner"]}
    api(sandbox).write("PUT", f"{path}/actions/oidc/customization/sub", body)


def own_subject(sandbox: Sandbox, path: str) -> None:
    api(sandbox).write("PUT", f"{path}/actions/oidc/customization/sub", {"use_default": True})


CHANGES = [
    (change_workflow, undo_workflow, "file .github/workflows/release.yaml"),
    (older_template, own_template, "template"),
    (add_team, remove_team, "access of team guests"),
    (add_person, remove_person, "access of lena"),
    (add_key, remove_key, "deploy key laptop"),
    (other_subject, own_subject, "subject of jobs' identity tokens"),
]


Change = Callable[[Sandbox, str], None]


@pytest.mark.parametrize("row", CHANGES, ids=[where for *_, where in CHANGES])
def test_what_was_changed_is_named_alone(
    sandbox: Sandbox, github: GitHub, standing: tuple[Team, RepositoryFacts], row: tuple[Change, Change, str]
) -> None:
    (change, undo, where), (team, facts) = row, standing
    change(sandbox, f"/repos/{team.repository_full_name}")
    assert [each.where for each in github.inspect(team, facts, outputs(team))] == [where]
    undo(sandbox, f"/repos/{team.repository_full_name}")
    assert github.inspect(team, facts, outputs(team)) == ()


def test_what_the_team_makes_of_its_own_files_is_no_difference(
    sandbox: Sandbox, github: GitHub, standing: tuple[Team, RepositoryFacts]
) -> None:
    team, facts = standing
    rewrite(sandbox, f"/repos/{team.repository_full_name}", "README.md", lambda text: text + b"\nours\n")
    assert github.inspect(team, facts, outputs(team)) == ()


def test_a_file_that_is_gone_is_named(sandbox: Sandbox, github: GitHub, standing: tuple[Team, RepositoryFacts]) -> None:
    team, facts = standing
    path = f"/repos/{team.repository_full_name}/contents/Dockerfile"
    found = api(sandbox).get(path)
    api(sandbox).write("DELETE", path, {"message": "gone", "sha": found["sha"], "branch": "main"})
    gone = [(each.where, each.found) for each in github.inspect(team, facts, outputs(team))]
    assert gone == [("file Dockerfile", "nothing")]
    body = {"message": "back", "content": found["content"], "branch": "main"}
    api(sandbox).write("PUT", path, body)
    assert github.inspect(team, facts, outputs(team)) == ()
