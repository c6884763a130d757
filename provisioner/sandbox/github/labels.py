"""Labels and milestones of a repository, and the labels of an issue.

https://docs.github.com/rest/issues/labels , https://docs.github.com/rest/issues/milestones
"""

from __future__ import annotations

import re
from functools import partial

from provisioner.sandbox.github import issues
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import GithubError, invalid, not_found, unprocessable
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.github.routing import Needs, repo_read, route
from provisioner.sandbox.github.shapes import TEXT, text
from provisioner.sandbox.store import Document

_COLOR = re.compile(r"[0-9a-fA-F]{6}")
_LABEL = {"name": text(required=True), "color": TEXT, "description": text(nullable=True)}
_CHANGE = {"new_name": TEXT, "name": TEXT, "color": TEXT, "description": text(nullable=True)}
_MILESTONE = {
    "title": TEXT,
    "state": text(enum=("open", "closed")),
    "description": text(nullable=True),
    "due_on": text(nullable=True),
}


def list_labels(call: Call) -> Listing:
    """List the labels of a repository by name."""
    rows = [label for _, label in call.tx.scan(issues.LABELS, f"{call.repository['id']}/")]
    return Listing(rows, partial(issues.show_label, call))


def create_label(call: Call) -> Answer:
    """Make a label."""
    wanted = call.body(_LABEL)
    if issues.find_label(call, wanted["name"]):
        raise invalid("Label", "name", "already_exists")
    label = new_label(call, wanted["name"], wanted.get("color", "ededed"), wanted.get("description"))
    shown = issues.show_label(call, label)
    return Answer(shown, 201, (("Location", shown["url"]),))


def new_label(call: Call, name: str, color: str = "ededed", description: str | None = None) -> Document:
    """Write a label. Raises GithubError (422)."""
    if not _COLOR.fullmatch(color):
        raise invalid("Label", "color", "invalid")
    label = {"id": next_id(call.tx, "label"), "name": name, "color": color, "description": description}
    issues.put_label(call, label)
    return label


def _label(call: Call) -> Document:
    label = issues.find_label(call, call.parameters["name"])
    if label is None:
        raise not_found()
    return label


def get_label(call: Call) -> Answer:
    """Show a label."""
    return Answer(issues.show_label(call, _label(call)))


def change_label(call: Call) -> Answer:
    """Change a label; issues keep it under its new name."""
    wanted, label = call.body(_CHANGE), _label(call)
    name = str(wanted.pop("new_name", None) or wanted.get("name") or label["name"])
    if wanted.get("color") is not None and not _COLOR.fullmatch(wanted["color"]):
        raise invalid("Label", "color", "invalid")
    if name.lower() != label["name"].lower() and issues.find_label(call, name):
        raise invalid("Label", "name", "already_exists")
    issues.drop_label(call, label)
    changed: Document = {field: wanted[field] for field in ("color", "description") if field in wanted}
    label |= {**changed, "name": name}
    issues.put_label(call, label)
    return Answer(issues.show_label(call, label))


def delete_label(call: Call) -> Answer:
    """Remove a label, from issues too."""
    label = _label(call)
    issues.drop_label(call, label)
    for issue in issues.listed(call):
        if label["id"] in issue.get("labels", ()):
            issue["labels"].remove(label["id"])
            issues.put(call, issue)
    return NO_CONTENT


def _issue(call: Call) -> Document:
    return issues.get(call, call.parameters["issue_number"])


def list_of_issue(call: Call) -> Listing:
    """List the labels of an issue."""
    return Listing(issues.labels_of(call, _issue(call)), partial(issues.show_label, call))


def write_of_issue(call: Call) -> Answer:
    """Add labels to an issue (POST) or replace them (PUT); unknown ones are made."""
    issues.require_triage(call, _issue(call))
    issue, names = _issue(call), _names(call)
    found = [issues.find_label(call, name) or new_label(call, name) for name in names]
    before = issue.get("labels", []) if call.request.method == "POST" else []
    issue["labels"] = list(dict.fromkeys([*before, *(label["id"] for label in found)]))
    return _labelled(call, issue)


def _names(call: Call) -> list[str]:
    try:
        document = call.request.json()
    except ValueError:
        raise GithubError(400, "Problems parsing JSON") from None
    rows = document.get("labels") if isinstance(document, dict) else document
    given = [row.get("name") if isinstance(row, dict) else row for row in rows] if isinstance(rows, list) else [None]
    names = [name for name in given if isinstance(name, str) and name]
    if len(names) < len(given):
        raise unprocessable('Invalid request.\n\n"labels" must be a list of names.')
    return names


def _labelled(call: Call, issue: Document) -> Answer:
    issue["updated_at"] = call.stamp
    issues.put(call, issue)
    issues.announce(call, issue, "labeled")
    return Answer([issues.show_label(call, label) for label in issues.labels_of(call, issue)])


def clear_issue(call: Call) -> Answer:
    """Take all labels off an issue."""
    issue = _issue(call)
    issues.require_triage(call, issue)
    issue["labels"] = []
    issues.put(call, issue)
    return NO_CONTENT


def remove_from_issue(call: Call) -> Answer:
    """Take one label off an issue."""
    issue, label = _issue(call), issues.find_label(call, call.parameters["name"])
    issues.require_triage(call, issue)
    if label is None or label["id"] not in issue.get("labels", ()):
        raise GithubError(404, "Label does not exist")
    issue["labels"].remove(label["id"])
    return _labelled(call, issue)


def list_milestones(call: Call) -> Listing:
    """List milestones by state."""
    wanted = call.query("state", "open")
    rows = [one for _, one in call.tx.scan(issues.MILESTONES, f"{call.repository['id']}/")]
    return Listing([one for one in rows if wanted in {"all", one["state"]}], partial(issues.show_milestone, call))


def create_milestone(call: Call) -> Answer:
    """Make a milestone."""
    wanted = call.body({**_MILESTONE, "title": text(required=True)})
    rows = [one for _, one in call.tx.scan(issues.MILESTONES, f"{call.repository['id']}/")]
    if any(one["title"] == wanted["title"] for one in rows):
        raise invalid("Milestone", "title", "already_exists")
    document = {
        "id": next_id(call.tx, "milestone"),
        "number": call.tx.next_number(f"github/milestones/{call.repository['id']}"),
        "state": "open",
        "description": None,
        "due_on": None,
        **wanted,
        "creator_id": call.caller.account["id"],
        "created_at": call.stamp,
        "updated_at": call.stamp,
        "closed_at": None,
    }
    return _written(call, document, 201)


def _written(call: Call, document: Document, status: int = 200) -> Answer:
    call.tx.put(issues.MILESTONES, f"{call.repository['id']}/{document['number']:08}", document)
    return Answer(issues.show_milestone(call, document), status)


def _milestone(call: Call) -> Document:
    return issues.milestone(call, call.parameters["milestone_number"])


def get_milestone(call: Call) -> Answer:
    """Show a milestone."""
    return Answer(issues.show_milestone(call, _milestone(call)))


def change_milestone(call: Call) -> Answer:
    """Change a milestone."""
    document = _milestone(call)
    document |= {**call.body(_MILESTONE), "updated_at": call.stamp}
    document["closed_at"] = call.stamp if document["state"] == "closed" else None
    return _written(call, document)


def delete_milestone(call: Call) -> Answer:
    """Remove a milestone, from issues too."""
    document = _milestone(call)
    for issue in issues.listed(call):
        if issue.get("milestone") == document["number"]:
            issues.put(call, {**issue, "milestone": None})
    call.tx.delete(issues.MILESTONES, f"{call.repository['id']}/{document['number']:08}")
    return NO_CONTENT


_REPO = "/repos/{owner}/{repo}"
_LABELS, _MILESTONES = f"{_REPO}/labels", f"{_REPO}/milestones"
_OF_ISSUE = f"{_REPO}/issues/{{issue_number}}/labels"
_READ = repo_read("issues")
_WRITE = Needs("issues", "write", ("repo", "public_repo"), "triage")
# Labels of pull requests may be written with the pull request permission: the handler checks which.
_EITHER = Needs("metadata", "read", ("repo", "public_repo"), "read")
_DOCS, _MILESTONE_DOCS = "issues/labels", "issues/milestones"
ROUTES = (
    route("GET", _LABELS, _READ, list_labels, _DOCS),
    route("POST", _LABELS, _WRITE, create_label, f"{_DOCS}#create-a-label"),
    route("GET", f"{_LABELS}/{{name}}", _READ, get_label, _DOCS),
    route("PATCH", f"{_LABELS}/{{name}}", _WRITE, change_label, _DOCS),
    route("DELETE", f"{_LABELS}/{{name}}", _WRITE, delete_label, _DOCS),
    route("GET", _OF_ISSUE, _READ, list_of_issue, _DOCS),
    route("POST", _OF_ISSUE, _EITHER, write_of_issue, _DOCS),
    route("PUT", _OF_ISSUE, _EITHER, write_of_issue, _DOCS),
    route("DELETE", _OF_ISSUE, _EITHER, clear_issue, _DOCS),
    route("DELETE", f"{_OF_ISSUE}/{{name}}", _EITHER, remove_from_issue, _DOCS),
    route("GET", _MILESTONES, _READ, list_milestones, _MILESTONE_DOCS),
    route("POST", _MILESTONES, _WRITE, create_milestone, _MILESTONE_DOCS),
    route("GET", f"{_MILESTONES}/{{milestone_number}}", _READ, get_milestone, _MILESTONE_DOCS),
    route("PATCH", f"{_MILESTONES}/{{milestone_number}}", _WRITE, change_milestone, _MILESTONE_DOCS),
    route("DELETE", f"{_MILESTONES}/{{milestone_number}}", _WRITE, delete_milestone, _MILESTONE_DOCS),
)
