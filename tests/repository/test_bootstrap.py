"""Finding, making and adopting repositories, on the sandbox's GitHub."""

from __future__ import annotations

import pytest

from provisioner.errors import ProvisionError
from provisioner.repository import names
from provisioner.repository.api import GitHubApi
from provisioner.repository.github import GitHub
from tests.repository.conftest import Sandbox
from tests.repository.transports import Writes
from tests.template.teams import asked

pytestmark = pytest.mark.e2e


def api(sandbox: Sandbox) -> GitHubApi:
    return GitHubApi(sandbox.transport())


def make(sandbox: Sandbox, name: str) -> None:
    api(sandbox).write("POST", "/orgs/example-ml/repos", {"name": name, "private": True})


def test_a_repository_is_made_empty_and_marked(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team(repository={"topics": ["scoring"]}, description="Scores  things")
    facts = github.ensure_repository(team)
    assert facts.created
    assert facts.empty
    assert facts.id.isdigit()
    assert facts.owner_id.isdigit()
    found = api(sandbox).get(f"/repos/{team.repository_full_name}")
    assert found["private"] is True
    assert found["description"] == "Scores things"
    assert sorted(found["topics"]) == ["provision-env", "scoring"]
    variable = api(sandbox).get(f"/repos/{team.repository_full_name}/actions/variables/{names.MARKER_VARIABLE}")
    assert variable["value"] == team.slug


def test_finding_it_again_changes_nothing(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team()
    made = github.ensure_repository(team)
    writes = Writes(sandbox.transport())
    again = sandbox.github(lambda _: writes).ensure_repository(team)
    assert (again.id, again.created) == (made.id, False)
    assert writes.seen == []


def test_an_empty_repository_is_adopted(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team()
    make(sandbox, team.repository_name)
    facts = github.ensure_repository(team)
    assert not facts.created
    assert facts.empty
    assert github.ensure_repository(team).id == facts.id


def test_foreign_content_is_refused_and_left_alone(sandbox: Sandbox) -> None:
    team = sandbox.team()
    make(sandbox, team.repository_name)
    body = {"message": "theirs", "content": "aGVsbG8K"}
    api(sandbox).write("PUT", f"/repos/{team.repository_full_name}/contents/notes.txt", body)
    writes = Writes(sandbox.transport())
    with pytest.raises(ProvisionError, match="content that is not ours") as caught:
        sandbox.github(lambda _: writes).ensure_repository(team)
    assert writes.seen == []
    assert "another repository.name" in caught.value.fix


def test_a_repository_of_another_team_is_refused(sandbox: Sandbox, github: GitHub) -> None:
    first = sandbox.team()
    github.ensure_repository(first)
    second = asked(team="other", repository={"name": first.repository_name})
    with pytest.raises(ProvisionError, match=f"belongs to the team '{first.slug}'"):
        github.ensure_repository(second)


def test_a_repository_that_was_renamed_is_told(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team()
    github.ensure_repository(team)
    api(sandbox).write("PATCH", f"/repos/{team.repository_full_name}", {"name": f"{team.repository_name}-moved"})
    with pytest.raises(ProvisionError, match=f"is called example-ml/{team.repository_name}-moved now"):
        github.ensure_repository(team)


def test_archiving_twice_and_coming_back(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team()
    made = github.ensure_repository(team)
    assert github.archive(team)
    assert github.archive(team)
    assert api(sandbox).get(f"/repos/{team.repository_full_name}")["archived"] is True
    back = github.ensure_repository(team)
    assert (back.id, back.archived) == (made.id, False)


def test_only_our_own_repository_is_archived(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team()
    assert github.archive(team) is False
    make(sandbox, team.repository_name)
    assert github.archive(team) is False
    assert api(sandbox).get(f"/repos/{team.repository_full_name}")["archived"] is False


def test_only_our_own_repository_is_found(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team()
    assert github.find_repository(team) is None
    make(sandbox, team.repository_name)
    assert github.find_repository(team) is None
    made = github.ensure_repository(team)
    assert github.find_repository(team) == made
