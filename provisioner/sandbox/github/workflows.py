"""Workflows of a repository, and records of their runs. The sandbox executes no job: a run says so."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.sandbox.github.actions_settings import actions_enabled
from provisioner.sandbox.github.bare import GitRefused, Repository
from provisioner.sandbox.github.callers import Caller
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.github.push_facts import WORKFLOWS
from provisioner.sandbox.github.triggers import Workflow, parse, starts_on_pull_request, starts_on_push
from provisioner.sandbox.store import Document, Transaction

RUNS = "github/runs"
_WORKFLOWS = "github/workflows"
NOT_EXECUTED = "Not executed: the sandbox records runs and runs no jobs"


@dataclass(frozen=True, slots=True)
class Pushed:
    """One reference after a push. ``old`` is None for a new one."""

    ref: str
    old: str | None
    new: str
    stamp: str


def on_push(tx: Transaction, git: Repository, repository: Document, caller: Caller, pushed: Pushed) -> None:
    """Record a run for each workflow that a push starts."""
    if not pushed.ref.startswith(("refs/heads/", "refs/tags/")) or not actions_enabled(tx, repository):
        return
    changed = _changed(git, pushed)
    for workflow in at(git, pushed.new):
        if starts_on_push(workflow, pushed.ref, changed):
            record_run(tx, repository, caller, workflow, Cause("push", pushed.ref, pushed.new, pushed.stamp))


def on_pull_request(tx: Transaction, git: Repository, repository: Document, caller: Caller, pull: Document) -> None:
    """Record a run for each workflow that opening a pull request starts."""
    if not actions_enabled(tx, repository):
        return
    cause = Cause("pull_request", f"refs/heads/{pull['head']}", pull["head_sha"], pull["stamp"])
    for workflow in at(git, pull["head_sha"]):
        if starts_on_pull_request(workflow, pull["base"]):
            record_run(tx, repository, caller, workflow, cause)


def _changed(git: Repository, pushed: Pushed) -> list[str]:
    try:
        if pushed.old is None:
            return git.text("ls-tree", "-r", "--name-only", pushed.new).splitlines()
        return git.text("diff", "--name-only", pushed.old, pushed.new).splitlines()
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


@dataclass(frozen=True, slots=True)
class Cause:
    """Why there is a run."""

    event: str
    ref: str
    sha: str
    stamp: str


def record_run(tx: Transaction, repository: Document, caller: Caller, workflow: Workflow, cause: Cause) -> Document:
    """Write down a run that will not be executed."""
    known = registered(tx, repository, workflow, cause.stamp)
    known["runs"] = known.get("runs", 0) + 1
    tx.put(_WORKFLOWS, f"{repository['id']}/{workflow.path}", known)
    number = next_id(tx, "run")
    run = {
        "id": number,
        "workflow_id": known["id"],
        "name": workflow.name,
        "path": workflow.path,
        "run_number": known["runs"],
        "event": cause.event,
        "ref": cause.ref,
        "head_sha": cause.sha,
        "actor_id": caller.account["id"],
        "created_at": cause.stamp,
    }
    tx.put(RUNS, f"{repository['id']}/{number:014}", run)
    return run


def registered(tx: Transaction, repository: Document, workflow: Workflow, stamp: str) -> Document:
    """Return the record of a workflow, making it when the file is seen for the first time."""
    key = f"{repository['id']}/{workflow.path}"
    known = tx.get(_WORKFLOWS, key)
    if known is None:
        known = {"id": next_id(tx, "workflow"), "path": workflow.path, "created_at": stamp}
    known |= {"name": workflow.name, "updated_at": stamp}
    tx.put(_WORKFLOWS, key, known)
    return known
