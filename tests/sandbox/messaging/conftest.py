from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.messaging.receiver import Receiver
from tests.sandbox.messaging.timed import TimedCloud


@pytest.fixture
def cloud(tmp_path: Path) -> TimedCloud:
    return TimedCloud(tmp_path)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server on loopback that keeps what it is sent."""
    started = Receiver()
    yield started
    started.stop()
