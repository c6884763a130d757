"""Commit statuses: what somebody said about a commit, per context; rules ask whether it succeeded."""

from __future__ import annotations

from provisioner.sandbox.store import Document, Transaction

STATUSES = "github/statuses"


def of_commit(tx: Transaction, repository: Document, sha: str) -> list[Document]:
    """Return the statuses of a commit, oldest first."""
    return [document for _, document in tx.scan(STATUSES, f"{repository['id']}/{sha}/")]


def latest(tx: Transaction, repository: Document, sha: str) -> list[Document]:
    """Return the newest status of each context."""
    return list({status["context"]: status for status in of_commit(tx, repository, sha)}.values())
