from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.identity.cloud import Cloud
from tests.sandbox.identity.federated import Federation


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)


@pytest.fixture
def federation(tmp_path: Path) -> Federation:
    return Federation(tmp_path)
