"""What a run needs soon, made ready while it waits for something else.

Nothing here decides anything: a failure is left for the one who needs the thing and gets the same failure.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_SOON = (
    "provisioner.cloud.google",
    "provisioner.cloud.preflight",
    "provisioner.repository.github",
    "provisioner.access.prove",
    "provisioner.access.minting",
)
"""In the order of their use. Google's and GitHub's clients take half a second to import."""


def start_sandbox(folder: Path) -> None:
    """Begin to start the sandbox's server; whoever enters the sandbox joins it, or waits for this start."""

    def start() -> None:
        from provisioner.sandbox.handle import ensure  # noqa: PLC0415 - the real clouds do not pay for it

        ensure(folder)

    _meanwhile("sandbox-start", start)


def import_clients() -> None:
    """Import the clients of both clouds and of the proof."""

    def load() -> None:
        for module in _SOON:
            importlib.import_module(module)
        importlib.import_module("provisioner.access.expressions").evaluate("true", {})

    _meanwhile("import-ahead", load)


def _meanwhile(name: str, work: Callable[[], object]) -> None:
    def quietly() -> None:
        with suppress(Exception):
            work()

    # No daemon: a thread that is still importing must not be cut off by the end of the process.
    threading.Thread(target=quietly, name=name).start()
