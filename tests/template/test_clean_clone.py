"""The rendered repository, pushed and cloned as a team would get it, works with nothing but PyPI."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from provisioner.repository.push import Git
from provisioner.repository.template import render_template
from tests.template.teams import example, facts, outputs

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
MINUTES = 600


# As the tests began: other tests of this process are led into a sandbox, which has no package index.
_OUTSIDE = dict(os.environ)


def environment(home: Path, *, uv: bool) -> dict[str, str]:
    """Return an environment with its own home and a PATH on which uv is, or is not, found."""
    programs = home / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "python3").unlink(missing_ok=True)
    (programs / "python3").symlink_to(getattr(sys, "_base_executable", sys.executable))
    found = shutil.which("uv")
    if uv:
        if found is None:
            pytest.skip("uv is not installed")
        (programs / "uv").symlink_to(found)
    passed = ("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "PIP_INDEX_URL", "UV_INDEX_URL", "HTTPS_PROXY")
    kept = {name: _OUTSIDE[name] for name in passed if name in _OUTSIDE}
    return {**kept, "PATH": f"{programs}:/usr/bin:/bin", "HOME": str(home), "UV_PYTHON_DOWNLOADS": "never"}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bare = tmp_path_factory.mktemp("origin") / "repository.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(bare)], check=True)
    team = example("fraud-detection")
    files = render_template(team, facts(team), outputs(team))
    Git("none", dict(os.environ)).push_first(files, str(bare), ("main",), datetime(2026, 11, 1, tzinfo=UTC))
    return bare


def cloned(origin: Path, folder: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", str(origin), str(folder / "clone")], check=True)
    return folder / "clone"


def make(clone: Path, env: dict[str, str], *targets: str) -> str:
    command = ["make", *targets]
    ended = subprocess.run(command, cwd=clone, env=env, capture_output=True, text=True, timeout=MINUTES, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize("uv", [False, True], ids=["pip", "uv"])
def test_a_clean_clone_tests_checks_and_runs(origin: Path, tmp_path: Path, uv: bool) -> None:  # noqa: FBT001 - a parameter of the test
    clone = cloned(origin, tmp_path)
    env = environment(tmp_path, uv=uv)
    assert "passed" in make(clone, env, "test")
    make(clone, env, "check")
    assert "rows scored" in make(clone, env, "run")
    assert (clone / "build" / "scores.csv").is_file()
    status = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True)
    assert status.stdout == ""
    with served(clone, env) as address:
        body = json.dumps({"inputs": {"amount": 20, "hour": 3, "distance_km": 1, "account_age_days": 9}}).encode()
        answer = httpx.post(f"{address}/score", content=body, timeout=10, trust_env=False)
    assert answer.json()["source"] == "model"


@contextmanager
def served(clone: Path, env: dict[str, str]) -> Iterator[str]:
    """Run the scoring service as its container would, on a socket that is bound before it starts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        program = [str(clone / ".venv/bin/python"), "-m", "uvicorn", "--factory", "model_product.service:application"]
        serving = subprocess.Popen(
            [*program, "--fd", str(listener.fileno()), "--no-access-log"],
            cwd=clone,
            env={**env, "PYTHONPATH": "src"},
            pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            serving.terminate()
            serving.wait(timeout=20)
