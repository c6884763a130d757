from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.core.cloud import GoogleCloud


@pytest.fixture
def cloud(tmp_path: Path) -> GoogleCloud:
    return GoogleCloud(tmp_path)
