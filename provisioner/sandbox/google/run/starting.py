"""Revisions that are being started."""

from __future__ import annotations

from provisioner.sandbox.google.method import Call


def begin(call: Call, revision: str, operation: str) -> None:
    """TODO."""
