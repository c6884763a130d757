"""What the deploy identity needs is what its programs ask for: recorded while a generated repository's steps run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.roles.pipeline import PROGRAMS, RECORDED, document, recorded, release
from tests.roles.place import place

MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
needs_programs = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


@needs_programs
@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_recording_is_what_the_workflows_need_today(tmp_path: Path) -> None:
    with place(tmp_path / "place") as made:
        release(made, tmp_path)
        found = document(made.needs("deploy"))

    assert found == RECORDED.read_text(encoding="utf-8"), "record anew: python -m tests.roles.pipeline"


def test_every_service_that_a_release_uses_is_in_the_recording() -> None:
    assert {need.call.partition(".")[0] for need in recorded()} == {"docker", "run", "storage"}
    assert document(recorded()) == RECORDED.read_text(encoding="utf-8")
