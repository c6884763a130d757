"""What working on the project leaves in its folder: git must not see it, nor an archive of the source hold it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
MADE = (".venv/bin/python", ".tools/bin/uv", "bench-results.json", ".coverage", "dist/provision_env.whl")


def ignored(path: str) -> bool:
    command = ["git", "check-ignore", "--quiet", path]
    return subprocess.run(command, cwd=PROJECT, check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("path", MADE)
def test_what_the_makefile_makes_is_no_source(path: str) -> None:
    assert ignored(path)
    assert not ignored("Makefile")
