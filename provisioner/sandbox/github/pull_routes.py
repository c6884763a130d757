"""Pull requests over REST: open, read, change, review, merge.

Forks are not played: head and base are branches of the same repository.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import commits, issues, pulls, repositories, rulesets
from provisioner.sandbox.github.accounts import account_by_id, simple
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.commit_writing import Draft, write_commit
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import (
    GithubError,
    NotImplementedHere,
    conflict,
    invalid,
    not_found,
    unprocessable,
)
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.github.pulls import Pull
from provisioner.sandbox.github.ref_changes import change
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, TEXT, text
from provisioner.sandbox.github.workflows import on_pull_request
from provisioner.sandbox.store import Document

_CREATE = {
    "title": text(required=True),
    "head": text(required=True),
    "base": text(required=True),
    "body": text(nullable=True),
    "draft": FLAG,
    "maintainer_can_modify": FLAG,
}
_CHANGE = {
    "title": TEXT,
    "body": text(nullable=True),
    "state": text(enum=("open", "closed")),
    "base": TEXT,
    "maintainer_can_modify": FLAG,
}
_MERGE = {
    "commit_title": TEXT,
    "commit_message": TEXT,
    "sha": TEXT,
    "merge_method": text(enum=("merge", "squash", "rebase")),
}
_REVIEW = {"commit_id": TEXT, "body": TEXT, "event": text(enum=("APPROVE", "REQUEST_CHANGES", "COMMENT"))}
_VERDICTS = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
_SWITCH_OF = {"merge": "allow_merge_commit", "squash": "allow_squash_merge"}


def list_pulls(call: Call) -> Listing:
    """List pull requests by state, head (``owner:branch``) and base."""
    state, head, base = call.query("state", "open"), call.query("head").rpartition(":")[2], call.query("base")
    rows = [
        pull
        for pull in pulls.listed(call)
        if state in {"all", pull.issue["state"]}
        and head in {"", pull.record["head"]}
        and base in {"", pull.record["base"]}
    ]
    return Listing(rows, partial(pulls.show, call))


def get_pull(call: Call) -> Answer:
    """Show a pull request."""
    return Answer(pulls.show(call, _pull(call)))


def _pull(call: Call) -> Pull:
    return pulls.get(call, call.parameters["pull_number"])


def create_pull(call: Call) -> Answer:
    """Open a pull request between two branches."""
    wanted, git = call.body(_CREATE), git_of(call)
    head, base = _branch(call, wanted, "head"), _branch(call, wanted, "base")
    tips = [git.resolve(f"refs/heads/{branch}") or "" for branch in (base, head)]
    if not git.text("rev-list", "--max-count=1", f"{tips[0]}..{tips[1]}"):
        raise invalid("PullRequest", "head", "custom", f"No commits between {base} and {head}")
    if any(_is_between(pull, head, base) for pull in pulls.listed(call)):
        owner = account_by_id(call.tx, call.repository["owner_id"])["login"]
        raise invalid("PullRequest", "head", "custom", f"A pull request already exists for {owner}:{head}.")
    issue = issues.new(call, wanted["title"], wanted.get("body"), pull=True)
    record = {
        "number": issue["number"],
        "head": head,
        "base": base,
        "base_sha": tips[0],
        "head_sha": tips[1],
        "draft": wanted.get("draft", False),
        "reviews": [],
        "merged_at": None,
        "merged_by": None,
        "merge_commit_sha": None,
    }
    pulls.put(call, record)
    git.run("update-ref", f"refs/pull/{issue['number']}/head", tips[1])
    on_pull_request(call.tx, git, call.repository, call.caller, record | {"stamp": call.stamp})
    shown = pulls.show(call, Pull(issue, record))
    return Answer(shown, 201, (("Location", shown["url"]),))


def _is_between(pull: Pull, head: str, base: str) -> bool:
    return pull.issue["state"] == "open" and (pull.record["head"], pull.record["base"]) == (head, base)


def _branch(call: Call, wanted: dict[str, Any], which: str) -> str:
    owner, colon, branch = wanted[which].rpartition(":")
    if colon and owner.lower() != account_by_id(call.tx, call.repository["owner_id"])["login"].lower():
        raise NotImplementedHere(f"pull requests from the fork of {owner}")
    if git_of(call).resolve(f"refs/heads/{branch}") is None:
        raise invalid("PullRequest", which, "invalid")
    return str(branch)


def change_pull(call: Call) -> Answer:
    """Change title, body, state or base."""
    wanted, pull = call.body(_CHANGE), _pull(call)
    if pull.record["merged_at"] and wanted.get("state") == "open":
        raise invalid("PullRequest", "state", "custom", "state cannot be changed. The pull request is merged.")
    base, head = pulls.tips(git_of(call), pull)
    record = pull.record | {"base_sha": base, "head_sha": head}
    if "base" in wanted:
        record["base"] = _branch(call, wanted, "base")
    pulls.put(call, record)
    issues.change(call, pull.issue, wanted)
    return Answer(pulls.show(call, Pull(pull.issue, record)))


def list_files(call: Call) -> Listing:
    """List the files a pull request changes."""
    git = git_of(call)
    base, head = pulls.tips(git, _pull(call))
    return Listing(commits.files(call, git, pulls.fork_point(git, base, head), head), lambda file: file)


def list_commits(call: Call) -> Listing:
    """List the commits a pull request brings, oldest first."""
    git = git_of(call)
    base, head = pulls.tips(git, _pull(call))
    return Listing(commits.read(git, f"{base}..{head}")[::-1], partial(commits.show, call))


def check_merged(call: Call) -> Answer:
    """Tell whether a pull request is merged (204 or 404)."""
    if _pull(call).record["merged_at"] is None:
        raise not_found()
    return NO_CONTENT


def merge(call: Call) -> Answer:
    """Merge a pull request by a merge commit or a squash, as rules and switches allow."""
    wanted, pull, git = call.body(_MERGE), _pull(call), git_of(call)
    method = wanted.get("merge_method", "merge")
    base, head = pulls.tips(git, pull)
    _check_mergeable(call, pull, method)
    if wanted.get("sha") not in {None, head}:
        raise conflict("Head branch was modified. Review and try the merge again.")
    tree = pulls.merged_tree(git, base, head)
    if tree is None:
        raise GithubError(405, "Pull Request is not mergeable")
    parents = (base, head) if method == "merge" else (base,)
    commit = write_commit(call, git, Draft(tree, parents, _message(call, pull, wanted, method)))
    try:
        change(
            *(call, f"refs/heads/{pull.record['base']}", commit),
            through_pull_request=True,
            approvals=pulls.approvals(call, pull, head),
            head=head,
        )
    except GithubError as refused:
        raise GithubError(405, refused.message) from None
    _close(call, pull, (base, head, commit))
    return Answer({"sha": commit, "merged": True, "message": "Pull Request successfully merged"})


def _check_mergeable(call: Call, pull: Pull, method: str) -> None:
    if method not in _SWITCH_OF:
        raise NotImplementedHere("merge_method rebase")
    if pull.issue["state"] != "open" or pull.record["draft"]:
        raise GithubError(405, "Pull Request is not mergeable")
    held = rulesets.in_force(call.tx, call.repository, f"refs/heads/{pull.record['base']}")
    allowed = [
        (rule.get("parameters") or {}).get("allowed_merge_methods", [*_SWITCH_OF])
        for ruleset in held
        for rule in ruleset["rules"]
        if rule["type"] == "pull_request"
    ]
    if not call.repository[_SWITCH_OF[method]] or any(method not in methods for methods in allowed):
        words = {"merge": "Merge commits", "squash": "Squash merges"}
        raise GithubError(405, f"{words[method]} are not allowed on this repository.")


def _message(call: Call, pull: Pull, wanted: dict[str, Any], method: str) -> str:
    number, title = pull.issue["number"], pull.issue["title"]
    owner = account_by_id(call.tx, call.repository["owner_id"])["login"]
    default = f"Merge pull request #{number} from {owner}/{pull.record['head']}"
    first = wanted.get("commit_title") or (default if method == "merge" else f"{title} (#{number})")
    rest = wanted.get("commit_message") or (title if method == "merge" else "")
    return f"{first}\n\n{rest}" if rest else first


def _close(call: Call, pull: Pull, sha: tuple[str, str, str]) -> None:
    base, head, commit = sha
    record = pull.record | {"base_sha": base, "head_sha": head, "merge_commit_sha": commit}
    pulls.put(call, record | {"merged_at": call.stamp, "merged_by": call.caller.account["id"]})
    issues.change(call, pull.issue, {"state": "closed"})
    if call.repository["delete_branch_on_merge"]:
        change(call, f"refs/heads/{pull.record['head']}", None)


def create_review(call: Call) -> Answer:
    """Review a pull request; nobody approves their own."""
    wanted, pull = call.body(_REVIEW), _pull(call)
    author, event = call.caller.account["id"], wanted.get("event")
    if event is None:
        raise NotImplementedHere("pending reviews (a review without event)")
    if author == pull.issue["user_id"] and event != "COMMENT":
        deed = "approve" if event == "APPROVE" else "request changes on"
        raise unprocessable(f"Review Can not {deed} your own pull request")
    head = pulls.tips(git_of(call), pull)[1]
    review = {
        "id": next_id(call.tx, "comment"),
        "user_id": author,
        "body": wanted.get("body", ""),
        "state": _VERDICTS[event],
        "commit_id": wanted.get("commit_id") or head,
        "submitted_at": call.stamp,
    }
    pulls.put(call, pull.record | {"reviews": [*pull.record["reviews"], review]})
    return Answer(_show_review(call, pull, review))


def list_reviews(call: Call) -> Listing:
    """List the reviews of a pull request, oldest first."""
    pull = _pull(call)
    return Listing(pull.record["reviews"], partial(_show_review, call, pull))


def _show_review(call: Call, pull: Pull, review: Document) -> dict[str, Any]:
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "pulls", pull.issue["number"])
    page = f"{call.urls.web(name, 'pull', pull.issue['number'])}#pullrequestreview-{review['id']}"
    return {
        **{field: review[field] for field in ("id", "body", "state", "commit_id", "submitted_at")},
        "node_id": node_id("PRR", review["id"]),
        "user": simple(call.urls, account_by_id(call.tx, review["user_id"])),
        "html_url": page,
        "pull_request_url": own,
        "_links": {"html": {"href": page}, "pull_request": {"href": own}},
        "author_association": issues.association(call, review["user_id"]),
    }


_PULLS = "/repos/{owner}/{repo}/pulls"
_ONE = f"{_PULLS}/{{pull_number}}"
_READ, _WRITE = repo_read("pull_requests"), repo_write("pull_requests", "read")
_DOCS = "pulls/pulls"
ROUTES = (
    route("GET", _PULLS, _READ, list_pulls, f"{_DOCS}#list-pull-requests"),
    route("POST", _PULLS, _WRITE, create_pull, f"{_DOCS}#create-a-pull-request"),
    route("GET", _ONE, _READ, get_pull, f"{_DOCS}#get-a-pull-request"),
    route("PATCH", _ONE, _WRITE, change_pull, f"{_DOCS}#update-a-pull-request"),
    route("GET", f"{_ONE}/files", _READ, list_files, f"{_DOCS}#list-pull-requests-files"),
    route("GET", f"{_ONE}/commits", _READ, list_commits, f"{_DOCS}#list-commits-on-a-pull-request"),
    route("GET", f"{_ONE}/merge", _READ, check_merged, _DOCS),
    route("PUT", f"{_ONE}/merge", repo_write("contents"), merge, f"{_DOCS}#merge-a-pull-request"),
    route("GET", f"{_ONE}/reviews", _READ, list_reviews, "pulls/reviews"),
    route("POST", f"{_ONE}/reviews", _WRITE, create_review, "pulls/reviews#create-a-review-for-a-pull-request"),
)
