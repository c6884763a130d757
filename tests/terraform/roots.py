"""Small roots that need no provider, written as JSON."""

from __future__ import annotations

import json
import os
from contextlib import suppress
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


def blocking(fifo: Path) -> dict[str, Any]:
    """Return the arguments of a resource whose creation lasts until somebody writes into the fifo."""
    return {"input": "x", "provisioner": [{"local-exec": {"command": f"read line < {fifo}"}}]}


def let_go(fifo: Path) -> None:
    """End what waits for the fifo: it outlives a Terraform that was killed."""
    with suppress(OSError):  # nobody waits
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
