"""What an environment asks of a job before it starts: branch policy, reviewers, a wait.

https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments
"""

from __future__ import annotations

from datetime import timedelta

from provisioner.sandbox.github import environments
from provisioner.sandbox.github.actions.records import Board, put_job
from provisioner.sandbox.github.identifiers import moment_of
from provisioner.sandbox.store import Document


def environment_for(board: Board, job: Document) -> Document | None:
    """Return a job's environment; one that does not exist yet is made, without protection, as GitHub does."""
    name = job["environment"]
    if not name:
        return None
    found = environments.find(board.tx, board.repository["id"], name)
    if found is None:
        found = environments.new(board.tx, board.repository["id"], name, board.stamp)
        environments.put(board.tx, found)
    return found


def refusal(board: Board, job: Document) -> str:
    """Return why a job may never start, empty when it may (later)."""
    environment = environment_for(board, job)
    if environment and not environments.allows(board.tx, environment, board.run["ref"]):
        return environments.refusal_of(environment["name"], board.run["ref"])
    return ""


def is_held(board: Board, job: Document) -> bool:
    """Tell whether a job has to wait for a reviewer or for time to pass."""
    environment = environment_for(board, job)
    if environment is None or job.get("bypassed"):
        return False
    if environment["reviewers"] and not job.get("approved_by"):
        _begin(board, job)
        return True
    if not environment["wait_timer"]:
        return False
    _begin(board, job)
    return board.now < moment_of(job["waiting_since"]) + timedelta(minutes=environment["wait_timer"])


def _begin(board: Board, job: Document) -> None:
    if not job.get("waiting_since"):
        job["waiting_since"] = board.stamp
        put_job(board.tx, board.repository["id"], job)
