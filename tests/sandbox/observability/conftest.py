from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.messaging.timed import TimedCloud


@pytest.fixture
def cloud(tmp_path: Path) -> TimedCloud:
    return TimedCloud(tmp_path)
