"""The command line inside this process, as the tests of the command line have it."""

from __future__ import annotations

from tests.cli.conftest import cli, person

__all__ = ["cli", "person"]
