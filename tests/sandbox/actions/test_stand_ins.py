"""The programs of the stand-ins where no server is needed: reading Dockerfiles, building, collecting files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.github.actions import stand_ins
from provisioner.sandbox.github.actions.definition import load
from provisioner.sandbox.stand_ins.programs.dockerfile import DockerfileError, expanded, read
from provisioner.sandbox.stand_ins.programs.images import image_of, read_oci
from provisioner.sandbox.stand_ins.programs.stages import Builder, Stage
from tests.cli.program import PROJECT

FILE = """
# syntax=docker/dockerfile:1
ARG BASE=python:3.12
FROM ${BASE} AS build
ARG FLAG
WORKDIR /src
COPY app ./app
COPY --chown=1 *.txt docs/ ./
RUN make \\
    all
FROM scratch
ENV A=1 B="two words"
LABEL a.b=c
COPY --from=build /src/app /app/
COPY --from=build /venv /venv
USER 10001
EXPOSE 8080
ENTRYPOINT ["/app/run"]
CMD serve --port $A
"""


def built(folder: Path, text: str, target: str = "", **arguments: str) -> tuple[Stage, list[str]]:
    said: list[str] = []
    return Builder(folder, arguments, said.append).build(read(text), target), said


@pytest.fixture
def context(tmp_path: Path) -> Path:
    files = {
        "app/run": "#!/bin/sh",
        "app/secret.key": "k",
        "a.txt": "a",
        "b.txt": "b",
        "docs/d/e.md": "e",
        ".dockerignore": "**/*.key\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "app/run").chmod(0o755)
    return tmp_path


def test_files_and_settings_come_into_the_image(context: Path) -> None:
    stage, said = built(context, FILE)
    assert stage.files() == {"app/run": (0o755, b"#!/bin/sh")}
    assert stage.config == {
        "Env": ["A=1", "B=two words"],
        "Labels": {"a.b": "c"},
        "User": "10001",
        "ExposedPorts": {"8080/tcp": {}},
        "Entrypoint": ["/app/run"],
        "Cmd": ["/bin/sh", "-c", "serve --port $A"],
    }
    assert len(said) == 3
    assert all(any(word in line for line in said) for word in ("python:3.12", "RUN is not executed", "/venv"))
    first, _ = built(context, FILE, "build", BASE="other")
    assert sorted(first.files()) == ["src/a.txt", "src/app/run", "src/b.txt", "src/d/e.md"]
    assert first.base == "other"


def test_the_same_files_have_the_same_digest(context: Path) -> None:
    images = [image_of(built(context, FILE)[0], {}) for _ in range(2)]
    os.utime(context / "app/run", (1, 1))
    images.append(image_of(built(context, FILE)[0], {}))
    assert len({image.manifest for image in images}) == 1
    (context / "app/run").write_text("changed")
    assert image_of(built(context, FILE)[0], {}).manifest != images[0].manifest


@pytest.mark.parametrize(
    "text",
    ["", "COPY a b", "FROM scratch\nONBUILD RUN x", "FROM scratch\nCOPY nothing /", "FROM scratch\nRUN <<EOF\nx\nEOF"],
)
def test_what_cannot_be_built(context: Path, text: str) -> None:
    with pytest.raises(DockerfileError):
        built(context, text)


def test_variables() -> None:
    known = {"A": "1", "E": ""}
    table = {"$A-${A}": "1-1", "${E:-x}${E-x}": "x", "${N:-$A}": "1", "${A:+y}${N:+y}": "y", "\\$A": "\\$A", "$N": ""}
    assert {text: expanded(text, known) for text in table} == table


def run(name: str, inputs: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program as a step does."""
    files = {f"GITHUB_{part}": str(folder / part) for part in ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY")}
    own = {"PATH": os.environ["PATH"], "HOME": str(folder), "GITHUB_WORKSPACE": str(folder), "RUNNER_TEMP": str(folder)}
    command = [sys.executable, "-I", str(stand_ins.FOLDER / "launch.py"), name]
    environment = {**own, **files, "STAND_IN_INPUTS": json.dumps(inputs)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_docker_builds_in_the_place_of_docker(context: Path) -> None:
    (context / "Dockerfile").write_text(FILE)
    program = str(stand_ins.FOLDER / "bin" / "docker")
    variables = {
        "PROVISION_ENV_PYTHON": sys.executable,
        "PROVISION_ENV_STAND_INS": str(stand_ins.FOLDER),
        "HOME": str(context),
    }
    command = [program, "buildx", "build", "--provenance=mode=max", "--output", "type=oci,dest=out/image.tar", "."]
    ended = subprocess.run(command, cwd=context, env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "RUN is not executed" in ended.stderr
    image = read_oci(context / "out/image.tar")
    assert ended.stdout.strip() == image.manifest
    with tarfile.open(context / "out/image.tar") as tar:
        assert "oci-layout" in tar.getnames()
    refused = subprocess.run([program, "run", "x"], env=variables, capture_output=True, text=True, check=False)
    assert (refused.returncode, "no container engine" in refused.stderr) == (125, True)


def test_auth_wants_no_key_and_a_whole_name(tmp_path: Path) -> None:
    given = {
        "workload_identity_provider": "p",
        "credentials_json": "{}",
        "access_token_subject": "",
        "token_format": "",
    }
    assert "a key (credentials_json)" in run("google_auth", given, tmp_path).stdout
    ended = run("google_auth", given | {"credentials_json": ""}, tmp_path)
    assert (ended.returncode, "exactly one of" in ended.stdout) == (1, True)


def test_a_python_of_this_machine_is_set_up(tmp_path: Path) -> None:
    if shutil.which("python3") is None:
        pytest.skip("there is no python3 on the PATH")
    ended = run("setup_python", {"python-version": "3.1", "python-version-file": ""}, tmp_path)
    assert ended.returncode == 0, ended.stdout
    assert "::warning::Python 3.1 is not on this machine" in ended.stdout
    folder = (tmp_path / "PATH").read_text().strip()
    done = subprocess.run([f"{folder}/python3", "-c", "print(40 + 2)"], capture_output=True, text=True, check=True)
    assert done.stdout == "42\n"


def test_trivy_does_not_pretend(tmp_path: Path) -> None:
    if shutil.which("trivy"):
        pytest.skip("trivy is installed here, and scans")
    ended = run("trivy", {}, tmp_path)
    assert (ended.returncode, "::warning::NOT SCANNED" in ended.stdout) == (0, True)
    assert "NOT SCANNED" in (tmp_path / "STEP_SUMMARY").read_text()


def test_every_action_of_the_template_has_a_stand_in() -> None:
    pins = load((PROJECT / "repo-template" / "template.yaml").read_bytes()) or {}
    for pin in pins["pins"].values():
        folder = stand_ins.folder_of(pin.partition("@")[0])
        assert folder is not None, pin
        document = load((folder / "action.yml").read_bytes()) or {}
        assert document["runs"]["using"] == "composite"
    for name in stand_ins.names():
        assert any((stand_ins.folder_of(name) or Path("nowhere")).rglob("action.yml")), name
