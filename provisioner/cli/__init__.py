"""The command line: one file per verb, loaded only when its verb is used."""

from __future__ import annotations

import atexit
import gc

_ALLOCATIONS = 100_000


def main() -> None:
    """Run the command line; the entry point of the ``provision-env`` program."""
    # A command imports half a million objects that live as long as it does: looking for garbage among them every 700
    # allocations takes a tenth of the time until it starts to work.
    gc.set_threshold(_ALLOCATIONS)
    # And nobody is served by looking through all of them once more at the end: that is another half second.
    atexit.register(gc.freeze)
    from provisioner.cli.app import run  # noqa: PLC0415 - keeps `import provisioner.cli` free of click

    run()
