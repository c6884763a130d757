"""Issues and comments as stored and shown. Pull requests are issues too and share their numbers."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import events, repositories
from provisioner.sandbox.github.access import at_least, holds, person_role, refusal
from provisioner.sandbox.github.accounts import account_by_id, membership, simple
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.errors import forbidden, not_found
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.store import Document

ISSUES = "github/issues"
COMMENTS = "github/comments"
LABELS, MILESTONES = "github/labels", "github/milestones"


def new(call: Call, title: str, body: str | None, *, pull: bool) -> Document:
    """Write a new issue under the repository's next number."""
    repo_id = call.repository["id"]
    issue = {
        "id": next_id(call.tx, "pull" if pull else "issue"),
        "number": call.tx.next_number(f"github/numbers/{repo_id}"),
        "pull": pull,
        "title": title,
        "body": body,
        "state": "open",
        "state_reason": None,
        "user_id": call.caller.account["id"],
        "created_at": call.stamp,
        "updated_at": call.stamp,
        "closed_at": None,
        "closed_by": None,
        "labels": [],
        "assignees": [],
        "milestone": None,
        "locked": False,
        "lock_reason": None,
    }
    put(call, issue)
    return issue


def put(call: Call, issue: Document) -> None:
    """Write an issue back."""
    before = call.tx.get(ISSUES, f"{call.repository['id']}/{issue['number']:08}") or {"state": "closed"}
    if before["state"] != issue["state"]:
        count = repositories.open_issues(call.tx, call.repository) + (1 if issue["state"] == "open" else -1)
        call.tx.put(repositories.OPEN_ISSUES, str(call.repository["id"]), {"count": count})
    call.tx.put(ISSUES, f"{call.repository['id']}/{issue['number']:08}", issue)


def get(call: Call, number: str) -> Document:
    """Return an issue or pull request of the call's repository. Raises GithubError (404)."""
    issue = call.tx.get(ISSUES, f"{call.repository['id']}/{number.zfill(8)}")
    if issue is None:
        raise not_found()
    return issue


def listed(call: Call) -> list[Document]:
    """Return all issues and pull requests, newest first."""
    return [issue for _, issue in call.tx.scan(ISSUES, f"{call.repository['id']}/")][::-1]


def change(call: Call, issue: Document, wanted: dict[str, Any]) -> None:
    """Change title, body and state, and write it back."""
    if wanted.get("state", issue["state"]) != issue["state"]:
        closes = wanted["state"] == "closed"
        issue["closed_at"] = call.stamp if closes else None
        issue["closed_by"] = call.caller.account.get("id") if closes else None
        issue["state_reason"] = None if issue["pull"] else ("completed" if closes else "reopened")
    issue |= {name: wanted[name] for name in ("title", "body", "state", "state_reason") if name in wanted}
    issue["updated_at"] = call.stamp
    put(call, issue)


def comments(call: Call, issue: Document) -> list[Document]:
    """Return the comments on an issue, oldest first."""
    rows = call.tx.scan(COMMENTS, f"{call.repository['id']}/")
    return [comment for _, comment in rows if comment["number"] == issue["number"]]


def association(call: Call, user_id: int) -> str:
    """Return what GitHub calls somebody's relation to the repository."""
    if call.repository["owner_id"] == user_id:
        return "OWNER"
    if membership(call.tx, call.repository["owner_id"], user_id):
        return "MEMBER"
    private_view = {**call.repository, "visibility": "private"}
    return "COLLABORATOR" if person_role(call.tx, user_id, private_view) else "NONE"


def show(call: Call, issue: Document) -> dict[str, Any]:
    """Show an issue (a pull request as the issue it also is)."""
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "issues", issue["number"])
    kind = "pull" if issue["pull"] else "issues"
    page = call.urls.web(name, kind, issue["number"])
    pull = {"url": call.urls.api("repos", name, "pulls", issue["number"]), "html_url": page}
    pull |= {"diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}
    assignees = [simple(call.urls, account_by_id(call.tx, number)) for number in issue.get("assignees", ())]
    fields = ("id", "number", "title", "body", "state", "state_reason", "created_at", "updated_at", "closed_at")
    return {
        **{field: issue[field] for field in fields},
        "node_id": node_id("PR" if issue["pull"] else "I", issue["id"]),
        "url": own,
        "repository_url": call.urls.api("repos", name),
        "labels_url": f"{own}/labels{{/name}}",
        "comments_url": f"{own}/comments",
        "events_url": f"{own}/events",
        "timeline_url": f"{own}/timeline",
        "html_url": page,
        "user": simple(call.urls, account_by_id(call.tx, issue["user_id"])),
        "labels": [show_label(call, label) for label in labels_of(call, issue)],
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": show_milestone(call, milestone(call, str(held))) if (held := issue.get("milestone")) else None,
        "locked": issue.get("locked", False),
        "active_lock_reason": issue.get("lock_reason"),
        "comments": len(comments(call, issue)),
        "author_association": association(call, issue["user_id"]),
        **({"pull_request": pull} if issue["pull"] else {}),
    }


def show_comment(call: Call, comment: Document) -> dict[str, Any]:
    """Show a comment."""
    name = repositories.full_name(call.tx, call.repository)
    issue = call.urls.api("repos", name, "issues", comment["number"])
    return {
        **{field: comment[field] for field in ("id", "body", "created_at", "updated_at")},
        "node_id": node_id("IC", comment["id"]),
        "url": call.urls.api("repos", name, "issues/comments", comment["id"]),
        "html_url": f"{call.urls.web(name, 'issues', comment['number'])}#issuecomment-{comment['id']}",
        "issue_url": issue,
        "user": simple(call.urls, account_by_id(call.tx, comment["user_id"])),
        "author_association": association(call, comment["user_id"]),
        "performed_via_github_app": None,
    }


def labels_of(call: Call, issue: Document) -> list[Document]:
    """Return the labels of an issue."""
    wanted = issue.get("labels") or ()
    if not wanted:
        return []
    return [label for _, label in call.tx.scan(LABELS, f"{call.repository['id']}/") if label["id"] in wanted]


def find_label(call: Call, name: str) -> Document | None:
    """Look a label up by its name, in any case of letters."""
    return call.tx.get(LABELS, f"{call.repository['id']}/{name.lower()}")


def put_label(call: Call, label: Document) -> None:
    """Write a label."""
    call.tx.put(LABELS, f"{call.repository['id']}/{label['name'].lower()}", label)


def drop_label(call: Call, label: Document) -> None:
    """Remove a label."""
    call.tx.delete(LABELS, f"{call.repository['id']}/{label['name'].lower()}")


def milestone(call: Call, number: str) -> Document:
    """Return a milestone. Raises GithubError (404)."""
    found = call.tx.get(MILESTONES, f"{call.repository['id']}/{number.zfill(8)}")
    if found is None:
        raise not_found()
    return found


def require_triage(call: Call, issue: Document) -> None:
    """Check that the caller may sort issues (or pull requests). Raises GithubError (403)."""
    permission = "pull_requests" if issue["pull"] else "issues"
    limited = call.caller.kind in {"installation", "fine_grained"}
    if limited and not holds(call.caller, permission, "write"):
        raise refusal(call.caller)
    if call.caller.is_person and not at_least(call.role, "triage"):
        raise forbidden("Must have triage access to the repository.")


def announce(call: Call, issue: Document, action: str, **more: object) -> None:
    """Tell webhooks what became of an issue."""
    if not issue["pull"]:
        events.publish(call, "issues", lambda: {"issue": show(call, issue), **more}, action)


def show_label(call: Call, label: Document) -> dict[str, Any]:
    """Show a label."""
    name = repositories.full_name(call.tx, call.repository)
    return {
        **{field: label[field] for field in ("id", "name", "color", "description")},
        "node_id": node_id("LA", label["id"]),
        "url": call.urls.api("repos", name, "labels", label["name"]),
        "default": False,
    }


def show_milestone(call: Call, document: Document) -> dict[str, Any]:
    """Show a milestone with how far it is."""
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "milestones", document["number"])
    mine = [issue for issue in listed(call) if issue.get("milestone") == document["number"]]
    same = ("id", "number", "state", "title", "description", "due_on", "created_at", "updated_at", "closed_at")
    return {
        **{field: document[field] for field in same},
        "node_id": node_id("MI", document["id"]),
        "url": own,
        "html_url": call.urls.web(name, "milestone", document["number"]),
        "labels_url": f"{own}/labels",
        "creator": simple(call.urls, account_by_id(call.tx, document["creator_id"])),
        "open_issues": sum(1 for issue in mine if issue["state"] == "open"),
        "closed_issues": sum(1 for issue in mine if issue["state"] == "closed"),
    }
