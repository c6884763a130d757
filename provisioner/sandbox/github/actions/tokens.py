"""What a job may do: the permissions of its GITHUB_TOKEN, and whether it may ask for an id token.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions
"""

from __future__ import annotations

from datetime import timedelta

from provisioner.sandbox.github import actions_settings, apps, checks
from provisioner.sandbox.github.actions.definition import PERMISSIONS, permissions_of
from provisioner.sandbox.github.actions.records import Board
from provisioner.sandbox.github.callers import issue_installation_token
from provisioner.sandbox.store import Document

_LEVELS = ("none", "read", "write")
_LONGEST = timedelta(hours=24)
_READ_BY_DEFAULT = ("contents", "packages")


def permissions(board: Board, node: Document) -> dict[str, str]:
    """Return the permissions of a job: its own, else the workflow's, else the repository's default; then the limits."""
    scope = board.plan["scopes"][node["scope"]]
    own = permissions_of(node["definition"].get("permissions"))
    found = own if own is not None else scope["permissions"]
    if scope["parent"]:
        caller = permissions(board, board.nodes[scope["parent"]])
        found = caller if found is None else _lower(found, caller)
    elif found is None:
        found = _default(board)
    return {name: "read" for name in found if name != "id-token"} if board.run.get("fork") else dict(found)


def _default(board: Board) -> dict[str, str]:
    if actions_settings.read(board.tx, board.repository)["default_workflow_permissions"] == "write":
        return dict.fromkeys((name for name in PERMISSIONS if name != "id-token"), "write")
    return dict.fromkeys(_READ_BY_DEFAULT, "read")


def _lower(wanted: dict[str, str], most: dict[str, str]) -> dict[str, str]:
    found = {name: min(level, most.get(name, "none"), key=_LEVELS.index) for name, level in wanted.items()}
    return {name: level for name, level in found.items() if level != "none"}


def issue(board: Board, granted: dict[str, str]) -> str:
    """Make a job's GITHUB_TOKEN: of the App github-actions, for this repository alone."""
    app = checks.actions_app(board.tx, board.stamp)
    held = apps.install(board.tx, app, board.repository["owner_id"], board.stamp)
    names = {name.replace("-", "_"): level for name, level in granted.items() if name != "id-token"}
    return issue_installation_token(
        board.tx,
        held["id"],
        {"metadata": "read", **names},
        board.now + _LONGEST,
        repository_ids=[board.repository["id"]],
    )
