"""Whom a pull request asks for a review: by request, and code owners by themselves."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import code_owners, events, pull_views, pulls, reviews, teams
from provisioner.sandbox.github.access import person_role
from provisioner.sandbox.github.accounts import account_by_id, find_account, simple
from provisioner.sandbox.github.call import Answer, Call
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import unprocessable
from provisioner.sandbox.github.pulls import Pull
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import TEXTS
from provisioner.sandbox.store import Document

_REQUEST = {"reviewers": TEXTS, "team_reviewers": TEXTS}


def ask_owners(call: Call, record: Document, tips: tuple[str, str]) -> None:
    """Ask the code owners of the changed files; a draft asks nobody yet."""
    if record["draft"]:
        return
    git, (base, head) = git_of(call), tips
    _, rules = code_owners.read(git, base)
    paths = reviews.changed_paths(git, base, head) if rules else []
    for owner in {owner for path in paths for owner in code_owners.owners_of(rules, path)}:
        if code_owners.people_of(call.tx, call.repository, owner):
            _ask_owner(call, record, owner)


def _ask_owner(call: Call, record: Document, owner: str) -> None:
    name, slash, slug = owner.removeprefix("@").partition("/")
    if slash:
        team = teams.find(call.tx, call.repository["owner_id"], slug)
        record["requested_teams"] += [team["id"]] if team else []
        return
    account = find_account(call.tx, name)
    if account and account["id"] != call.caller.account["id"]:
        record["requested_reviewers"].append(account["id"])


def get_requested(call: Call) -> Answer:
    """Show whom a pull request asks for a review."""
    shown = pull_views.show(call, pulls.get(call, call.parameters["pull_number"]))
    return Answer({"users": shown["requested_reviewers"], "teams": shown["requested_teams"]})


def request(call: Call) -> Answer:
    """Ask people and teams for a review."""
    pull = pulls.get(call, call.parameters["pull_number"])
    people, groups = _named(call, pull, call.body(_REQUEST))
    record = pull.record
    record["requested_reviewers"] = list(dict.fromkeys([*record.get("requested_reviewers", ()), *people]))
    record["requested_teams"] = list(dict.fromkeys([*record.get("requested_teams", ()), *groups]))
    pulls.put(call, record)
    for number in people:
        person = simple(call.urls, account_by_id(call.tx, number))
        _announce(call, Pull(pull.issue, record), "review_requested", requested_reviewer=person)
    return Answer(pull_views.show(call, Pull(pull.issue, record)), 201)


def withdraw(call: Call) -> Answer:
    """Take requests for a review back."""
    pull = pulls.get(call, call.parameters["pull_number"])
    people, groups = _named(call, pull, call.body(_REQUEST | {"reviewers": TEXTS}))
    record = pull.record
    record["requested_reviewers"] = [one for one in record.get("requested_reviewers", ()) if one not in people]
    record["requested_teams"] = [one for one in record.get("requested_teams", ()) if one not in groups]
    pulls.put(call, record)
    _announce(call, Pull(pull.issue, record), "review_request_removed")
    return Answer(pull_views.show(call, Pull(pull.issue, record)))


def _announce(call: Call, pull: Pull, action: str, **more: Any) -> None:  # noqa: ANN401 - members of the payload
    shown = {"number": pull.record["number"], **more}
    events.publish(call, "pull_request", lambda: {**shown, "pull_request": pull_views.show(call, pull)}, action)


def _named(call: Call, pull: Pull, wanted: dict[str, Any]) -> tuple[list[int], list[int]]:
    people, groups = list[int](), list[int]()
    for login in wanted.get("reviewers", ()):
        account = find_account(call.tx, login)
        if account is None or not person_role(call.tx, account["id"], call.repository):
            raise unprocessable(
                "Reviews may only be requested from collaborators. One or more of the users or teams you specified is "
                "not a collaborator of the repository."
            )
        if account["id"] == pull.issue["user_id"]:
            raise unprocessable("Review cannot be requested from pull request author.")
        people.append(account["id"])
    for slug in wanted.get("team_reviewers", ()):
        team = teams.find(call.tx, call.repository["owner_id"], slug)
        if team is None:
            raise unprocessable(f"Could not resolve to a node with the global id of '{slug}'.")
        groups.append(team["id"])
    return people, groups


_PLACE = "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers"
_WRITE, _DOCS = repo_write("pull_requests"), "pulls/review-requests"
ROUTES = (
    route("GET", _PLACE, repo_read("pull_requests"), get_requested, _DOCS),
    route("POST", _PLACE, _WRITE, request, _DOCS),
    route("DELETE", _PLACE, _WRITE, withdraw, _DOCS),
)
