from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.cloudidentity.estate import Estate


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)
