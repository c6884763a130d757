"""How pull requests follow their branches: pushed to, deleted, or merged from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from provisioner.sandbox.github import events, issues, pull_views, pulls, repositories, reviews, workflows
from provisioner.sandbox.github.bare import GitRefused, Repository
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.pulls import Pull
from provisioner.sandbox.store import Document

_HEADS = "refs/heads/"


def follow(call: Call, changed: Mapping[str, str | None]) -> None:
    """Let the open pull requests of a repository and of those it was forked from follow changed references."""
    branches = {ref.removeprefix(_HEADS): sha for ref, sha in changed.items() if ref.startswith(_HEADS)}
    for number in _bases(call):
        base = call.repository if number == call.repository["id"] else repositories.by_id(call.tx, number)
        if base is None:
            continue
        there = replace(call, repository=base)
        for pull in pulls.listed(there):
            if pull.is_open:
                _follow(there, pull, branches, call.repository["id"])


def _bases(call: Call) -> list[int]:
    repository = call.repository
    found = (repository["id"], repository.get("parent_id"), repository.get("source_id"))
    return list(dict.fromkeys(number for number in found if number))


def _follow(call: Call, pull: Pull, branches: Mapping[str, str | None], where: int) -> None:
    record, in_base = pull.record, where == call.repository["id"]
    if in_base and record["base"] in branches:
        _follow_base(call, pull, branches[record["base"]])
    elif record["head"] in branches and record.get("head_repository_id", call.repository["id"]) == where:
        if branches[record["head"]] is None:
            close(call, pull)
        else:
            _synchronize(call, pull)


def _follow_base(call: Call, pull: Pull, sha: str | None) -> None:
    git = git_of(call)
    if sha is None:
        close(call, pull)
        return
    head = git.resolve(f"refs/pull/{pull.record['number']}/head")
    if head and _contains(git, sha, head):
        finish(call, pull, {"merge_commit_sha": sha, "head_sha": head})


def _contains(git: Repository, branch: str, commit: str) -> bool:
    try:
        git.run("merge-base", "--is-ancestor", commit, branch)
    except GitRefused:
        return False
    return True


def _synchronize(call: Call, pull: Pull) -> None:
    git, record = git_of(call), pull.record
    before = record["head_sha"]
    sha = pulls.bring_head(call, git, record)
    if sha in (None, before):
        return
    record |= {"head_sha": sha, "pusher_id": call.caller.account.get("id")}
    reviews.dismiss_stale(call, record)
    pulls.put(call, record)
    pull.issue["updated_at"] = call.stamp
    issues.put(call, pull.issue)
    announce(call, Pull(pull.issue, record), "synchronize", before=before, after=sha)


def close(call: Call, pull: Pull) -> None:
    """Close a pull request without merging it."""
    base, head = pulls.tips(git_of(call), pull)
    pulls.put(call, pull.record | {"base_sha": base, "head_sha": head})
    issues.change(call, pull.issue, {"state": "closed"})
    announce(call, pulls.get(call, str(pull.record["number"])), "closed")


def finish(call: Call, pull: Pull, facts: Document) -> None:
    """Record that a pull request is merged, by whoever is calling."""
    merged = {"merged_at": call.stamp, "merged_by": call.caller.account["id"]}
    pulls.put(call, {**pull.record, **facts, **merged})
    issues.change(call, pull.issue, {"state": "closed"})
    announce(call, pulls.get(call, str(pull.record["number"])), "closed")


def announce(call: Call, pull: Pull, action: str, **more: object) -> None:
    """Tell workflows and webhooks what became of a pull request."""
    workflows.on_pull_request(
        call.tx, git_of(call), call.repository, call.caller, {**pull.record, "stamp": call.stamp, "action": action}
    )
    number = pull.record["number"]
    events.publish(
        call,
        "pull_request",
        lambda: {"number": number, "pull_request": pull_views.show(call, pull), **more},
        action,
    )
