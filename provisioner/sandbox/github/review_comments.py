"""Comments on lines of a pull request's difference, and the conversations they open."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import events, issues, pull_views, pulls, repositories, reviews
from provisioner.sandbox.github.access import at_least
from provisioner.sandbox.github.accounts import account_by_id, simple
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.commits import files, git_of
from provisioner.sandbox.github.errors import forbidden, invalid, not_found
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.github.pulls import Pull
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import NUMBER, TEXT, text
from provisioner.sandbox.store import Document

_SIDE = text(enum=("LEFT", "RIGHT"))
DRAFT = {
    "path": text(required=True),
    "position": NUMBER,
    "body": text(required=True),
    "line": NUMBER,
    "side": _SIDE,
    "start_line": NUMBER,
    "start_side": _SIDE,
}
_CREATE = {
    **DRAFT,
    "path": TEXT,
    "commit_id": TEXT,
    "in_reply_to": NUMBER,
    "subject_type": text(enum=("line", "file")),
}
_BODY = {"body": text(required=True)}


def new(call: Call, pull: Pull, wanted: dict[str, Any], review_id: int | None, commit: str) -> Document:
    """Write a comment on a file of the difference. Raises GithubError (422)."""
    base, head = pulls.tips(git_of(call), pull)
    rows = files(call, git_of(call), pulls.fork_point(git_of(call), base, head), head)
    row = next((row for row in rows if row["filename"] == wanted["path"]), None)
    if row is None:
        raise invalid("PullRequestReviewComment", "path", "invalid", "pull_request_review_thread.path is invalid")
    number = next_id(call.tx, "comment")
    comment = {
        "id": number,
        "number": pull.record["number"],
        "review_id": review_id,
        "user_id": call.caller.account["id"],
        "path": wanted["path"],
        "body": wanted["body"],
        "commit_id": commit,
        "line": wanted.get("line"),
        "side": wanted.get("side", "RIGHT"),
        "start_line": wanted.get("start_line"),
        "start_side": wanted.get("start_side"),
        "subject_type": wanted.get("subject_type", "line"),
        "position": wanted.get("position") or 1,
        "diff_hunk": str(row["patch"]),
        "in_reply_to": None,
        "resolved": False,
        "created_at": call.stamp,
        "updated_at": call.stamp,
    }
    put(call, comment)
    return comment


def put(call: Call, comment: Document) -> None:
    """Write a comment back."""
    call.tx.put(reviews.COMMENTS, f"{call.repository['id']}/{comment['id']:014}", comment)


def remove(call: Call, comment: Document) -> None:
    """Remove a comment."""
    call.tx.delete(reviews.COMMENTS, f"{call.repository['id']}/{comment['id']:014}")


def create(call: Call) -> Answer:
    """Comment on a line or a file, or reply to a comment."""
    wanted, pull = call.body(_CREATE), pulls.get(call, call.parameters["pull_number"])
    if "in_reply_to" in wanted:
        comment = _reply(call, pull, wanted["in_reply_to"], wanted["body"])
    else:
        for name in ("path", "commit_id"):
            if name not in wanted:
                raise invalid("PullRequestReviewComment", name, "missing_field")
        comment = new(call, pull, wanted, None, wanted["commit_id"])
    return _created(call, pull, comment)


def reply(call: Call) -> Answer:
    """Reply to a comment."""
    pull = pulls.get(call, call.parameters["pull_number"])
    return _created(call, pull, _reply(call, pull, int(_comment(call)["id"]), call.body(_BODY)["body"]))


def _created(call: Call, pull: Pull, comment: Document) -> Answer:
    shown = show(call, comment)
    events.publish(
        call,
        "pull_request_review_comment",
        lambda: {"comment": shown, "pull_request": pull_views.show(call, pull)},
        "created",
    )
    return Answer(shown, 201, (("Location", shown["url"]),))


def _reply(call: Call, pull: Pull, to: int, body: str) -> Document:
    first = next((one for one in reviews.threads(call, pull.record["number"]) if one["id"] == to), None)
    if first is None:
        raise not_found()
    fresh = {"id": next_id(call.tx, "comment"), "user_id": call.caller.account["id"], "body": body, "in_reply_to": to}
    comment = {**first, **fresh, "created_at": call.stamp, "updated_at": call.stamp}
    put(call, comment)
    return comment


def _comment(call: Call) -> Document:
    found = call.tx.get(reviews.COMMENTS, f"{call.repository['id']}/{call.parameters['comment_id'].zfill(14)}")
    if found is None:
        raise not_found()
    return found


def _own(call: Call) -> Document:
    comment = _comment(call)
    if comment["user_id"] != call.caller.account["id"] and not at_least(call.role, "write"):
        raise forbidden("Must have admin rights to Repository.")
    return comment


def get(call: Call) -> Answer:
    """Show a comment."""
    return Answer(show(call, _comment(call)))


def change(call: Call) -> Answer:
    """Change the text of a comment."""
    comment = _own(call) | {**call.body(_BODY), "updated_at": call.stamp}
    put(call, comment)
    return Answer(show(call, comment))


def delete(call: Call) -> Answer:
    """Remove a comment."""
    remove(call, _own(call))
    return NO_CONTENT


def list_of_pull(call: Call) -> Listing:
    """List the comments on a pull request's difference."""
    number = pulls.get(call, call.parameters["pull_number"]).record["number"]
    return Listing([one for one in reviews.comments(call) if one["number"] == number], partial(show, call))


def list_all(call: Call) -> Listing:
    """List the comments on all pull requests of a repository."""
    return Listing(reviews.comments(call), partial(show, call))


def show(call: Call, comment: Document) -> dict[str, Any]:
    """Show a comment."""
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "pulls/comments", comment["id"])
    pull = call.urls.api("repos", name, "pulls", comment["number"])
    page = f"{call.urls.web(name, 'pull', comment['number'])}#discussion_r{comment['id']}"
    same = ("id", "path", "body", "commit_id", "side", "start_line", "start_side", "diff_hunk", "position")
    answered = {"in_reply_to_id": comment["in_reply_to"]} if comment["in_reply_to"] else {}
    lines = {"line": comment["line"], "original_line": comment["line"]} if comment["line"] is not None else {}
    return {
        **{field: comment[field] for field in (*same, "subject_type", "created_at", "updated_at")},
        "url": own,
        "node_id": node_id("PRRC", comment["id"]),
        "pull_request_review_id": comment["review_id"],
        "original_position": comment["position"],
        "original_commit_id": comment["commit_id"],
        "original_start_line": comment["start_line"],
        **answered,
        **lines,
        "user": simple(call.urls, account_by_id(call.tx, comment["user_id"])),
        "html_url": page,
        "pull_request_url": pull,
        "author_association": issues.association(call, comment["user_id"]),
        "_links": {"self": {"href": own}, "html": {"href": page}, "pull_request": {"href": pull}},
    }


_PULLS = "/repos/{owner}/{repo}/pulls"
_ONE, _OF_PULL = f"{_PULLS}/comments/{{comment_id}}", f"{_PULLS}/{{pull_number}}/comments"
_READ, _WRITE = repo_read("pull_requests"), repo_write("pull_requests", "read")
_DOCS = "pulls/comments"
ROUTES = (
    route("GET", f"{_PULLS}/comments", _READ, list_all, _DOCS),
    route("GET", _ONE, _READ, get, _DOCS),
    route("PATCH", _ONE, _WRITE, change, _DOCS),
    route("DELETE", _ONE, _WRITE, delete, _DOCS),
    route("GET", _OF_PULL, _READ, list_of_pull, _DOCS),
    route("POST", _OF_PULL, _WRITE, create, _DOCS),
    route("POST", f"{_OF_PULL}/{{comment_id}}/replies", _WRITE, reply, _DOCS),
)
