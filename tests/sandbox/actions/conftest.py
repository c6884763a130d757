from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.actions.bench import Bench
from tests.sandbox.github.conftest import description, hub
from tests.sandbox.github.hub import Hub

__all__ = ["bench", "description", "hub"]


@pytest.fixture
def bench(hub: Hub, tmp_path: Path) -> Iterator[Bench]:
    """A repository whose workflows are executed, every answer of REST held to GitHub's own description."""
    bench = Bench(hub, tmp_path / "copy")
    yield bench
    bench.close()


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe by which a job says that it has begun."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path
