"""The secrets of a job: opened with the repository's own key, mapped through the workflows that call one another."""

from __future__ import annotations

import base64
from typing import Any

from nacl.public import PrivateKey, SealedBox

from provisioner.sandbox.github.actions.contexts import github_context, needs_context, secret_rows, variables
from provisioner.sandbox.github.actions.evaluation import Scope, interpolate, to_text
from provisioner.sandbox.github.actions.records import Board
from provisioner.sandbox.store import Document

_KEYS = "github/sealing_keys"


def secrets_of(board: Board, node: Document, environment: Document | None) -> dict[str, str]:
    """Return name -> value for a job; nothing for a run from a fork. A called job sees what it was given."""
    if board.run.get("fork"):
        return {}
    scope = board.plan["scopes"][node["scope"]]
    own = {row["name"]: _opened(board, row) for row in secret_rows(board.tx, board.repository, environment)}
    if not scope["parent"] or scope["secrets"] == "inherit":
        return own
    caller = board.nodes[scope["parent"]]
    contexts: dict[str, Any] = {
        "secrets": secrets_of(board, caller, None),
        "github": github_context(board, caller),
        "needs": needs_context(board, caller),
        "vars": variables(board.tx, board.repository, None),
        "inputs": board.plan["scopes"][caller["scope"]]["inputs"],
        "matrix": {},
        "strategy": {},
    }
    mapped = scope["secrets"] or {}
    given = {str(name).upper(): to_text(interpolate(text, Scope(contexts))) for name, text in mapped.items()}
    # Of an environment that the called job names itself, the secrets are its own.
    inner = {row["name"] for row in secret_rows(board.tx, board.repository, environment)} if environment else set()
    outer = {row["name"] for row in secret_rows(board.tx, board.repository, None)}
    return given | {name: own[name] for name in inner - outer}


def _opened(board: Board, row: Document) -> str:
    kept = board.tx.get(_KEYS, str(row.get("sealed_for") or board.repository["id"])) or {}
    box = SealedBox(PrivateKey(bytes.fromhex(kept["private"])))
    return box.decrypt(base64.b64decode(row["sealed"])).decode(errors="replace")
