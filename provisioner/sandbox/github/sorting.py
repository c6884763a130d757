"""How people sort issues and pull requests: labels, assignees and milestone in one change, and assignees by name."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import issues, labels
from provisioner.sandbox.github.access import at_least, person_role
from provisioner.sandbox.github.accounts import find_account, members, simple
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import invalid, not_found
from provisioner.sandbox.github.routing import Needs, repo_read, route
from provisioner.sandbox.github.shapes import TEXTS
from provisioner.sandbox.store import Document

_MOST_ASSIGNEES = 10
_ASSIGNEES = {"assignees": TEXTS}


def sort(call: Call, issue: Document, wanted: dict[str, Any]) -> None:
    """Take over labels, assignees and milestone where a body has them. Raises GithubError (422)."""
    if wanted.get("labels") is not None:
        names = [row["name"] if isinstance(row, dict) else str(row) for row in wanted["labels"]]
        found = [issues.find_label(call, name) or labels.new_label(call, name) for name in names]
        issue["labels"] = [label["id"] for label in found]
    if "milestone" in wanted:
        issue["milestone"] = None if wanted["milestone"] is None else _milestone(call, wanted["milestone"])
    people = wanted.get("assignees") or ([wanted["assignee"]] if wanted.get("assignee") else None)
    if people is not None or "assignees" in wanted:
        issue["assignees"] = [_assignable(call, login) for login in people or ()]
    issues.put(call, issue)


def _milestone(call: Call, number: object) -> int:
    found = call.tx.get(issues.MILESTONES, f"{call.repository['id']}/{str(number).zfill(8)}")
    if found is None:
        raise invalid("Issue", "milestone", "invalid")
    return int(found["number"])


def _assignable(call: Call, login: str) -> int:
    account = find_account(call.tx, login)
    if account is None or not _may_be_assigned(call, account):
        raise invalid("Issue", "assignees", "invalid")
    return int(account["id"])


def _may_be_assigned(call: Call, account: Document) -> bool:
    return at_least(person_role(call.tx, account["id"], {**call.repository, "visibility": "private"}), "read")


def list_assignees(call: Call) -> Listing:
    """List the people who can be assigned."""
    found = {account["id"]: account for account, _ in members(call.tx, call.repository["owner_id"])}
    rows = [account for account in found.values() if _may_be_assigned(call, account)]
    return Listing(rows, partial(simple, call.urls))


def check_assignee(call: Call) -> Answer:
    """Tell whether somebody can be assigned (204 or 404)."""
    account = find_account(call.tx, call.parameters["assignee"])
    if account is None or not _may_be_assigned(call, account):
        raise not_found()
    return NO_CONTENT


def assign(call: Call) -> Answer:
    """Add assignees; people who cannot be assigned are left out, as GitHub does."""
    issue = issues.get(call, call.parameters["issue_number"])
    issues.require_triage(call, issue)
    found = [find_account(call.tx, login) for login in call.body(_ASSIGNEES).get("assignees", ())]
    added = [account["id"] for account in found if account and _may_be_assigned(call, account)]
    issue["assignees"] = list(dict.fromkeys([*issue.get("assignees", ()), *added]))[:_MOST_ASSIGNEES]
    issues.put(call, issue)
    issues.announce(call, issue, "assigned")
    return Answer(issues.show(call, issue), 201)


def unassign(call: Call) -> Answer:
    """Take assignees away."""
    issue = issues.get(call, call.parameters["issue_number"])
    issues.require_triage(call, issue)
    found = [find_account(call.tx, login) for login in call.body(_ASSIGNEES).get("assignees", ())]
    gone = {account["id"] for account in found if account}
    issue["assignees"] = [number for number in issue.get("assignees", ()) if number not in gone]
    issues.put(call, issue)
    issues.announce(call, issue, "unassigned")
    return Answer(issues.show(call, issue))


_REPO = "/repos/{owner}/{repo}"
_OF_ISSUE = f"{_REPO}/issues/{{issue_number}}/assignees"
_READ, _EITHER = repo_read("issues"), Needs("metadata", "read", ("repo", "public_repo"), "read")
_DOCS = "issues/assignees"
ROUTES = (
    route("GET", f"{_REPO}/assignees", _READ, list_assignees, _DOCS),
    route("GET", f"{_REPO}/assignees/{{assignee}}", _READ, check_assignee, _DOCS),
    route("POST", _OF_ISSUE, _EITHER, assign, _DOCS),
    route("DELETE", _OF_ISSUE, _EITHER, unassign, _DOCS),
)
