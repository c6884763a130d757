"""Small roots that need no provider, written as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_root(
    folder: Path, data: dict[str, Any], *, outputs: dict[str, Any] | None = None, more: dict[str, Any] | None = None
) -> Path:
    """Write a root with one terraform_data per entry: its arguments, or a text as its input."""
    folder.mkdir(exist_ok=True)
    resources = {name: each if isinstance(each, dict) else {"input": each} for name, each in data.items()}
    document: dict[str, Any] = {"terraform": {"backend": {"local": {}}}, **(more or {})}
    if resources:
        document["resource"] = {"terraform_data": resources}
    if outputs:
        document["output"] = outputs
    (folder / "main.tf.json").write_text(json.dumps(document))
    return folder


class Gate:
    """A fifo at which a resource's creation waits, so that a test knows it is in the middle of it.

    The event that a creation starts is no proof: Terraform tells it before it looks whether it was
    interrupted, and then creates nothing.
    """

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.resource = {"input": "x", "provisioner": [{"local-exec": {"command": f"read line < {path}"}}]}
        self._path = path
        self._end = -1

    def reached(self) -> None:
        """Return when the creation waits: a fifo opens when both ends are there."""
        self._end = os.open(self._path, os.O_WRONLY)

    def go_on(self) -> None:
        """Let the creation succeed."""
        os.write(self._end, b"go\n")

    def close(self) -> None:
        """End what still waits: it outlives a Terraform that was killed."""
        if self._end >= 0:
            os.close(self._end)
