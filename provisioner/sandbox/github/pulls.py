"""Pull requests inside one repository: as stored, how far they are, how they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.github import commits, issues, repositories
from provisioner.sandbox.github.access import at_least, person_role
from provisioner.sandbox.github.accounts import account_by_id, simple
from provisioner.sandbox.github.bare import GitRefused, Repository
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import not_found
from provisioner.sandbox.github.repository_views import show as show_repository
from provisioner.sandbox.store import Document

PULLS = "github/pulls"


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request: the issue it also is, and its own record (branches, reviews, merge)."""

    issue: Document
    record: Document


def put(call: Call, record: Document) -> None:
    """Write a pull request's own record."""
    call.tx.put(PULLS, f"{call.repository['id']}/{record['number']:08}", record)


def get(call: Call, number: str) -> Pull:
    """Return a pull request. Raises GithubError (404)."""
    record = call.tx.get(PULLS, f"{call.repository['id']}/{number.zfill(8)}")
    if record is None:
        raise not_found()
    return Pull(issues.get(call, number), record)


def listed(call: Call) -> list[Pull]:
    """Return all pull requests, newest first."""
    rows = [record for _, record in call.tx.scan(PULLS, f"{call.repository['id']}/")][::-1]
    return [Pull(issues.get(call, str(record["number"])), record) for record in rows]


def tips(git: Repository, pull: Pull) -> tuple[str, str]:
    """Return the commits of base and head: the branches' while it is open, those of its end afterwards."""
    record = pull.record
    if pull.issue["state"] != "open":
        return record["base_sha"], record["head_sha"]
    base = git.resolve(f"refs/heads/{record['base']}") or record["base_sha"]
    return base, git.resolve(f"refs/heads/{record['head']}") or record["head_sha"]


def merged_tree(git: Repository, base: str, head: str) -> str | None:
    """Return the tree that merging gives, None when there are conflicts."""
    try:
        return git.text("merge-tree", "--write-tree", base, head).splitlines()[0]
    except GitRefused:
        return None


def approvals(call: Call, pull: Pull, head: str) -> int:
    """Count those with write access whose newest verdict approves the present head."""
    verdicts = {review["user_id"]: review for review in pull.record["reviews"] if review["state"] != "COMMENTED"}
    return sum(
        1
        for user_id, review in verdicts.items()
        if review["state"] == "APPROVED"
        and review["commit_id"] == head
        and at_least(person_role(call.tx, user_id, call.repository), "write")
    )


def show(call: Call, pull: Pull) -> dict[str, Any]:
    """Show a pull request in full."""
    git = git_of(call)
    base, head = tips(git, pull)
    name = repositories.full_name(call.tx, call.repository)
    inner = issues.show(call, pull.issue)
    own = call.urls.api("repos", name, "pulls", pull.issue["number"])
    dropped = ("repository_url", "labels_url", "events_url", "timeline_url", "pull_request", "state_reason")
    return {
        **{field: value for field, value in inner.items() if field not in dropped},
        **_addresses(call, name, own, head),
        "url": own,
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _end(call, pull.record["head"], head),
        "base": _end(call, pull.record["base"], base),
        "auto_merge": None,
        "draft": pull.record["draft"],
        "maintainer_can_modify": False,
        "review_comments": 0,
        **_merge(call, git, pull, base, head),
        **_size(call, git, base, head),
    }


def _addresses(call: Call, name: str, own: str, head: str) -> dict[str, Any]:
    issue = own.replace("/pulls/", "/issues/")
    page = call.urls.web(name, "pull", own.rpartition("/")[2])
    places = {
        "self": own,
        "html": page,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{own}/comments",
        "review_comment": f"{call.urls.api('repos', name, 'pulls/comments')}{{/number}}",
        "commits": f"{own}/commits",
        "statuses": call.urls.api("repos", name, "statuses", head),
    }
    urls = {f"{kind}_url": place for kind, place in places.items() if kind != "self"}
    links = {kind: {"href": place} for kind, place in places.items()}
    return {**urls, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch", "_links": links}


def _end(call: Call, branch: str, sha: str) -> dict[str, Any]:
    owner = simple(call.urls, account_by_id(call.tx, call.repository["owner_id"]))
    repository = show_repository(call, call.repository)
    return {"label": f"{owner['login']}:{branch}", "ref": branch, "sha": sha, "user": owner, "repo": repository}


def _merge(call: Call, git: Repository, pull: Pull, base: str, head: str) -> dict[str, Any]:
    record, is_open = pull.record, pull.issue["state"] == "open"
    mergeable = merged_tree(git, base, head) is not None if is_open else None
    merger = record["merged_by"]
    states = {True: "clean", False: "dirty", None: "unknown"}
    return {
        "merged": record["merged_at"] is not None,
        "merged_at": record["merged_at"],
        "merged_by": simple(call.urls, account_by_id(call.tx, merger)) if merger else None,
        "merge_commit_sha": record["merge_commit_sha"],
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": "draft" if record["draft"] and is_open else states[mergeable],
    }


def _size(call: Call, git: Repository, base: str, head: str) -> dict[str, int]:
    files = commits.files(call, git, fork_point(git, base, head), head)
    return {
        "commits": len(commits.read(git, f"{base}..{head}")),
        "additions": sum(file["additions"] for file in files),
        "deletions": sum(file["deletions"] for file in files),
        "changed_files": len(files),
    }


def fork_point(git: Repository, base: str, head: str) -> str:
    """Return where the head left the base."""
    try:
        return git.text("merge-base", base, head)
    except GitRefused:
        return base
