"""The command line: one file per verb, loaded only when its verb is used."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the entry point of the ``provision-env`` program."""
    from provisioner.cli.app import run  # noqa: PLC0415 - keeps `import provisioner.cli` free of click

    run()
