"""Issues and comments as stored and shown. Pull requests are issues too and share their numbers."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import repositories
from provisioner.sandbox.github.access import person_role
from provisioner.sandbox.github.accounts import account_by_id, membership, simple
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.errors import not_found
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.store import Document

ISSUES = "github/issues"
COMMENTS = "github/comments"


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
    }
    put(call, issue)
    return issue


def put(call: Call, issue: Document) -> None:
    """Write an issue back."""
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
        issue["closed_at"] = call.stamp if wanted["state"] == "closed" else None
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
        "labels": [],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "locked": False,
        "active_lock_reason": None,
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
