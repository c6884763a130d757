"""Runs that the clock starts: ``on.schedule`` of the default branch, each line at most once per look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from provisioner.sandbox.github import bare, repositories, workflows
from provisioner.sandbox.github.accounts import account_by_id
from provisioner.sandbox.github.actions import payloads, schedule, starting
from provisioner.sandbox.github.actions_settings import actions_enabled
from provisioner.sandbox.github.identifiers import moment_of, stamp
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World


def start_scheduled(world: World, tx: Transaction) -> None:
    """Begin the runs whose minute has come since the last look; what was missed many times is done once."""
    now = world.clock.now()
    for key, held in list(tx.scan(workflows.SCHEDULES)):
        repository = repositories.by_id(tx, int(key))
        if repository is None:
            tx.delete(workflows.SCHEDULES, key)
            continue
        since = moment_of(held["looked_at"])
        due = [(path, line) for path, line, cron in _lines(held) if cron.latest(since, now)]
        tx.put(workflows.SCHEDULES, key, held | {"looked_at": stamp(now)})
        if due and actions_enabled(tx, repository) and not repository["archived"]:
            _start(world, tx, repository, due)


def _start(world: World, tx: Transaction, repository: Document, due: list[tuple[str, str]]) -> None:
    git = bare.opened(world.folder, repository["id"])
    branch = repository["default_branch"]
    sha = git.resolve(f"refs/heads/{branch}")
    if sha is None:
        return
    # On the site the actor is who changed the line last; here it is whoever the repository belongs to.
    owner = account_by_id(tx, repository["owner_id"])
    found = {workflow.path: workflow for workflow in workflows.at(git, sha)}
    for path, line in due:
        payload = payloads.surroundings(tx, repository, owner) | {"schedule": line, "workflow": path}
        cause = starting.Cause(
            *("schedule", f"refs/heads/{branch}", sha, stamp(world.clock.now()), owner["id"], payload)
        )
        if path in found:
            starting.start(tx, git, repository, found[path], cause)


def next_schedule(world: World, tx: Transaction) -> datetime | None:
    """Return when the next run is due."""
    now = world.clock.now()
    moments = [cron.next(now) for _, held in tx.scan(workflows.SCHEDULES) for _, _, cron in _lines(held)]
    return min((moment for moment in moments if moment), default=None)


def _lines(held: Document) -> Iterator[tuple[str, str, schedule.Cron]]:
    for path, lines in held["crons"].items():
        for line in lines:
            try:
                yield path, line, schedule.parse(line)
            except ValueError:
                continue
