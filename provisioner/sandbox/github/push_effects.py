"""What a change of references sets off: times, the default branch, pull requests that follow, runs, webhooks."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github import audit, bare, commits, events, pull_following, repositories, workflows
from provisioner.sandbox.github.bare import NO_OBJECT, GitRefused, Repository
from provisioner.sandbox.github.call import Call, internal_call
from provisioner.sandbox.github.callers import Caller
from provisioner.sandbox.github.identifiers import stamp
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

_HEADS, _TAGS = "refs/heads/", "refs/tags/"
_MOST_COMMITS = 2048


def settle(world: World, tx: Transaction, caller: Caller, repository: Document, before: dict[str, str]) -> None:
    """Record what follows when the references were ``before`` and now are what git says."""
    git = bare.opened(world.folder, repository["id"])
    after = git.refs()
    changed: dict[str, str | None] = {ref: sha for ref, sha in after.items() if before.get(ref) != sha}
    changed |= dict.fromkeys(ref for ref in before if ref not in after)
    changed = {ref: sha for ref, sha in changed.items() if ref.startswith((_HEADS, _TAGS))}
    if not changed:
        return
    now = stamp(world.clock.now())
    repository |= {"pushed_at": now, "updated_at": now}
    _follow_first_branch(git, repository, after)
    repositories.put(tx, repository)
    call = internal_call(world, tx, caller, repository)
    for ref, sha in changed.items():
        _announce(call, git, ref, before.get(ref), sha)
        if sha:
            workflows.on_push(tx, git, repository, caller, workflows.Pushed(ref, before.get(ref), sha, now))
    audit.record_push(call, [*changed])
    pull_following.follow(call, changed)


def _follow_first_branch(git: Repository, repository: Document, refs: dict[str, str]) -> None:
    branches = [ref for ref in refs if ref.startswith(_HEADS)]
    if not branches or f"{_HEADS}{repository['default_branch']}" in branches:
        return
    chosen = next((ref for ref in (f"{_HEADS}main", f"{_HEADS}master") if ref in branches), branches[0])
    git.run("symbolic-ref", "HEAD", chosen)
    repository["default_branch"] = chosen.removeprefix(_HEADS)


def _announce(call: Call, git: Repository, ref: str, old: str | None, new: str | None) -> None:
    kind, name = ("tag", ref.removeprefix(_TAGS)) if ref.startswith(_TAGS) else ("branch", ref.removeprefix(_HEADS))
    about = {"ref": name, "ref_type": kind, "pusher_type": "user"}
    if old is None:
        facts = {"master_branch": call.repository["default_branch"], "description": call.repository["description"]}
        events.publish(call, "create", lambda: {**about, **facts})
    if new is None:
        events.publish(call, "delete", lambda: about)
    events.publish(call, "push", lambda: push_payload(call, git, (ref, old, new)))


def push_payload(call: Call, git: Repository, change: tuple[str, str | None, str | None]) -> dict[str, Any]:
    """Return what a push event says; ``change`` is (ref, old commit, new commit)."""
    ref, old, new = change
    forced = bool(old and new) and not _leads(git, str(old), str(new))
    rows = [_commit(call, git, commit) for commit in _new_commits(git, old, new)] if new else []
    who = {"name": call.caller.name, "email": f"{call.caller.name}@users.noreply.github.com"}
    name = repositories.full_name(call.tx, call.repository)
    tip = commits.read(git, new, most=1)[0] if new else None
    return {
        "ref": ref,
        "before": old or NO_OBJECT,
        "after": new or NO_OBJECT,
        "created": old is None,
        "deleted": new is None,
        "forced": forced,
        "base_ref": None,
        "compare": call.urls.web(name, "compare", f"{(old or NO_OBJECT)[:12]}...{(new or NO_OBJECT)[:12]}"),
        "commits": rows,
        "head_commit": _commit(call, git, tip) if tip else None,
        "pusher": who,
    }


def _leads(git: Repository, old: str, new: str) -> bool:
    try:
        git.run("merge-base", "--is-ancestor", old, new)
    except GitRefused:
        return False
    return True


def _new_commits(git: Repository, old: str | None, new: str | None) -> list[commits.Commit]:
    selected = (f"{old}..{new}",) if old else (str(new),)
    return commits.read(git, *selected, most=_MOST_COMMITS)[::-1]


def _commit(call: Call, git: Repository, commit: commits.Commit) -> dict[str, Any]:
    name = repositories.full_name(call.tx, call.repository)
    base = commit.parents[0] if commit.parents else git.run("mktree").decode().strip()
    rows = git.text("diff", "--name-status", "--no-renames", "-z", base, commit.sha).split("\0")
    paths: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    for state, path in zip(rows[::2], rows[1::2], strict=False):
        paths[{"A": "added", "D": "removed"}.get(state, "modified")].append(path)
    people = {role: _person(person) for role, person in (("author", commit.author), ("committer", commit.committer))}
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": commit.committer["date"],
        "url": call.urls.web(name, "commit", commit.sha),
        **people,
        **paths,
    }


def _person(person: dict[str, str]) -> dict[str, str]:
    return {"name": person["name"], "email": person["email"], "date": person["date"]}
