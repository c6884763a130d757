"""Publishing and reading back, killed and repeated, on the sandbox's GitHub."""

from __future__ import annotations

import base64
import contextlib
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.errors import ProvisionError
from provisioner.repository import names
from provisioner.repository.api import GitHubApi
from provisioner.repository.facts import EnvironmentOutputs, RepositoryFacts
from provisioner.repository.github import GitHub
from provisioner.repository.template import render_template
from provisioner.repository.transport import Transport
from provisioner.request.resolve import Team
from tests.repository.conftest import Sandbox
from tests.repository.transports import Killed, Killing, Patient, Writes
from tests.template.teams import outputs

pytestmark = pytest.mark.e2e


def api(sandbox: Sandbox) -> GitHubApi:
    return GitHubApi(sandbox.transport())


def through(transport: Transport) -> Callable[[Transport], Transport]:
    return lambda _: transport


def up(github: GitHub, team: Team) -> RepositoryFacts:
    facts = github.ensure_repository(team)
    github.configure_environments(team)
    github.publish(team, facts, outputs(team))
    return facts


@pytest.fixture(scope="module")
def published(sandbox: Sandbox) -> tuple[Team, RepositoryFacts]:
    team = sandbox.rich_team()
    return team, up(sandbox.github(), team)


def test_everything_reads_back_as_it_should(github: GitHub, published: tuple[Team, RepositoryFacts]) -> None:
    team, facts = published
    assert github.verify(team, facts, outputs(team)) == ()


def test_a_second_run_writes_nothing_and_asks_little(sandbox: Sandbox, published: tuple[Team, RepositoryFacts]) -> None:
    team, _ = published
    writes = Writes(sandbox.transport())
    github = sandbox.github(lambda _: writes)
    facts = github.ensure_repository(team)
    assert github.configure_environments(team) == ()
    result = github.publish(team, facts, outputs(team))
    assert (result.written, result.pushed) == ((), False)
    assert writes.seen == []
    assert writes.calls <= 35


def test_the_pushed_commit_is_the_rendered_template(
    sandbox: Sandbox, published: tuple[Team, RepositoryFacts], tmp_path: Path
) -> None:
    team, facts = published
    header = f"http.https://github.com/.extraHeader=Authorization: Basic {basic(sandbox.token)}"
    command = ["git", "-c", header, "clone", "--quiet", facts.clone_url, str(tmp_path / "clone")]
    subprocess.run(command, env=sandbox.environment, check=True)
    expected = render_template(team, facts, outputs(team))
    listed = subprocess.check_output(["git", "-C", str(tmp_path / "clone"), "ls-files"], text=True).splitlines()
    assert sorted(listed) == sorted(expected)
    assert all((tmp_path / "clone" / path).read_bytes() == content for path, (content, _) in expected.items())


def basic(token: str) -> str:
    return base64.b64encode(f"x-access-token:{token}".encode()).decode()


def test_environments_have_reviewers_and_their_branch(
    sandbox: Sandbox, published: tuple[Team, RepositoryFacts]
) -> None:
    team, _ = published
    path = f"/repos/{team.repository_full_name}/environments"
    rows = {row["name"]: row for row in api(sandbox).get(path)["environments"]}
    assert set(rows) == {"dev", "stage", "prod"}
    for name, row in rows.items():
        assert row["deployment_branch_policy"] == {"protected_branches": False, "custom_branch_policies": True}
        policies = api(sandbox).get(f"{path}/{name}/deployment-branch-policies")["branch_policies"]
        assert [policy["name"] for policy in policies] == ["main"]
    rule = next(rule for rule in rows["prod"]["protection_rules"] if rule["type"] == "required_reviewers")
    assert rule["prevent_self_review"] is True
    assert {one["reviewer"].get("slug") or one["reviewer"]["login"] for one in rule["reviewers"]} == {
        "leads",
        "amina-risk",
    }


def test_who_is_to_review_may_read_before_github_hears_of_it(sandbox: Sandbox) -> None:
    team, patient = sandbox.rich_team(), Patient(sandbox.transport(), 0.5)
    github = sandbox.github(through(patient))
    github.ensure_repository(team)
    patient.seen.clear()
    assert len(github.configure_environments(team)) == 10
    kinds = ["environment" if "/environments/" in path else "access" for path in patient.seen]
    assert kinds == sorted(kinds)
    assert kinds.count("access") == 4


def test_variables_are_exactly_the_ones_that_people_know(
    sandbox: Sandbox, published: tuple[Team, RepositoryFacts]
) -> None:
    team, _ = published
    made = outputs(team)
    path = f"/repos/{team.repository_full_name}"
    for spec in team.environments:
        rows = api(sandbox).pages(f"{path}/environments/{spec.name}/variables", "variables")
        assert {row["name"]: row["value"] for row in rows} == names.environment_variables(spec, made[spec.name])
    rows = api(sandbox).pages(f"{path}/actions/variables", "variables")
    expected = {names.MARKER_VARIABLE: team.slug}
    for spec in team.environments:
        expected |= names.repository_variables(spec, made[spec.name])
    assert {row["name"]: row["value"] for row in rows} == expected


def test_only_our_app_passes_the_ruleset(sandbox: Sandbox, published: tuple[Team, RepositoryFacts]) -> None:
    team, _ = published
    path = f"/repos/{team.repository_full_name}/rulesets"
    ruleset = api(sandbox).get(f"{path}/{api(sandbox).get(path)[0]['id']}")
    app = api(sandbox).get("/apps/provision-env")["id"]
    assert ruleset["bypass_actors"] == [{"actor_id": app, "actor_type": "Integration", "bypass_mode": "always"}]
    assert {rule["type"] for rule in ruleset["rules"]} == {
        "deletion",
        "non_fast_forward",
        "pull_request",
        "required_status_checks",
    }


def break_variable(sandbox: Sandbox, path: str) -> None:
    api(sandbox).write("PATCH", f"{path}/environments/prod/variables/SERVICE_ACCOUNT", {"value": "evil@example.com"})


def break_branch_policy(sandbox: Sandbox, path: str) -> None:
    body = {"name": "*", "type": "branch"}
    api(sandbox).write("POST", f"{path}/environments/prod/deployment-branch-policies", body)


def break_reviewers(sandbox: Sandbox, path: str) -> None:
    policy = {"protected_branches": False, "custom_branch_policies": True}
    body = {"reviewers": None, "deployment_branch_policy": policy}
    api(sandbox).write("PUT", f"{path}/environments/prod", body)


def break_ruleset(sandbox: Sandbox, path: str) -> None:
    ruleset = api(sandbox).get(f"{path}/rulesets")[0]["id"]
    api(sandbox).write("PUT", f"{path}/rulesets/{ruleset}", {"enforcement": "disabled"})


def break_token(sandbox: Sandbox, path: str) -> None:
    api(sandbox).write("PUT", f"{path}/actions/permissions/workflow", {"default_workflow_permissions": "write"})


def break_access(sandbox: Sandbox, path: str) -> None:
    api(sandbox).write("PUT", f"/orgs/example-ml/teams/leads{path}", {"permission": "pull"})


def break_topics(sandbox: Sandbox, path: str) -> None:
    api(sandbox).write("PUT", f"{path}/topics", {"names": ["own-topic"]})


BROKEN = [
    (break_variable, "environment prod: variable SERVICE_ACCOUNT"),
    (break_branch_policy, "environment prod: branches that may deploy"),
    (break_reviewers, "environment prod"),
    (break_ruleset, "ruleset of the branches"),
    (break_token, "token of workflows"),
    (break_access, "access of team leads"),
    (break_topics, "topics"),
]


@pytest.mark.parametrize(("damage", "where"), BROKEN, ids=[where for _, where in BROKEN])
def test_what_was_changed_is_found_and_mended(
    sandbox: Sandbox,
    github: GitHub,
    published: tuple[Team, RepositoryFacts],
    damage: Callable[[Sandbox, str], None],
    where: str,
) -> None:
    team, facts = published
    damage(sandbox, f"/repos/{team.repository_full_name}")
    assert [difference.where for difference in github.verify(team, facts, outputs(team))] == [where]
    written = github.configure_environments(team) + github.publish(team, facts, outputs(team)).written
    assert written == (where,)
    assert github.verify(team, facts, outputs(team)) == ()


def test_a_second_push_is_not_made_when_the_team_has_moved_on(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team()
    facts = up(github, team)
    body = {"message": "ours now", "content": "aGVsbG8K"}
    api(sandbox).write("PUT", f"/repos/{team.repository_full_name}/contents/own.txt", body)
    result = github.publish(team, facts, outputs(team))
    assert not result.pushed
    assert api(sandbox).find(f"/repos/{team.repository_full_name}/contents/own.txt")


def test_a_repository_made_again_is_not_trusted(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team()
    facts = github.ensure_repository(team)
    api(sandbox).write("DELETE", f"/repos/{team.repository_full_name}")
    github.ensure_repository(team)
    with pytest.raises(ProvisionError, match="deleted and made again"):
        github.publish(team, facts, outputs(team))


def test_every_branch_of_an_environment_is_made(sandbox: Sandbox, github: GitHub) -> None:
    stages = {"dev": {"project": "example-b-dev", "branch": "develop"}, "prod": {"project": "example-b-prod"}}
    team = sandbox.team(environments=stages)
    up(github, team)
    path = f"/repos/{team.repository_full_name}"
    assert {row["name"] for row in api(sandbox).get(f"{path}/branches")} == {"develop", "main"}
    assert api(sandbox).get(path)["default_branch"] == "develop"


def killed_at(sandbox: Sandbox, index: int, *, after: bool) -> bool:
    """Kill a run at one call, run it again, check that nothing is missing; tell whether the call was reached."""
    team = sandbox.team(repository={"teams": [{"slug": "leads"}]}, buckets={})
    dying = Killing(sandbox.transport(), index, after=after)
    with contextlib.suppress(Killed):
        up(sandbox.github(through(dying)), team)
    facts = up(sandbox.github(), team)
    assert sandbox.github().verify(team, facts, outputs(team)) == (), f"killed at call {index}"
    return dying.died


@pytest.mark.parametrize("index", [3, 17, 29], ids=["at the start", "halfway", "late"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_run_that_was_killed_is_finished_by_the_next(sandbox: Sandbox, index: int, after: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert killed_at(sandbox, index, after=after)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_run_killed_at_any_call_is_finished_by_the_next(sandbox: Sandbox, after: bool) -> None:  # noqa: FBT001 - a parameter of the test
    index = next(index for index in range(1, 200) if not killed_at(sandbox, index, after=after))
    assert index > 30


def test_other_outputs_are_a_difference(github: GitHub, published: tuple[Team, RepositoryFacts]) -> None:
    team, facts = published
    wrong = {name: replace(made, region="europe-west4") for name, made in outputs(team).items()}
    assert {row.where for row in github.verify(team, facts, wrong)} == {
        f"environment {spec.name}: variable GCP_REGION" for spec in team.environments
    }


def test_reviewers_can_read_what_they_review(sandbox: Sandbox, github: GitHub) -> None:
    stage = {"project": "example-r-prod", "reviewers": [{"team": "leads"}, {"user": "lena"}]}
    team = sandbox.team(environments={"prod": stage})
    github.ensure_repository(team)
    github.configure_environments(team)
    path = f"/repos/{team.repository_full_name}"
    assert [row["slug"] for row in api(sandbox).get(f"{path}/teams")] == ["leads"]
    assert "lena" in {row["login"] for row in api(sandbox).get(f"{path}/collaborators")} | {
        row["invitee"]["login"] for row in api(sandbox).get(f"{path}/invitations")
    }
    assert github.configure_environments(team) == ()


def test_outputs_without_a_registry_write_no_variable_for_one(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team(registries={}, services={})
    facts = up(github, team)
    made: dict[str, EnvironmentOutputs] = outputs(team)
    rows = api(sandbox).pages(f"/repos/{facts.full_name}/environments/dev/variables", "variables")
    assert "ARTIFACT_REGISTRY_REPO" not in {row["name"] for row in rows}
    assert github.verify(team, facts, made) == ()
