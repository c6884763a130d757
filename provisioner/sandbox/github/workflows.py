"""Workflows of a repository, and which of them an event sets off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.github import triggers
from provisioner.sandbox.github.accounts import account_by_id
from provisioner.sandbox.github.actions import payloads, starting
from provisioner.sandbox.github.actions.starting import Cause, registered
from provisioner.sandbox.github.actions_settings import actions_enabled
from provisioner.sandbox.github.bare import NO_OBJECT, GitRefused, Repository
from provisioner.sandbox.github.callers import Caller
from provisioner.sandbox.github.push_facts import WORKFLOWS
from provisioner.sandbox.github.triggers import Workflow, parse
from provisioner.sandbox.store import Document, Transaction

ACTIONS_SLUG = "github-actions"
SCHEDULES = "github/schedules"
_LONGEST_CHAIN = 3  # runs that set off runs that set off runs

__all__ = ["Pushed", "at", "on_pull_request", "on_push", "on_repository_dispatch", "on_run_over", "registered"]


@dataclass(frozen=True, slots=True)
class Pushed:
    """One reference after a push. ``old`` is None for a new one."""

    ref: str
    old: str | None
    new: str
    stamp: str


def on_push(tx: Transaction, git: Repository, repository: Document, caller: Caller, pushed: Pushed) -> None:
    """Begin the runs that a push starts. What a job pushes with its own token starts none."""
    if not pushed.ref.startswith(("refs/heads/", "refs/tags/")) or not actions_enabled(tx, repository):
        return
    found = at(git, pushed.new)
    if pushed.ref == f"refs/heads/{repository['default_branch']}":
        _note_schedules(tx, repository, found, pushed.stamp)
    message = git.text("log", "-1", "--format=%B", pushed.new)
    if is_job(caller) or triggers.skipped_by_message(message):
        return
    changed = _changed(git, pushed)
    payload = payloads.push(tx, git, repository, caller, (pushed.ref, pushed.old or NO_OBJECT, pushed.new))
    for workflow in found:
        if triggers.starts_on_push(workflow, pushed.ref, changed):
            title = message.splitlines()[0] if message else ""
            starting.start(
                *(tx, git, repository, workflow),
                Cause("push", pushed.ref, pushed.new, pushed.stamp, caller.account["id"], payload, title=title),
            )


def is_job(caller: Caller) -> bool:
    """Tell whether it is a job that calls, with its GITHUB_TOKEN."""
    return caller.kind == "installation" and caller.app.get("slug") == ACTIONS_SLUG


def on_pull_request(tx: Transaction, git: Repository, repository: Document, caller: Caller, pull: Document) -> None:
    """Begin the runs that an activity on a pull request starts (``pull["action"]``: opened, synchronize …).

    They work on refs/pull/<number>/merge, what merging would give; a pull request with conflicts starts none.
    """
    if not actions_enabled(tx, repository):
        return
    action = pull.get("action", "opened")
    merge = _merge_commit(git, pull) if action != "closed" else git.resolve(f"refs/heads/{pull['base']}")
    head = git.resolve(pull["head_sha"]) or pull["head_sha"]
    message = git.text("log", "-1", "--format=%B", head)
    if merge is None or is_job(caller) or triggers.skipped_by_message(message):
        return
    changed = _names(git, "diff", "--name-only", f"{pull['base_sha']}...{head}")
    payload = payloads.pull_request(tx, repository, caller, pull, merge)
    more = {
        "head_ref": pull["head"],
        "base_ref": pull["base"],
        "pull_number": pull["number"],
        "fork": bool(pull.get("head_repository_id") and pull["head_repository_id"] != repository["id"]),
    }
    ref = f"refs/pull/{pull['number']}/merge" if action != "closed" else f"refs/heads/{pull['base']}"
    cause = Cause(
        *("pull_request", ref, merge, pull["stamp"], caller.account["id"], payload),
        head_sha=head,
        head_branch=pull["head"],
        title=payload["pull_request"]["title"],
        more=more,
    )
    for workflow in at(git, merge):
        if triggers.starts_on_pull_request(workflow, pull["base"], action, changed):
            starting.start(tx, git, repository, workflow, cause)


def _merge_commit(git: Repository, pull: Mapping[str, Any]) -> str | None:
    """Write refs/pull/<number>/merge: base and head merged; None where they conflict."""
    base, head = git.resolve(f"refs/heads/{pull['base']}"), git.resolve(pull["head_sha"])
    if base is None or head is None:
        return None
    try:
        tree = git.text("merge-tree", "--write-tree", base, head).splitlines()[0]
    except GitRefused:
        return None
    commit = git.text("commit-tree", tree, "-p", base, "-p", head, "-m", f"Merge {head} into {base}")
    git.run("update-ref", f"refs/pull/{pull['number']}/merge", commit)
    return commit


def on_repository_dispatch(
    tx: Transaction, git: Repository, repository: Document, caller: Caller, sent: Mapping[str, Any]
) -> None:
    """Begin the runs of the default branch that a repository dispatch starts (event_type, client_payload, stamp)."""
    branch = repository["default_branch"]
    sha = git.resolve(f"refs/heads/{branch}")
    if sha is None or not actions_enabled(tx, repository):
        return
    payload = {
        **payloads.surroundings(tx, repository, caller.account),
        "action": sent["event_type"],
        "branch": branch,
        "client_payload": sent.get("client_payload", {}),
    }
    cause = Cause("repository_dispatch", f"refs/heads/{branch}", sha, sent["stamp"], caller.account["id"], payload)
    for workflow in at(git, sha):
        if triggers.starts_on_repository_dispatch(workflow, sent["event_type"]):
            starting.start(tx, git, repository, workflow, cause)


def on_run_over(tx: Transaction, git: Repository, repository: Document, run: Document, stamp: str) -> None:
    """Begin the runs of the default branch that wait for the end of a workflow."""
    depth = run.get("depth", 0) + 1
    branch = repository["default_branch"]
    sha = git.resolve(f"refs/heads/{branch}")
    if sha is None or depth > _LONGEST_CHAIN:
        return
    actor = account_by_id(tx, run["actor_id"])
    payload = payloads.workflow_run(tx, repository, run, actor)
    cause = Cause(
        *("workflow_run", f"refs/heads/{branch}", sha, stamp, run["actor_id"], payload),
        more={"depth": depth},
    )
    for workflow in at(git, sha):
        if triggers.starts_on_completion(workflow, run["name"], run["head_branch"], "completed"):
            starting.start(tx, git, repository, workflow, cause)


def _note_schedules(tx: Transaction, repository: Document, found: list[Workflow], stamp: str) -> None:
    lines = {workflow.path: triggers.crons(workflow) for workflow in found}
    lines = {path: crons for path, crons in lines.items() if crons}
    key = str(repository["id"])
    known = tx.get(SCHEDULES, key)
    if lines:
        tx.put(SCHEDULES, key, {"crons": lines, "looked_at": known["looked_at"] if known else stamp})
    elif known:
        tx.delete(SCHEDULES, key)


def _changed(git: Repository, pushed: Pushed) -> list[str]:
    if pushed.old is None:
        return _names(git, "ls-tree", "-r", "--name-only", pushed.new)
    return _names(git, "diff", "--name-only", pushed.old, pushed.new)


def _names(git: Repository, *arguments: str) -> list[str]:
    try:
        return git.text(*arguments).splitlines()
    except GitRefused:
        return []


def at(git: Repository, commit: str) -> list[Workflow]:
    """Return the workflows that a commit has, by path."""
    sha = git.resolve(commit)
    if sha is None:
        return []
    paths = git.text("ls-tree", "--name-only", sha, f"{WORKFLOWS}/").splitlines()
    wanted = [path for path in paths if path.endswith((".yml", ".yaml"))]
    parsed = [parse(path, git.run("cat-file", "blob", f"{sha}:{path}")) for path in wanted]
    return [workflow for workflow in parsed if workflow]
