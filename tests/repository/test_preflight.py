"""Everything that would stop a run is found at once, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioner.errors import Blocked
from provisioner.repository.api import GitHubApi
from provisioner.repository.github import GitHub
from provisioner.repository.push import Git
from provisioner.repository.tokens import NEEDED, Token
from provisioner.request.problems import Problem
from provisioner.request.resolve import Team, resolve
from tests.repository.conftest import Sandbox
from tests.repository.transports import Writes
from tests.template.teams import platform

pytestmark = pytest.mark.e2e


def api(sandbox: Sandbox) -> GitHubApi:
    return GitHubApi(sandbox.transport())


def as_owner(sandbox: Sandbox) -> GitHubApi:
    return GitHubApi(sandbox.transport(sandbox.owner_token))


def blocking(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.where for problem in problems if problem.blocking]


def on_platform(team: Team, **changes: Any) -> Team:
    document = {**platform().model_dump(), **changes}
    return resolve(team.request, type(platform()).model_validate(document))


@pytest.fixture
def plan(sandbox: Sandbox) -> Iterator[Any]:
    def set_plan(name: str) -> None:
        sandbox.handle.control("PATCH", "settings", {"github_plan": name})

    yield set_plan
    set_plan("enterprise")


def test_a_sound_request_has_no_problem_and_nothing_is_written(sandbox: Sandbox) -> None:
    writes = Writes(sandbox.transport())
    assert blocking(sandbox.github(lambda _: writes).preflight(sandbox.rich_team())) == []
    assert writes.seen == []


def test_all_problems_come_at_once(sandbox: Sandbox, github: GitHub) -> None:
    environments = {
        "dev": {"project": "example-x-dev", "reviewers": [{"user": "nobody-here"}]},
        "prod": {"project": "example-x-prod", "reviewers": [{"team": "no-team"}, {"team": "leads"}]},
    }
    repository = {"teams": [{"slug": "ghosts"}], "collaborators": [{"user": "spirit"}, {"user": "jonas"}]}
    found = github.preflight(sandbox.team(environments=environments, repository=repository))
    assert blocking(found) == [
        "environments.dev.reviewers: nobody-here",
        "environments.prod.reviewers: no-team",
        "repository.collaborators: spirit",
        "repository.teams: ghosts",
    ]
    assert all(problem.fix for problem in found)


def test_a_wrong_token_is_the_only_thing_said(sandbox: Sandbox) -> None:
    found = sandbox.github(token="ghs_wrong").preflight(sandbox.team())
    assert [problem.where for problem in found] == ["GITHUB_TOKEN"]
    assert "401" in found[0].reason


def test_an_owner_that_is_not_an_organisation(sandbox: Sandbox, github: GitHub) -> None:
    github_settings = platform().github.model_dump()
    for owner, words in (("nobody-at-all", "does not exist"), ("jonas", "person's account")):
        team = on_platform(sandbox.team(), github={**github_settings, "owner": owner})
        found = github.preflight(team)
        assert [problem.where for problem in found] == ["platform.yaml: github.owner"]
        assert words in found[0].reason


def test_an_app_that_lacks_permissions_is_told_which(sandbox: Sandbox) -> None:
    granted = {name: level for name, level in NEEDED.items() if name != "workflows"} | {"contents": "read"}
    github = GitHub(
        sandbox.transport(), platform().github, Token(sandbox.token, granted), Git(sandbox.token, sandbox.environment)
    )
    found = github.preflight(sandbox.team())
    assert "contents: write, workflows: write" in found[0].reason
    assert blocking(found) == ["GITHUB_TOKEN"]


@pytest.mark.parametrize(("content", "words"), [(True, "content that is not ours"), (False, "will be adopted")])
def test_a_name_that_is_taken(sandbox: Sandbox, github: GitHub, content: bool, words: str) -> None:  # noqa: FBT001 - a parameter of the test
    team = sandbox.team()
    path = f"/repos/{team.repository_full_name}"
    api(sandbox).write("POST", "/orgs/example-ml/repos", {"name": team.repository_name, "private": True})
    if content:
        api(sandbox).write("PUT", f"{path}/contents/a.txt", {"message": "a", "content": "aGVsbG8K"})
    found = [problem for problem in github.preflight(team) if problem.where == "repository.name"]
    assert [problem.blocking for problem in found] == [content]
    assert words in found[0].reason


def test_our_own_repository_is_no_problem(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team()
    github.ensure_repository(team)
    assert blocking(github.preflight(team)) == []


def reviewed(sandbox: Sandbox, **changes: Any) -> Team:
    environment = {"project": "example-x-prod", "reviewers": [{"team": "leads"}], **changes}
    return sandbox.team(environments={"prod": environment})


def test_reviewers_need_the_right_plan(sandbox: Sandbox, github: GitHub, plan: Any) -> None:
    plan("team")
    found = github.preflight(reviewed(sandbox))
    assert blocking(found) == ["environments.prod.reviewers"]
    assert "approval: platform" in found[0].fix
    assert blocking(github.preflight(reviewed(sandbox, approval="platform"))) == []
    assert blocking(github.preflight(sandbox.team())) == []


@pytest.mark.parametrize(("days", "blocks"), [(1, []), (-1, ["environments.prod.reviewers"])])
def test_a_waiver_counts_until_its_day(
    sandbox: Sandbox,
    github: GitHub,
    plan: Any,
    days: int,
    blocks: list[str],
) -> None:
    plan("team")
    waiver = {
        "rule": "github-reviewers",
        "resource": "example-ml/team-*",
        "owner": "platform",
        "reason": "the plan changes next month",
        "expires": (datetime.now(UTC) + timedelta(days=days)).date(),
    }
    settings = platform().github.model_dump()
    team = on_platform(reviewed(sandbox), waivers=[waiver], github={**settings, "plan": "team"})
    assert blocking(github.preflight(team)) == blocks


def test_a_free_plan_has_no_environments(sandbox: Sandbox, github: GitHub, plan: Any) -> None:
    plan("free")
    found = github.preflight(sandbox.team())
    assert blocking(found) == ["repository.visibility"]
    assert blocking(github.preflight(sandbox.team(repository={"visibility": "public"}))) == []


REVIEW = {
    "required_approving_review_count": 1,
    "dismiss_stale_reviews_on_push": False,
    "require_code_owner_review": False,
    "require_last_push_approval": False,
    "required_review_thread_resolution": False,
}


def organisation_ruleset(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "target": "branch",
        "enforcement": "active",
        "conditions": {
            "ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []},
            "repository_name": {"include": ["~ALL"], "exclude": []},
        },
        "rules": [{"type": "pull_request", "parameters": REVIEW}],
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "blocks"),
    [
        ({}, True),
        ({"enforcement": "evaluate"}, False),
        ({"rules": [{"type": "deletion"}, {"type": "non_fast_forward"}]}, False),
        ({"rules": [{"type": "required_signatures"}]}, True),
        ({"conditions": {"ref_name": {"include": ["refs/heads/other"], "exclude": []}}}, False),
        ({"conditions": {"ref_name": {"include": ["refs/heads/m*"], "exclude": []}}}, True),
        (
            {
                "conditions": {
                    "ref_name": {"include": ["~ALL"], "exclude": []},
                    "repository_name": {"include": ["~ALL"], "exclude": ["team-*"]},
                }
            },
            False,
        ),
    ],
)
def test_an_organisation_ruleset_in_the_way_is_found(
    sandbox: Sandbox,
    github: GitHub,
    changes: dict[str, Any],
    blocks: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    body = organisation_ruleset("signed history", **changes)
    body["conditions"].setdefault("repository_name", {"include": ["~ALL"], "exclude": []})
    made, new = sandbox.team(), sandbox.team()
    github.ensure_repository(made)
    with organisation_rule(sandbox, body):
        found = [
            sandbox.github(token=sandbox.owner_token).preflight(new),
            sandbox.github(token=sandbox.owner_token).preflight(made),
            github.preflight(made),
        ]
    expected = ["organisation ruleset 'signed history'"] if blocks else []
    assert [blocking(problems) for problems in found] == [expected] * 3


@contextmanager
def organisation_rule(sandbox: Sandbox, body: dict[str, Any]) -> Iterator[None]:
    ruleset = as_owner(sandbox).write("POST", "/orgs/example-ml/rulesets", body)
    yield
    as_owner(sandbox).write("DELETE", f"/orgs/example-ml/rulesets/{ruleset['id']}")


def test_a_ruleset_that_only_owners_see_is_found_once_the_repository_is_made(sandbox: Sandbox, github: GitHub) -> None:
    team, other = sandbox.team(), sandbox.team()
    with organisation_rule(sandbox, organisation_ruleset("hidden")):
        assert github.preflight(team) == ()
        with pytest.raises(Blocked) as refused:
            github.ensure_repository(team)
        assert [problem.where for problem in refused.value.problems] == ["organisation ruleset 'hidden'"]
        assert blocking(github.preflight(team)) == ["organisation ruleset 'hidden'"]
    assert github.ensure_repository(team).empty
    assert github.ensure_repository(other).created


def test_a_ruleset_that_lets_our_app_pass_is_not_in_the_way(sandbox: Sandbox, github: GitHub) -> None:
    team = sandbox.team()
    github.ensure_repository(team)
    app = api(sandbox).get("/apps/provision-env")["id"]
    actors = [{"actor_id": app, "actor_type": "Integration", "bypass_mode": "always"}]
    with organisation_rule(sandbox, organisation_ruleset("with a door", bypass_actors=actors)):
        assert blocking(github.preflight(team)) == []


def test_a_classic_token_is_taken_with_a_remark(sandbox: Sandbox) -> None:
    found = sandbox.github(token=sandbox.owner_token).preflight(sandbox.team())
    assert blocking(found) == []
    assert [problem.reason for problem in found if problem.where == "GITHUB_TOKEN"] == [
        "this is a classic token (read:org, repo, workflow)"
    ]
