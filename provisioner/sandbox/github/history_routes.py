"""Branches, tags, commits, comparisons and commit statuses over REST."""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import commits, protections, repositories, rulesets, statuses
from provisioner.sandbox.github.accounts import account_by_id, simple
from provisioner.sandbox.github.bare import GitRefused, Repository
from provisioner.sandbox.github.call import Answer, Call, Listing
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import GithubError, not_found, unprocessable
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.github.repository_views import show
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import TEXT, text
from provisioner.sandbox.store import Document

_HEADS, _TAGS = "refs/heads/", "refs/tags/"
_STATES = ("error", "failure", "pending", "success")
_STATUS = {
    "state": text(required=True, enum=_STATES),
    "target_url": text(nullable=True),
    "description": text(nullable=True),
    "context": TEXT,
}
_MOST_COMMITS = 250


def list_branches(call: Call) -> Listing:
    """List the branches."""
    rows = [(ref.removeprefix(_HEADS), sha) for ref, sha in git_of(call).refs(_HEADS).items()]
    wanted = call.query("protected")
    if wanted:
        rows = [row for row in rows if _protected(call, row[0]) == (wanted == "true")]
    return Listing(rows, partial(_brief_branch, call))


def _protected(call: Call, branch: str) -> bool:
    guarded = protections.of_branch(call.tx, call.repository, branch) is not None
    return guarded or bool(rulesets.in_force(call.tx, call.repository, f"{_HEADS}{branch}"))


def _brief_branch(call: Call, row: tuple[str, str]) -> dict[str, Any]:
    branch, sha = row
    own = ("repos", repositories.full_name(call.tx, call.repository))
    commit = {"sha": sha, "url": call.urls.api(*own, "commits", sha)}
    return {"name": branch, "commit": commit, "protected": _protected(call, branch)}


def get_branch(call: Call) -> Answer:
    """Show a branch with its newest commit. ``protection`` speaks of branch protection, not of rulesets."""
    git, branch = git_of(call), call.parameters["branch"]
    sha = git.resolve(f"{_HEADS}{branch}")
    if sha is None:
        raise GithubError(404, "Branch not found")
    return Answer(show_branch(call, branch, sha))


def show_branch(call: Call, branch: str, sha: str) -> dict[str, Any]:
    """Show a branch in full."""
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "branches", branch)
    return {
        "name": branch,
        "commit": commits.show(call, commits.read(git_of(call), sha, most=1)[0]),
        "_links": {"self": own, "html": call.urls.web(name, "tree", branch)},
        "protected": _protected(call, branch),
        "protection": _protection(call, branch),
        "protection_url": f"{own}/protection",
    }


def _protection(call: Call, branch: str) -> dict[str, Any]:
    held = protections.of_branch(call.tx, call.repository, branch)
    checks = (held or {}).get("required_status_checks")
    rows = checks["checks"] if checks else []
    level = "off" if held is None or not checks else "everyone" if held["enforce_admins"] else "non_admins"
    shown = {"enforcement_level": level, "contexts": [row["context"] for row in rows], "checks": rows}
    return {"enabled": held is not None, "required_status_checks": shown}


def list_tags(call: Call) -> Listing:
    """List the tags with the commits they lead to."""
    git, own = git_of(call), ("repos", repositories.full_name(call.tx, call.repository))
    rows = [(ref.removeprefix(_TAGS), git.resolve(ref) or sha) for ref, sha in git.refs(_TAGS).items()]
    return Listing(rows[::-1], lambda row: _tag(call, own, *row))


def _tag(call: Call, own: tuple[str, str], tag: str, sha: str) -> dict[str, Any]:
    return {
        "name": tag,
        "commit": {"sha": sha, "url": call.urls.api(*own, "commits", sha)},
        **{f"{kind}_url": call.urls.api(*own, kind, _TAGS + tag) for kind in ("zipball", "tarball")},
        "node_id": node_id("REF", int(sha[:8], 16)),
    }


def list_commits(call: Call) -> Listing:
    """List commits from newest to oldest, from ``sha`` or the default branch, of a ``path`` if asked."""
    git = git_of(call)
    start = commits.require_commit(git, call.query("sha") or call.repository["default_branch"])
    return Listing(commits.read(git, start, path=call.query("path")), partial(commits.show, call))


def get_commit(call: Call) -> Answer:
    """Show a commit with the files it changed."""
    git = git_of(call)
    sha = commits.require_commit(git, call.parameters["ref"], of="commit")
    commit = commits.read(git, sha, most=1)[0]
    before = commit.parents[0] if commit.parents else _empty_tree(git)
    files = commits.files(call, git, before, sha)
    added, removed = (sum(file[name] for file in files) for name in ("additions", "deletions"))
    stats = {"total": added + removed, "additions": added, "deletions": removed}
    return Answer({**commits.show(call, commit), "stats": stats, "files": files})


def _empty_tree(git: Repository) -> str:
    return git.run("mktree").decode().strip()


def compare(call: Call) -> Answer:
    """Compare two commits through their merge base (``base...head``)."""
    base_name, dots, head_name = call.parameters["basehead"].partition("...")
    git = git_of(call)
    if not dots:
        raise not_found()
    base, head = (commits.require_commit(git, name) for name in (base_name, head_name))
    try:
        fork = git.text("merge-base", base, head)
    except GitRefused:
        raise GithubError(404, f"No common ancestor between {base_name} and {head_name}.") from None
    ahead = commits.read(git, f"{fork}..{head}")[::-1]
    behind = len(commits.read(git, f"{fork}..{base}"))
    name = repositories.full_name(call.tx, call.repository)
    page = call.urls.web(name, "compare", f"{base_name}...{head_name}")
    return Answer(
        {
            "url": call.urls.api("repos", name, "compare", f"{base_name}...{head_name}"),
            "html_url": page,
            "permalink_url": call.urls.web(name, "compare", f"{base[:12]}...{head[:12]}"),
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "base_commit": commits.show(call, commits.read(git, base, most=1)[0]),
            "merge_base_commit": commits.show(call, commits.read(git, fork, most=1)[0]),
            "status": _relation(len(ahead), behind),
            "ahead_by": len(ahead),
            "behind_by": behind,
            "total_commits": len(ahead),
            "commits": [commits.show(call, commit) for commit in ahead[:_MOST_COMMITS]],
            "files": commits.files(call, git, fork, head),
        }
    )


def _relation(ahead: int, behind: int) -> str:
    if ahead and behind:
        return "diverged"
    if ahead:
        return "ahead"
    return "behind" if behind else "identical"


def create_status(call: Call) -> Answer:
    """Say something about a commit."""
    wanted, git = call.body(_STATUS), git_of(call)
    sha = git.resolve(call.parameters["sha"])
    if sha is None:
        raise unprocessable(f"No commit found for SHA: {call.parameters['sha']}")
    number = next_id(call.tx, "comment")
    status = {
        "target_url": None,
        "description": None,
        "context": "default",
        **wanted,
        "id": number,
        "creator_id": call.caller.account["id"],
        "app_id": call.caller.app.get("id", 0),
        "created_at": call.stamp,
    }
    call.tx.put(statuses.STATUSES, f"{call.repository['id']}/{sha}/{number:014}", status)
    return Answer(_show_status(call, sha, status), 201)


def _show_status(call: Call, sha: str, status: Document) -> dict[str, Any]:
    person = simple(call.urls, account_by_id(call.tx, status["creator_id"]))
    name = repositories.full_name(call.tx, call.repository)
    return {
        **{field: status[field] for field in ("id", "state", "target_url", "description", "context", "created_at")},
        "updated_at": status["created_at"],
        "node_id": node_id("SC", status["id"]),
        "url": call.urls.api("repos", name, "statuses", sha),
        "avatar_url": person["avatar_url"],
        "creator": person,
    }


def list_statuses(call: Call) -> Listing:
    """List what was said about a commit, newest first."""
    sha = commits.require_commit(git_of(call), call.parameters["ref"])
    return Listing(statuses.of_commit(call.tx, call.repository, sha)[::-1], partial(_show_status, call, sha))


def combined_status(call: Call) -> Answer:
    """Show the newest status of each context and what they come to."""
    sha = commits.require_commit(git_of(call), call.parameters["ref"])
    found = statuses.latest(call.tx, call.repository, sha)
    states = {status["state"] for status in found}
    state = "failure" if states & {"error", "failure"} else "success" if states == {"success"} else "pending"
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "commits", sha)
    return Answer(
        {
            "state": state,
            "statuses": [_show_status(call, sha, status) for status in found],
            "sha": sha,
            "total_count": len(found),
            "repository": show(call, call.repository),
            "commit_url": own,
            "url": f"{own}/status",
        }
    )


_REPO = "/repos/{owner}/{repo}"
_READ = repo_read("contents")
_COMMITS = f"{_REPO}/commits"
ROUTES = (
    route("GET", f"{_REPO}/branches", _READ, list_branches, "branches/branches#list-branches"),
    route("GET", f"{_REPO}/branches/{{branch+}}", _READ, get_branch, "branches/branches#get-a-branch"),
    route("GET", f"{_REPO}/tags", _READ, list_tags, "repos/repos#list-repository-tags"),
    route("GET", _COMMITS, _READ, list_commits, "commits/commits#list-commits"),
    route("GET", f"{_COMMITS}/{{ref+}}/status", repo_read("statuses"), combined_status, "commits/statuses"),
    route("GET", f"{_COMMITS}/{{ref+}}/statuses", repo_read("statuses"), list_statuses, "commits/statuses"),
    route("GET", f"{_COMMITS}/{{ref+}}", _READ, get_commit, "commits/commits#get-a-commit"),
    route("POST", f"{_REPO}/statuses/{{sha}}", repo_write("statuses"), create_status, "commits/statuses"),
    route("GET", f"{_REPO}/compare/{{basehead+}}", _READ, compare, "commits/commits#compare-two-commits"),
)
