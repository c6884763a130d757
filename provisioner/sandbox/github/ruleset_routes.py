"""Rulesets of repositories and organisations over REST, and the rules that concern one branch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from provisioner.sandbox.github import apps, plans, repositories, rulesets, teams
from provisioner.sandbox.github.accounts import ACCOUNTS, account_by_id
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import GithubError, not_found
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.github.routing import org_write, repo_read, repo_write, route
from provisioner.sandbox.github.ruleset_shapes import check_actors, check_rules, ruleset_shape
from provisioner.sandbox.store import Document

_BYPASS = {"always": "always", "exempt": "exempt", "pull_request": "pull_requests_only", "": "never"}


def _scope(call: Call) -> str:
    if call.repository:
        return rulesets.repository_scope(call.repository)
    return rulesets.organization_scope(call.organization["id"])


def _require_plan(call: Call) -> None:
    if not call.repository:
        plans.require_org_rulesets(plans.plan_of(call.world, call.organization))
        return
    owner = account_by_id(call.tx, call.repository["owner_id"])
    plans.require_rulesets(plans.plan_of(call.world, owner), call.repository["visibility"])


def list_rulesets(call: Call) -> Listing:
    """List rulesets; a repository's list has its organisation's too unless ``includes_parents=false``."""
    _require_plan(call)
    rows = rulesets.listed(call.tx, _scope(call))
    if call.repository and call.query("includes_parents", "true") != "false":
        rows = rulesets.over(call.tx, call.repository)
    return Listing(rows, partial(_show, call, full=False))


def get_ruleset(call: Call) -> Answer:
    """Show a ruleset."""
    _require_plan(call)
    return Answer(_show(call, _found(call)))


def _found(call: Call, *, own: bool = False) -> Document:
    number = call.parameters["ruleset_id"]
    if call.repository and not own:
        for held in rulesets.over(call.tx, call.repository):
            if str(held["id"]) == number:
                return held
        raise not_found()
    return rulesets.get(call.tx, _scope(call), number)


def create_ruleset(call: Call) -> Answer:
    """Make a ruleset."""
    _require_plan(call)
    wanted = call.body(ruleset_shape(organization=not call.repository, required=True))
    _check(call, wanted, {"id": 0, "target": "branch"})
    document = {
        "id": next_id(call.tx, "ruleset"),
        "target": "branch",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": [], "exclude": []}},
        "rules": [],
        **wanted,
        "source_type": "Repository" if call.repository else "Organization",
        "source": _source(call),
        "created_at": call.stamp,
        "updated_at": call.stamp,
    }
    rulesets.put(call.tx, _scope(call), document)
    return Answer(_show(call, document), 201)


def change_ruleset(call: Call) -> Answer:
    """Change a ruleset; what the body leaves out stays."""
    _require_plan(call)
    document = _found(call, own=True)
    wanted = call.body(ruleset_shape(organization=not call.repository, required=False))
    _check(call, wanted, document)
    document |= {**wanted, "updated_at": call.stamp}
    rulesets.put(call.tx, _scope(call), document)
    return Answer(_show(call, document))


def delete_ruleset(call: Call) -> Answer:
    """Remove a ruleset."""
    rulesets.delete(call.tx, _scope(call), _found(call, own=True))
    return NO_CONTENT


def _source(call: Call) -> str:
    return repositories.full_name(call.tx, call.repository) if call.repository else str(call.organization["login"])


def _check(call: Call, wanted: dict[str, Any], before: Document) -> None:
    held = rulesets.listed(call.tx, _scope(call))
    if any(other["name"] == wanted.get("name") and other["id"] != before["id"] for other in held):
        raise GithubError(422, "Validation Failed", errors=("Name must be unique",))
    check_rules(wanted.get("rules", ()), wanted.get("target") or before["target"])
    check_actors(wanted.get("bypass_actors", ()))
    for actor in wanted.get("bypass_actors", ()):
        actor.setdefault("bypass_mode", "always")
        if not _actor_exists(call, actor):
            problem = f"Actor {actor['actor_type']} {actor['actor_id']} is not part of the ruleset source or owner"
            raise GithubError(422, "Validation Failed", errors=(problem,))
    names = wanted.get("conditions", {}).get("ref_name", {})
    for pattern in (*names.get("include", ()), *names.get("exclude", ())):
        if not pattern.startswith(("refs/", "~")):
            problem = f"Invalid target patterns: '{pattern}'. Patterns must start with refs/heads/ or refs/tags/"
            raise GithubError(422, "Validation Failed", errors=(problem,))


def _actor_exists(call: Call, actor: dict[str, Any]) -> bool:
    number = actor.get("actor_id")
    owner = call.repository["owner_id"] if call.repository else call.organization["id"]
    looked_up: dict[str, Callable[[], bool]] = {
        "Integration": lambda: apps.find_installation(call.tx, number or 0, owner) is not None,
        "Team": lambda: any(team["id"] == number for team in teams.of_organization(call.tx, owner)),
        "User": lambda: call.tx.get(ACCOUNTS, str(number)) is not None,
    }
    return looked_up[actor["actor_type"]]() if actor["actor_type"] in looked_up else True


def _show(call: Call, document: Document, *, full: bool = True) -> dict[str, Any]:
    of_repository = document["source_type"] == "Repository"
    place = ("repos", document["source"]) if of_repository else ("orgs", document["source"])
    page = (document["source"], "rules") if of_repository else ("organizations", document["source"], "settings/rules")
    names = ("id", "name", "target", "source_type", "source", "enforcement", "created_at", "updated_at")
    shown = {
        **{name: document[name] for name in names},
        "node_id": node_id("RRS", document["id"]),
        "_links": {
            "self": {"href": call.urls.api(*place, "rulesets", document["id"])},
            "html": {"href": call.urls.web(*page, document["id"])},
        },
    }
    if not full:
        return shown
    shown |= {"conditions": document["conditions"], "rules": document["rules"]}
    if call.repository:
        mode = rulesets.bypass(call.tx, document, call.caller, call.repository)
        shown["current_user_can_bypass"] = _BYPASS[mode]
    return shown | ({"bypass_actors": document["bypass_actors"]} if _sees_actors(call) else {})


def _sees_actors(call: Call) -> bool:
    """GitHub shows who passes a ruleset by only to those who could change it."""
    limited = call.caller.kind in {"installation", "fine_grained"}
    return call.caller.permissions.get("administration") == "write" if limited else call.role in {"admin", ""}


def list_branch_rules(call: Call) -> Listing:
    """List the rules in force on a branch, each with the ruleset it comes from."""
    _require_plan(call)
    ref = f"refs/heads/{call.parameters['branch']}"
    held = rulesets.in_force(call.tx, call.repository, ref)
    rows = [(rule, ruleset) for ruleset in held for rule in ruleset["rules"]]
    return Listing(rows, _branch_rule)


def _branch_rule(pair: tuple[dict[str, Any], Document]) -> dict[str, Any]:
    rule, ruleset = pair
    origin = {"ruleset_source_type": ruleset["source_type"], "ruleset_source": ruleset["source"]}
    return {**rule, **origin, "ruleset_id": ruleset["id"]}


_REPO, _ORG = "/repos/{owner}/{repo}/rulesets", "/orgs/{org}/rulesets"
_READ, _ADMIN = repo_read(), repo_write("administration", "admin")
_OWNERS = org_write("organization_administration")
_ONE, _DOCS, _ORG_DOCS = "{ruleset_id}", "repos/rules", "orgs/rules"
ROUTES = (
    route("GET", _REPO, _READ, list_rulesets, f"{_DOCS}#get-all-repository-rulesets"),
    route("POST", _REPO, _ADMIN, create_ruleset, f"{_DOCS}#create-a-repository-ruleset"),
    route("GET", f"{_REPO}/{_ONE}", _READ, get_ruleset, _DOCS),
    route("PUT", f"{_REPO}/{_ONE}", _ADMIN, change_ruleset, _DOCS),
    route("DELETE", f"{_REPO}/{_ONE}", _ADMIN, delete_ruleset, _DOCS),
    route("GET", _ORG, _OWNERS, list_rulesets, f"{_ORG_DOCS}#get-all-organization-repository-rulesets"),
    route("POST", _ORG, _OWNERS, create_ruleset, f"{_ORG_DOCS}#create-an-organization-repository-ruleset"),
    route("GET", f"{_ORG}/{_ONE}", _OWNERS, get_ruleset, _ORG_DOCS),
    route("PUT", f"{_ORG}/{_ONE}", _OWNERS, change_ruleset, _ORG_DOCS),
    route("DELETE", f"{_ORG}/{_ONE}", _OWNERS, delete_ruleset, _ORG_DOCS),
    route("GET", "/repos/{owner}/{repo}/rules/branches/{branch+}", _READ, list_branch_rules, _DOCS),
)
