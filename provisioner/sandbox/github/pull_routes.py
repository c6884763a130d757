"""Pull requests over REST: open, read, change, merge, bring up to date."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import (
    commits,
    events,
    issues,
    merges,
    pull_following,
    pull_views,
    pulls,
    repositories,
    review_requests,
)
from provisioner.sandbox.github.access import at_least, caller_role
from provisioner.sandbox.github.accounts import account_by_id, find_account
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.commit_writing import Draft, write_commit
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import (
    NotImplementedHere,
    forbidden,
    invalid,
    not_found,
    unprocessable,
)
from provisioner.sandbox.github.pulls import Pull
from provisioner.sandbox.github.ref_changes import change
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, TEXT, text
from provisioner.sandbox.store import Document

_CREATE = {
    "title": TEXT,
    "head": text(required=True),
    "head_repo": TEXT,
    "base": text(required=True),
    "body": text(nullable=True),
    "draft": FLAG,
    "maintainer_can_modify": FLAG,
    "issue": TEXT,
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


def list_pulls(call: Call) -> Listing:
    """List pull requests by state, head (``owner:branch``) and base."""
    state, base = call.query("state", "open"), call.query("base")
    rows = [
        pull
        for pull in pulls.listed(call)
        if state in {"all", pull.issue["state"]} and _has_head(call, pull) and base in {"", pull.record["base"]}
    ]
    keys = {"updated": "updated_at", "created": "created_at"}
    by = keys.get(call.query("sort", "created"), "created_at")
    ascending = call.query("direction", "desc" if call.query("sort", "created") == "created" else "asc") == "asc"
    rows.sort(key=lambda pull: (pull.issue[by], pull.issue["number"]), reverse=not ascending)
    return Listing(rows, partial(pull_views.show, call))


def _has_head(call: Call, pull: Pull) -> bool:
    owner, colon, branch = call.query("head").rpartition(":")
    if branch and branch != pull.record["head"]:
        return False
    source = pulls.head_repository(call, pull.record) if colon else None
    return source is None or bool(account_by_id(call.tx, source["owner_id"])["login"].lower() == owner.lower())


def get_pull(call: Call) -> Answer:
    """Show a pull request."""
    return Answer(pull_views.show(call, _pull(call)))


def _pull(call: Call) -> Pull:
    return pulls.get(call, call.parameters["pull_number"])


def create_pull(call: Call) -> Answer:
    """Open a pull request between two branches, of one repository or of two in a network."""
    wanted, git = call.body(_CREATE), git_of(call)
    if "issue" in wanted:
        raise NotImplementedHere("turning an issue into a pull request")
    if not wanted.get("title"):
        raise invalid("PullRequest", "title", "missing_field")
    source, head = _source(call, wanted)
    base = _base(call, wanted)
    record: Document = {"head": head, "base": base, "head_repository_id": source["id"], "number": 0}
    tips = git.resolve(f"refs/heads/{base}") or "", _incoming(call, source, head)
    _refuse_senseless(call, record, tips)
    issue = issues.new(call, wanted["title"], wanted.get("body"), pull=True)
    record |= {
        "number": issue["number"],
        "head_owner_id": source["owner_id"],
        "base_sha": tips[0],
        "head_sha": tips[1],
        "pusher_id": call.caller.account["id"],
        "draft": wanted.get("draft", False),
        "maintainer_can_modify": bool(wanted.get("maintainer_can_modify", False)) and source != call.repository,
        "reviews": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "merged_at": None,
        "merged_by": None,
        "merge_commit_sha": None,
    }
    review_requests.ask_owners(call, record, tips)
    pulls.put(call, record)
    pulls.bring_head(call, git, record)
    pull_following.announce(call, Pull(issue, record), "opened")
    shown = pull_views.show(call, Pull(issue, record))
    return Answer(shown, 201, (("Location", shown["url"]),))


def _refuse_senseless(call: Call, record: Document, tips: tuple[str, str]) -> None:
    git, head, base = git_of(call), record["head"], record["base"]
    if not git.text("rev-list", "--max-count=1", f"{tips[0]}..{tips[1]}"):
        raise invalid("PullRequest", "head", "custom", f"No commits between {base} and {head}")
    for other in pulls.listed(call):
        same = all(
            other.record.get(name, call.repository["id"]) == record[name]
            for name in ("head", "base", "head_repository_id")
        )
        if other.is_open and same:
            source = pulls.head_repository(call, record) or call.repository
            owner = account_by_id(call.tx, source["owner_id"])["login"]
            raise invalid("PullRequest", "head", "custom", f"A pull request already exists for {owner}:{head}.")


def _source(call: Call, wanted: dict[str, Any]) -> tuple[Document, str]:
    """Return the repository and branch of ``head``: ``branch``, ``owner:branch``, or with ``head_repo``."""
    owner, colon, branch = wanted["head"].rpartition(":")
    source = call.repository
    if colon and owner.lower() != account_by_id(call.tx, source["owner_id"])["login"].lower():
        source = _fork_of(call, owner, wanted.get("head_repo", ""))
    if commits.branch_tip(call, source, branch) is None:
        raise invalid("PullRequest", "head", "invalid")
    return source, branch


def _fork_of(call: Call, owner: str, name: str) -> Document:
    account = find_account(call.tx, owner)
    root = call.repository.get("source_id") or call.repository["id"]
    for one in repositories.of_owner(call.tx, account["id"]) if account else ():
        related = root in (one["id"], one.get("source_id"))
        named = name.rpartition("/")[2].lower() in {"", one["name"].lower()}
        if related and named and caller_role(call.tx, call.caller, one):
            return one
    raise invalid("PullRequest", "head", "invalid")


def _incoming(call: Call, source: Document, branch: str) -> str:
    sha = commits.branch_tip(call, source, branch) or ""
    if source["id"] != call.repository["id"]:
        pulls.fetch_from(call, git_of(call), source, sha)
    return sha


def _base(call: Call, wanted: dict[str, Any]) -> str:
    if git_of(call).resolve(f"refs/heads/{wanted['base']}") is None:
        raise invalid("PullRequest", "base", "invalid")
    return str(wanted["base"])


def change_pull(call: Call) -> Answer:
    """Change title, body, state or base."""
    wanted, pull = call.body(_CHANGE), _pull(call)
    if pull.issue["user_id"] != call.caller.account["id"] and not at_least(call.role, "triage"):
        raise forbidden("Must have admin rights to Repository.")
    if pull.record["merged_at"] and wanted.get("state") == "open":
        raise invalid("PullRequest", "state", "custom", "state cannot be changed. The pull request is merged.")
    was_open = pull.is_open
    base, head = pulls.tips(git_of(call), pull)
    record = pull.record | {"base_sha": base, "head_sha": head}
    if "base" in wanted:
        record["base"] = _base(call, wanted)
    if not was_open and wanted.get("state") == "open":
        _reopen(call, record)
    pulls.put(call, record)
    issues.change(call, pull.issue, wanted)
    now = Pull(pull.issue, record)
    if now.is_open != was_open:
        pull_following.announce(call, now, "reopened" if now.is_open else "closed")
    if "title" in wanted or "body" in wanted:
        events.publish(call, "pull_request", lambda: {"pull_request": pull_views.show(call, now)}, "edited")
    return Answer(pull_views.show(call, now))


def _reopen(call: Call, record: Document) -> None:
    sha = pulls.bring_head(call, git_of(call), record)
    if sha is None:
        message = f"state cannot be changed. The {record['head']} branch has been deleted."
        raise invalid("PullRequest", "state", "custom", message)
    record["head_sha"] = sha


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
    """Merge a pull request."""
    sha = merges.merge(call, _pull(call), call.body(_MERGE))
    return Answer({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def update_branch(call: Call) -> Answer:
    """Merge the base into the head's branch."""
    wanted, pull, git = call.body({"expected_head_sha": TEXT}), _pull(call), git_of(call)
    base, head = pulls.tips(git, pull)
    if wanted.get("expected_head_sha") not in {None, head}:
        raise unprocessable("expected head sha didn't match current head ref.")
    if pulls.is_from_fork(call, pull.record):
        raise NotImplementedHere("updating the branch of a fork")
    if not git.text("rev-list", "--max-count=1", f"{head}..{base}"):
        raise unprocessable("There are no new commits on the base branch.")
    tree = pulls.merged_tree(git, head, base)
    if tree is None:
        raise unprocessable("merge conflict between base and head")
    message = f"Merge branch '{pull.record['base']}' into {pull.record['head']}"
    change(call, f"refs/heads/{pull.record['head']}", write_commit(call, git, Draft(tree, (head, base), message)))
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "pulls", pull.issue["number"])
    return Answer({"message": "Updating pull request branch.", "url": own}, 202)


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
    route("PUT", f"{_ONE}/update-branch", _WRITE, update_branch, f"{_DOCS}#update-a-pull-request-branch"),
)
