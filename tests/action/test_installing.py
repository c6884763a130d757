"""The program as the action installs it: of this commit, and as a released version."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not installed"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="these files are no clone"),
]
KEPT = ("PATH", "UV_CACHE_DIR", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "SSL_CERT_FILE", "HTTPS_PROXY")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return a runner's environment, with the package index of this machine and its cache."""
    home = {"HOME": str(folder), "RUNNER_TEMP": str(folder), "GITHUB_PATH": str(folder / "path")}
    cache = {"UV_CACHE_DIR": said("uv", "cache", "dir")}
    tools = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    return {**cache, **{name: os.environ[name] for name in KEPT if name in os.environ}, **home, **tools, **more}


def said(*command: str | Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def toolkit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what is committed here, as a job checks the toolkit out."""
    copy = tmp_path_factory.mktemp("toolkit") / "copy"
    said("git", "clone", "--quiet", "--depth=1", f"file://{ROOT}", copy)
    return copy


def version(folder: Path) -> str:
    """Return what the program in the folder that install.sh put on the PATH says of itself."""
    (place,) = (folder / "path").read_text().split()
    assert Path(place).is_relative_to(folder)
    return said(Path(place) / "provision-env", "version", "--output", "json")


def test_the_program_of_this_commit_with_its_locked_dependencies(toolkit: Path, tmp_path: Path) -> None:
    said("bash", toolkit / "action" / "install.sh", env=environment(tmp_path))
    assert '"provision-env"' in version(tmp_path)


def test_a_released_version_from_an_index(toolkit: Path, tmp_path: Path) -> None:
    number = said("uv", "version", "--short", "--project", toolkit)
    said("uv", "build", "--quiet", "--wheel", "--out-dir", tmp_path / "wheels", toolkit)
    found = environment(tmp_path, CHECK_VERSION=number, UV_FIND_LINKS=str(tmp_path / "wheels"))
    said("bash", toolkit / "action" / "install.sh", env=found)
    assert f'"{number}' in version(tmp_path)
    with pytest.raises(AssertionError, match=r"99\.1"):
        said("bash", toolkit / "action" / "install.sh", env={**found, "CHECK_VERSION": "99.1"})
