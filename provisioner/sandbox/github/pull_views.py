"""How pull requests are shown: in full, with how far they are and whether they could be merged."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import commits, issues, mergeability, pulls, repositories, reviews, teams
from provisioner.sandbox.github.access import caller_role
from provisioner.sandbox.github.accounts import ACCOUNTS, account_by_id, simple
from provisioner.sandbox.github.bare import Repository
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.pulls import Pull
from provisioner.sandbox.github.repository_views import show as show_repository
from provisioner.sandbox.store import Document

_NOT_OF_PULLS = ("repository_url", "labels_url", "events_url", "timeline_url", "pull_request", "state_reason")


def show(call: Call, pull: Pull) -> dict[str, Any]:
    """Show a pull request in full."""
    git = git_of(call)
    base, head = pulls.tips(git, pull)
    name = repositories.full_name(call.tx, call.repository)
    inner = issues.show(call, pull.issue)
    own = call.urls.api("repos", name, "pulls", pull.issue["number"])
    record = pull.record
    return {
        **{field: value for field, value in inner.items() if field not in _NOT_OF_PULLS},
        **_addresses(call, name, own, head),
        "url": own,
        "requested_reviewers": _people(call, record),
        "requested_teams": _teams(call, record),
        "head": _end(call, pulls.head_repository(call, record), record["head"], head, record),
        "base": _end(call, call.repository, record["base"], base, record),
        "auto_merge": None,
        "draft": record["draft"],
        "maintainer_can_modify": record.get("maintainer_can_modify", False),
        "review_comments": sum(1 for one in reviews.comments(call) if one["number"] == record["number"]),
        **_merge(call, git, pull, base, head),
        **_size(call, git, base, head),
    }


def _people(call: Call, record: Document) -> list[dict[str, Any]]:
    return [simple(call.urls, account_by_id(call.tx, number)) for number in record.get("requested_reviewers", ())]


def _teams(call: Call, record: Document) -> list[dict[str, Any]]:
    owner = call.repository["owner_id"]
    wanted = record.get("requested_teams", ())
    return [teams.show(call.tx, call.urls, one) for one in teams.of_organization(call.tx, owner) if one["id"] in wanted]


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


def _end(call: Call, repository: Document | None, branch: str, sha: str, record: Document) -> dict[str, Any]:
    if repository is None:
        account = call.tx.get(ACCOUNTS, str(record.get("head_owner_id"))) or call.caller.account
        owner = simple(call.urls, account)
        return {"label": f"{owner['login']}:{branch}", "ref": branch, "sha": sha, "user": owner, "repo": None}
    owner = simple(call.urls, account_by_id(call.tx, repository["owner_id"]))
    role = caller_role(call.tx, call.caller, repository) or "read"
    shown = show_repository(call, repository, role)
    return {"label": f"{owner['login']}:{branch}", "ref": branch, "sha": sha, "user": owner, "repo": shown}


def _merge(call: Call, git: Repository, pull: Pull, base: str, head: str) -> dict[str, Any]:
    record = pull.record
    mergeable = pulls.merged_tree(git, base, head) is not None if pull.is_open else None
    merger = record["merged_by"]
    return {
        "merged": record["merged_at"] is not None,
        "merged_at": record["merged_at"],
        "merged_by": simple(call.urls, account_by_id(call.tx, merger)) if merger else None,
        "merge_commit_sha": record["merge_commit_sha"],
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": mergeability.state(call, pull, (base, head), mergeable=mergeable),
    }


def _size(call: Call, git: Repository, base: str, head: str) -> dict[str, int]:
    files = commits.files(call, git, pulls.fork_point(git, base, head), head)
    return {
        "commits": len(commits.read(git, f"{base}..{head}")),
        "additions": sum(file["additions"] for file in files),
        "deletions": sum(file["deletions"] for file in files),
        "changed_files": len(files),
    }


def brief(call: Call, pull: Pull) -> dict[str, Any]:
    """Show a pull request the shortest way, as check runs name it."""
    name = repositories.full_name(call.tx, call.repository)
    base, head = pulls.tips(git_of(call), pull)
    return {
        "id": pull.issue["id"],
        "number": pull.issue["number"],
        "url": call.urls.api("repos", name, "pulls", pull.issue["number"]),
        "head": _brief_end(call, pulls.head_repository(call, pull.record), pull.record["head"], head),
        "base": _brief_end(call, call.repository, pull.record["base"], base),
    }


def _brief_end(call: Call, repository: Document | None, branch: str, sha: str) -> dict[str, Any]:
    where = repository or call.repository
    name = repositories.full_name(call.tx, where)
    repo = {"id": where["id"], "url": call.urls.api("repos", name), "name": where["name"]}
    return {"ref": branch, "sha": sha, "repo": repo}
