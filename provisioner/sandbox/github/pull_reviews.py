"""Reviews of pull requests over REST: pending, submitted, dismissed."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import events, issues, pull_views, pulls, repositories, review_comments, reviews
from provisioner.sandbox.github.access import at_least
from provisioner.sandbox.github.accounts import account_by_id, simple
from provisioner.sandbox.github.call import Answer, Call, Listing
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import forbidden, not_found, unprocessable
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.github.pulls import Pull
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import TEXT, Field, text
from provisioner.sandbox.store import Document

_EVENTS = ("APPROVE", "REQUEST_CHANGES", "COMMENT")
_REVIEW = {
    "commit_id": TEXT,
    "body": TEXT,
    "event": text(enum=_EVENTS),
    "comments": Field("array", items=Field("object", members=review_comments.DRAFT)),
}
_SUBMIT = {"body": TEXT, "event": text(required=True, enum=_EVENTS)}
_DISMISS = {"message": text(required=True), "event": text(enum=("DISMISS",))}
_VERDICTS = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def create_review(call: Call) -> Answer:
    """Review a pull request; without an event it waits, seen only by its author, to be submitted."""
    wanted, pull = call.body(_REVIEW), _pull(call)
    author, event = call.caller.account["id"], wanted.get("event")
    if event is None and any(_is_pending(review, author) for review in pull.record["reviews"]):
        raise unprocessable("User can only have one pending review per pull request")
    head = pulls.tips(git_of(call), pull)[1]
    review = {
        "id": next_id(call.tx, "review"),
        "user_id": author,
        "body": wanted.get("body", ""),
        "state": "PENDING",
        "commit_id": wanted.get("commit_id") or head,
        "submitted_at": None,
    }
    for draft in wanted.get("comments", ()):
        review_comments.new(call, pull, draft, review["id"], review["commit_id"])
    record = pull.record | {"reviews": [*pull.record["reviews"], review]}
    if event:
        _submit(call, Pull(pull.issue, record), review, event)
    pulls.put(call, record)
    return Answer(_show(call, pull, review))


def _submit(call: Call, pull: Pull, review: Document, event: str) -> None:
    if review["user_id"] == pull.issue["user_id"] and event != "COMMENT":
        deed = "approve" if event == "APPROVE" else "request changes on"
        raise unprocessable(f"Review Can not {deed} your own pull request")
    if event == "REQUEST_CHANGES" and not review["body"]:
        raise unprocessable("You need to leave a comment indicating the requested changes.")
    review |= {"state": _VERDICTS[event], "submitted_at": call.stamp}
    asked = pull.record.get("requested_reviewers", [])
    pull.record["requested_reviewers"] = [one for one in asked if one != review["user_id"]]
    _announce(call, pull, review, "submitted")


def _is_pending(review: Document, author: int) -> bool:
    return bool(review["state"] == "PENDING" and review["user_id"] == author)


def _announce(call: Call, pull: Pull, review: Document, action: str) -> None:
    events.publish(
        call,
        "pull_request_review",
        lambda: {"review": _show(call, pull, review), "pull_request": pull_views.show(call, pull)},
        action,
    )


def _pull(call: Call) -> Pull:
    return pulls.get(call, call.parameters["pull_number"])


def _review(call: Call, pull: Pull) -> Document:
    for review in pull.record["reviews"]:
        hidden = review["state"] == "PENDING" and review["user_id"] != call.caller.account.get("id")
        if str(review["id"]) == call.parameters["review_id"] and not hidden:
            found: Document = review
            return found
    raise not_found()


def list_reviews(call: Call) -> Listing:
    """List the reviews of a pull request, oldest first; pending ones only to their author."""
    pull, reader = _pull(call), call.caller.account.get("id")
    rows = [one for one in pull.record["reviews"] if one["state"] != "PENDING" or one["user_id"] == reader]
    return Listing(rows, partial(_show, call, pull))


def get_review(call: Call) -> Answer:
    """Show a review."""
    pull = _pull(call)
    return Answer(_show(call, pull, _review(call, pull)))


def change_review(call: Call) -> Answer:
    """Change the text of a review."""
    pull = _pull(call)
    review = _own(call, pull)
    review["body"] = call.body({"body": text(required=True)})["body"]
    pulls.put(call, pull.record)
    return Answer(_show(call, pull, review))


def _own(call: Call, pull: Pull) -> Document:
    review = _review(call, pull)
    if review["user_id"] != call.caller.account["id"]:
        raise forbidden("Must be the author of the review.")
    return review


def delete_review(call: Call) -> Answer:
    """Remove a pending review with its comments."""
    pull = _pull(call)
    review = _own(call, pull)
    if review["state"] != "PENDING":
        raise unprocessable("Can not delete a non-pending pull request review")
    shown = _show(call, pull, review)
    pull.record["reviews"].remove(review)
    for comment in _comments(call, review):
        review_comments.remove(call, comment)
    pulls.put(call, pull.record)
    return Answer(shown)


def submit_review(call: Call) -> Answer:
    """Submit a pending review."""
    wanted, pull = call.body(_SUBMIT), _pull(call)
    review = _own(call, pull)
    if review["state"] != "PENDING":
        raise unprocessable("Can not submit a review that is not pending")
    review["body"] = wanted.get("body", review["body"])
    _submit(call, pull, review, wanted["event"])
    pulls.put(call, pull.record)
    return Answer(_show(call, pull, review))


def dismiss_review(call: Call) -> Answer:
    """Dismiss a verdict: it counts no longer."""
    wanted, pull = call.body(_DISMISS), _pull(call)
    review = _review(call, pull)
    if not at_least(call.role, "write"):
        raise forbidden("Must have write access to dismiss a review.")
    if review["state"] not in {"APPROVED", "CHANGES_REQUESTED"}:
        raise unprocessable(f"Can not dismiss a {review['state'].lower()} pull request review")
    review |= {"state": "DISMISSED", "dismissal": wanted["message"]}
    pulls.put(call, pull.record)
    _announce(call, pull, review, "dismissed")
    return Answer(_show(call, pull, review))


def list_review_comments(call: Call) -> Listing:
    """List the comments of one review."""
    pull = _pull(call)
    return Listing(_comments(call, _review(call, pull)), partial(review_comments.show, call))


def _comments(call: Call, review: Document) -> list[Document]:
    return [one for one in reviews.comments(call) if one["review_id"] == review["id"]]


def _show(call: Call, pull: Pull, review: Document) -> dict[str, Any]:
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "pulls", pull.issue["number"])
    page = f"{call.urls.web(name, 'pull', pull.issue['number'])}#pullrequestreview-{review['id']}"
    submitted = {"submitted_at": review["submitted_at"]} if review["submitted_at"] else {}
    return {
        **{field: review[field] for field in ("id", "body", "state", "commit_id")},
        **submitted,
        "node_id": node_id("PRR", review["id"]),
        "user": simple(call.urls, account_by_id(call.tx, review["user_id"])),
        "html_url": page,
        "pull_request_url": own,
        "_links": {"html": {"href": page}, "pull_request": {"href": own}},
        "author_association": issues.association(call, review["user_id"]),
    }


_REVIEWS = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews"
_ONE = f"{_REVIEWS}/{{review_id}}"
_READ, _WRITE = repo_read("pull_requests"), repo_write("pull_requests", "read")
_DOCS = "pulls/reviews"
ROUTES = (
    route("GET", _REVIEWS, _READ, list_reviews, _DOCS),
    route("POST", _REVIEWS, _WRITE, create_review, f"{_DOCS}#create-a-review-for-a-pull-request"),
    route("GET", _ONE, _READ, get_review, _DOCS),
    route("PUT", _ONE, _WRITE, change_review, _DOCS),
    route("DELETE", _ONE, _WRITE, delete_review, _DOCS),
    route("GET", f"{_ONE}/comments", _READ, list_review_comments, _DOCS),
    route("POST", f"{_ONE}/events", _WRITE, submit_review, _DOCS),
    route("PUT", f"{_ONE}/dismissals", _WRITE, dismiss_review, _DOCS),
)
