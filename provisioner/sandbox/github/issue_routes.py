"""Issues and comments over REST."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from provisioner.sandbox.github import events, issues, pull_following, pulls, sorting
from provisioner.sandbox.github.access import at_least, holds, refusal
from provisioner.sandbox.github.accounts import find_account
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import forbidden, not_found
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.github.routing import Needs, repo_read, route
from provisioner.sandbox.github.shapes import TEXTS, Field, text
from provisioner.sandbox.store import Document

_STATE = text(enum=("open", "closed"))
_REASON = text(nullable=True, enum=("completed", "not_planned", "duplicate", "reopened"))
_SORTED = {
    "labels": Field("array", items=Field("any")),
    "assignees": TEXTS,
    "assignee": text(nullable=True),
    "milestone": Field("any", nullable=True),
}
_CREATE = {"title": text(required=True), "body": text(nullable=True), **_SORTED}
_CHANGE = {"title": text(), "body": text(nullable=True), "state": _STATE, "state_reason": _REASON, **_SORTED}
_LOCK = {"lock_reason": text(enum=("off-topic", "too heated", "resolved", "spam"))}
_COMMENT = {"body": text(required=True)}


def list_issues(call: Call) -> Listing:
    """List issues and pull requests by state, label, assignee, creator, milestone and time of change."""
    rows = [issue for issue in issues.listed(call) if all(test(issue) for test in _tests(call))]
    keys = {"created": "created_at", "updated": "updated_at"}
    by = keys.get(call.query("sort", "created"), "created_at")
    rows.sort(key=lambda issue: (issue[by], issue["number"]), reverse=call.query("direction", "desc") == "desc")
    return Listing(rows, partial(issues.show, call))


def _tests(call: Call) -> list[Callable[[Document], bool]]:
    state, since = call.query("state", "open"), call.query("since")
    wanted = {name.lower() for name in call.query("labels").split(",") if name}
    logins = {name: find_account(call.tx, call.query(name)) for name in ("assignee", "creator") if call.query(name)}
    people = {name: account["id"] if account else 0 for name, account in logins.items()}
    milestone = call.query("milestone")
    return [
        lambda issue: state in {"all", issue["state"]},
        lambda issue: issue["updated_at"] >= since,
        lambda issue: wanted <= {label["name"].lower() for label in issues.labels_of(call, issue)},
        lambda issue: "creator" not in people or issue["user_id"] == people["creator"],
        lambda issue: "assignee" not in people or people["assignee"] in issue.get("assignees", ()),
        lambda issue: milestone in {"", "*"} or str(issue.get("milestone")) in {milestone, milestone.capitalize()},
    ]


def get_issue(call: Call) -> Answer:
    """Show an issue."""
    return Answer(issues.show(call, issues.get(call, call.parameters["issue_number"])))


def create_issue(call: Call) -> Answer:
    """Open an issue."""
    wanted = call.body(_CREATE)
    _require(call, "issues")
    issue = issues.new(call, wanted["title"], wanted.get("body"), pull=False)
    if at_least(call.role, "triage"):  # of others GitHub drops these silently
        sorting.sort(call, issue, wanted)
    issues.announce(call, issue, "opened")
    shown = issues.show(call, issue)
    return Answer(shown, 201, (("Location", shown["url"]),))


def change_issue(call: Call) -> Answer:
    """Change an issue's title, body or state."""
    wanted, issue = call.body(_CHANGE), issues.get(call, call.parameters["issue_number"])
    _require(call, "pull_requests" if issue["pull"] else "issues")
    if issue["user_id"] != call.caller.account["id"] and not at_least(call.role, "triage"):
        raise forbidden("Must have admin rights to Repository.")
    before = issue["state"]
    sorting.sort(call, issue, wanted)
    issues.change(call, issue, wanted)
    _announce_change(call, issue, before)
    return Answer(issues.show(call, issue))


def _announce_change(call: Call, issue: Document, before: str) -> None:
    if issue["pull"] and issue["state"] != before:
        pull_following.announce(
            call, pulls.get(call, str(issue["number"])), "reopened" if issue["state"] == "open" else "closed"
        )
    changed = {"open": "reopened", "closed": "closed"}[issue["state"]] if issue["state"] != before else "edited"
    issues.announce(call, issue, changed)


def lock(call: Call) -> Answer:
    """Let only people with write access comment."""
    wanted, issue = call.body(_LOCK), issues.get(call, call.parameters["issue_number"])
    issues.require_triage(call, issue)
    issues.put(call, issue | {"locked": True, "lock_reason": wanted.get("lock_reason")})
    return NO_CONTENT


def unlock(call: Call) -> Answer:
    """Let everybody comment again."""
    issue = issues.get(call, call.parameters["issue_number"])
    issues.require_triage(call, issue)
    issues.put(call, issue | {"locked": False, "lock_reason": None})
    return NO_CONTENT


def _require(call: Call, permission: str) -> None:
    """Comments on pull requests may be written with either permission, so the table cannot say which."""
    limited = call.caller.kind in {"installation", "fine_grained"}
    if limited and not holds(call.caller, permission, "write"):
        raise refusal(call.caller)


def list_comments(call: Call) -> Listing:
    """List the comments on an issue or pull request."""
    issue = issues.get(call, call.parameters["issue_number"])
    return Listing(issues.comments(call, issue), partial(issues.show_comment, call))


def create_comment(call: Call) -> Answer:
    """Comment on an issue or pull request."""
    wanted, issue = call.body(_COMMENT), issues.get(call, call.parameters["issue_number"])
    _require(call, "pull_requests" if issue["pull"] else "issues")
    if issue.get("locked") and not at_least(call.role, "write"):
        raise forbidden("Unable to create comment because issue is locked.")
    number = next_id(call.tx, "comment")
    times = {"created_at": call.stamp, "updated_at": call.stamp}
    comment = {"id": number, "number": issue["number"], "user_id": call.caller.account["id"], **wanted, **times}
    _put(call, comment)
    shown = issues.show_comment(call, comment)
    payload = {"issue": issues.show(call, issue), "comment": shown}
    events.publish(call, "issue_comment", lambda: payload, "created")
    return Answer(shown, 201, (("Location", shown["url"]),))


def list_all_comments(call: Call) -> Listing:
    """List the comments on all issues and pull requests."""
    rows = [row for _, row in call.tx.scan(issues.COMMENTS, f"{call.repository['id']}/")]
    since = call.query("since")
    return Listing([row for row in rows if row["updated_at"] >= since], partial(issues.show_comment, call))


def _put(call: Call, comment: Document) -> None:
    call.tx.put(issues.COMMENTS, f"{call.repository['id']}/{comment['id']:014}", comment)


def _comment(call: Call) -> Document:
    key = f"{call.repository['id']}/{call.parameters['comment_id'].zfill(14)}"
    comment = call.tx.get(issues.COMMENTS, key)
    if comment is None:
        raise not_found()
    return comment


def get_comment(call: Call) -> Answer:
    """Show a comment."""
    return Answer(issues.show_comment(call, _comment(call)))


def change_comment(call: Call) -> Answer:
    """Change a comment."""
    comment = _own_comment(call)
    comment |= {**call.body(_COMMENT), "updated_at": call.stamp}
    _put(call, comment)
    return Answer(issues.show_comment(call, comment))


def delete_comment(call: Call) -> Answer:
    """Remove a comment."""
    comment = _own_comment(call)
    call.tx.delete(issues.COMMENTS, f"{call.repository['id']}/{comment['id']:014}")
    return NO_CONTENT


def _own_comment(call: Call) -> Document:
    comment = _comment(call)
    _require(call, "pull_requests" if issues.get(call, str(comment["number"]))["pull"] else "issues")
    if comment["user_id"] != call.caller.account["id"] and not at_least(call.role, "write"):
        raise forbidden("Must have admin rights to Repository.")
    return comment


_ISSUES = "/repos/{owner}/{repo}/issues"
_ONE, _COMMENTS = f"{_ISSUES}/{{issue_number}}", f"{_ISSUES}/comments/{{comment_id}}"
_READ = repo_read("issues")
# Who may read may comment and open issues; what the token may do is checked by the handler.
_WRITE = Needs("metadata", "read", ("repo", "public_repo"), "read")
_DOCS, _COMMENT_DOCS = "issues/issues", "issues/comments"
ROUTES = (
    route("GET", _ISSUES, _READ, list_issues, f"{_DOCS}#list-repository-issues"),
    route("POST", _ISSUES, _WRITE, create_issue, f"{_DOCS}#create-an-issue"),
    route("GET", f"{_ISSUES}/comments", _WRITE, list_all_comments, _COMMENT_DOCS),
    route("PUT", f"{_ONE}/lock", _WRITE, lock, _DOCS),
    route("DELETE", f"{_ONE}/lock", _WRITE, unlock, _DOCS),
    route("GET", _COMMENTS, _WRITE, get_comment, _COMMENT_DOCS),
    route("PATCH", _COMMENTS, _WRITE, change_comment, _COMMENT_DOCS),
    route("DELETE", _COMMENTS, _WRITE, delete_comment, _COMMENT_DOCS),
    route("GET", f"{_ONE}/comments", _WRITE, list_comments, f"{_COMMENT_DOCS}#list-issue-comments"),
    route("POST", f"{_ONE}/comments", _WRITE, create_comment, f"{_COMMENT_DOCS}#create-an-issue-comment"),
    route("GET", _ONE, _READ, get_issue, f"{_DOCS}#get-an-issue"),
    route("PATCH", _ONE, _WRITE, change_issue, f"{_DOCS}#update-an-issue"),
)
