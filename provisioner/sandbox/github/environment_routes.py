"""Environments over REST: protection rules, reviewers, deployment branch policy and its name patterns."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import environments, plans, repositories, teams, values
from provisioner.sandbox.github.access import person_role
from provisioner.sandbox.github.accounts import ACCOUNTS, account_by_id, simple
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import GithubError, not_found, unprocessable
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, NUMBER, Field, text
from provisioner.sandbox.store import Document

_REVIEWER = Field("object", members={"type": text(enum=("User", "Team")), "id": NUMBER})
_POLICY = {
    "protected_branches": Field("boolean", required=True),
    "custom_branch_policies": Field("boolean", required=True),
}
_PUT = {
    "wait_timer": NUMBER,
    "prevent_self_review": FLAG,
    "reviewers": Field("array", nullable=True, items=_REVIEWER),
    "deployment_branch_policy": Field("object", nullable=True, members=_POLICY),
}
_MOST_REVIEWERS = 6
_LONGEST_WAIT = 43200  # minutes: 30 days


def list_environments(call: Call) -> Listing:
    """List the environments of a repository."""
    rows = environments.of_repository(call.tx, call.repository["id"])
    return Listing(rows, partial(_show, call), "environments")


def get_environment(call: Call) -> Answer:
    """Show an environment."""
    return Answer(_show(call, _environment(call)))


def _environment(call: Call) -> Document:
    return environments.get(call.tx, call.repository["id"], call.parameters["environment_name"])


def put_environment(call: Call) -> Answer:
    """Make an environment or replace its protection: what the body leaves out is off afterwards."""
    wanted = call.body(_PUT)
    reviewers = wanted.get("reviewers") or []
    _check(call, wanted, reviewers)
    repo_id, name = call.repository["id"], call.parameters["environment_name"]
    environment = environments.find(call.tx, repo_id, name)
    environment = environment or environments.new(call.tx, repo_id, name, call.stamp)
    policy = wanted.get("deployment_branch_policy")
    environment |= {
        "wait_timer": wanted.get("wait_timer", 0),
        "prevent_self_review": wanted.get("prevent_self_review", False),
        "reviewers": reviewers,
        "policy": policy,
        "patterns": environment["patterns"] if policy and policy["custom_branch_policies"] else [],
        "updated_at": call.stamp,
    }
    shown = _show(call, environment)
    environments.put(call.tx, environment)
    return Answer(shown)


def _check(call: Call, wanted: dict[str, Any], reviewers: list[dict[str, Any]]) -> None:
    plan = plans.plan_of(call.world, account_by_id(call.tx, call.repository["owner_id"]))
    visibility = call.repository["visibility"]
    plans.require_environments(plan, visibility)
    asked = {
        "required reviewers": bool(reviewers) or wanted.get("prevent_self_review", False),
        "wait timer": wanted.get("wait_timer", 0) > 0,
    }
    plans.require_protection(plan, visibility, tuple(name for name, is_asked in asked.items() if is_asked))
    if not 0 <= wanted.get("wait_timer", 0) <= _LONGEST_WAIT:
        raise unprocessable("Wait timer must be an integer between 0 and 43,200 (30 days).")
    policy = wanted.get("deployment_branch_policy")
    if policy and policy["protected_branches"] == policy["custom_branch_policies"]:
        raise unprocessable("protected_branches and custom_branch_policies cannot have the same value.")
    if len(reviewers) > _MOST_REVIEWERS:
        raise unprocessable("Environments can have at most 6 reviewers.")
    for reviewer in reviewers:
        _check_reviewer(call, reviewer)


def _check_reviewer(call: Call, reviewer: dict[str, Any]) -> None:
    kind, number = reviewer.get("type", "User"), reviewer.get("id", 0)
    reviewer["type"] = kind
    if not (_team_reads if kind == "Team" else _person_reads)(call, number):
        field = {"resource": "Environment", "field": "reviewers", "code": "invalid"}
        message = f"{kind} with id {number} does not exist or has no read access to the repository"
        raise GithubError(422, "Validation Failed", errors=({**field, "message": message},))


def _team_reads(call: Call, number: int) -> bool:
    owner = call.repository["owner_id"]
    known = any(team["id"] == number for team in teams.of_organization(call.tx, owner))
    team = teams.by_number(call.tx, owner, number) if known else None
    public = call.repository["visibility"] == "public"
    return team is not None and (public or bool(teams.role_in(call.tx, team, call.repository["id"])))


def _person_reads(call: Call, number: int) -> bool:
    return call.tx.get(ACCOUNTS, str(number)) is not None and bool(person_role(call.tx, number, call.repository))


def delete_environment(call: Call) -> Answer:
    """Remove an environment with its variables and secrets."""
    environment = _environment(call)
    scope = values.environment_scope(environment)
    values.forget(call.tx, scope)
    call.tx.delete(environments.ENVIRONMENTS, environments.key_of(environment["repo_id"], environment["name"]))
    return NO_CONTENT


def brief_environment(call: Call, environment: Document) -> dict[str, Any]:
    """Show an environment the short way, as runs do."""
    name = repositories.full_name(call.tx, call.repository)
    return {
        "id": environment["id"],
        "node_id": node_id("EN", environment["id"]),
        "name": environment["name"],
        "url": call.urls.api("repos", name, "environments", environment["name"].replace("/", "%2F")),
        "html_url": call.urls.web(name, "deployments/activity_log") + f"?environments_filter={environment['name']}",
    }


def _show(call: Call, environment: Document) -> dict[str, Any]:
    return {
        **brief_environment(call, environment),
        "created_at": environment["created_at"],
        "updated_at": environment["updated_at"],
        "can_admins_bypass": True,
        "protection_rules": _rules(call, environment),
        "deployment_branch_policy": environment["policy"],
    }


def _rules(call: Call, environment: Document) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    if environment["wait_timer"]:
        rules.append(_rule(call, environment, "wait_timer", wait_timer=environment["wait_timer"]))
    if environment["reviewers"] or environment["prevent_self_review"]:
        people = [{"type": who["type"], "reviewer": _reviewer(call, who)} for who in environment["reviewers"]]
        self_review = environment["prevent_self_review"]
        rules.append(_rule(call, environment, "required_reviewers", prevent_self_review=self_review, reviewers=people))
    if environment["policy"] is not None:
        rules.append(_rule(call, environment, "branch_policy"))
    return rules


def _rule(call: Call, environment: Document, kind: str, **more: object) -> dict[str, Any]:
    number = environments.rule_id(call.tx, environment, kind)
    return {"id": number, "node_id": node_id("GA", number), "type": kind, **more}


def _reviewer(call: Call, who: dict[str, Any]) -> dict[str, Any]:
    if who["type"] == "Team":
        team = teams.by_number(call.tx, call.repository["owner_id"], who["id"])
        return teams.show(call.tx, call.urls, team)
    return simple(call.urls, account_by_id(call.tx, who["id"]))


def list_policies(call: Call) -> Listing:
    """List the name patterns of an environment's deployment branch policy."""
    return Listing(_environment(call)["patterns"], lambda pattern: pattern, "branch_policies")


def create_policy(call: Call) -> Answer:
    """Add a name pattern; one that is there already is answered by 303."""
    wanted = call.body({"name": text(required=True), "type": text(enum=("branch", "tag"))})
    environment = _custom(call)
    kind = wanted.get("type", "branch")
    for pattern in environment["patterns"]:
        if (pattern["name"], pattern["type"]) == (wanted["name"], kind):
            return Answer(None, 303, (("Location", f"{call.urls.root}{call.request.path}/{pattern['id']}"),))
    number = next_id(call.tx, "policy")
    pattern = {"id": number, "node_id": node_id("GBP", number), "name": wanted["name"], "type": kind}
    environment["patterns"].append(pattern)
    environments.put(call.tx, environment)
    return Answer(pattern)


def _custom(call: Call) -> Document:
    environment = _environment(call)
    if not environment["policy"] or not environment["policy"]["custom_branch_policies"]:
        raise not_found()
    return environment


def _policy(call: Call, environment: Document) -> dict[str, Any]:
    for pattern in environment["patterns"]:
        if str(pattern["id"]) == call.parameters["branch_policy_id"]:
            found: dict[str, Any] = pattern
            return found
    raise not_found()


def get_policy(call: Call) -> Answer:
    """Show one name pattern."""
    return Answer(_policy(call, _environment(call)))


def change_policy(call: Call) -> Answer:
    """Change the name of a pattern."""
    wanted, environment = call.body({"name": text(required=True)}), _custom(call)
    pattern = _policy(call, environment)
    pattern["name"] = wanted["name"]
    environments.put(call.tx, environment)
    return Answer(pattern)


def delete_policy(call: Call) -> Answer:
    """Remove a name pattern."""
    environment = _custom(call)
    environment["patterns"].remove(_policy(call, environment))
    environments.put(call.tx, environment)
    return NO_CONTENT


_ALL = "/repos/{owner}/{repo}/environments"
_ONE = f"{_ALL}/{{environment_name}}"
_POLICIES = f"{_ONE}/deployment-branch-policies"
_POLICY_ONE = f"{_POLICIES}/{{branch_policy_id}}"
_READ, _ADMIN = repo_read("actions"), repo_write("administration", "admin")
_DOCS, _POLICY_DOCS = "deployments/environments", "deployments/branch-policies"
ROUTES = (
    route("GET", _ALL, _READ, list_environments, _DOCS),
    route("GET", _ONE, _READ, get_environment, _DOCS),
    route("PUT", _ONE, _ADMIN, put_environment, f"{_DOCS}#create-or-update-an-environment"),
    route("DELETE", _ONE, _ADMIN, delete_environment, _DOCS),
    route("GET", _POLICIES, _READ, list_policies, _POLICY_DOCS),
    route("POST", _POLICIES, _ADMIN, create_policy, f"{_POLICY_DOCS}#create-a-deployment-branch-policy"),
    route("GET", _POLICY_ONE, _READ, get_policy, _POLICY_DOCS),
    route("PUT", _POLICY_ONE, _ADMIN, change_policy, _POLICY_DOCS),
    route("DELETE", _POLICY_ONE, _ADMIN, delete_policy, _POLICY_DOCS),
)
