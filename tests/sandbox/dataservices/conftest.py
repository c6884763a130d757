from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.core.cloud import PROJECT, GoogleCloud


@pytest.fixture
def cloud(tmp_path: Path) -> GoogleCloud:
    made = GoogleCloud(tmp_path)
    for name in ("cloudkms", "bigquery", "pubsub"):
        url = f"serviceusage.googleapis.com/v1/projects/{PROJECT}/services/{name}.googleapis.com:enable"
        assert made.call("POST", url, {}).status == 200
    return made
