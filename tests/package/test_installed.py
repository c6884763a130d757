"""The wheel as people get it: built, installed by uv, and at work in an empty folder with no checkout around."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from provisioner.request.data import SHIPPED, data_folder
from provisioner.wiring.origin import asked_of_git
from provisioner.wiring.packaging import digest
from tests.cli.program import PROJECT, Ended

UV = shutil.which("uv") or str(PROJECT / ".tools" / "bin" / "uv")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("package"),
    pytest.mark.skipif(not Path(UV).is_file(), reason="needs uv, which builds and installs"),
]
INIT = ("--team", "churn", "--owner", "churn@example.com", "--cost-center", "cc-1", "--data-class", "internal")


@dataclass(frozen=True)
class Built:
    folder: Path

    @property
    def wheel(self) -> Path:
        (found,) = self.folder.glob("*.whl")
        return found

    @property
    def source(self) -> Path:
        (found,) = self.folder.glob("*.tar.gz")
        return found


@dataclass(frozen=True)
class Stranger:
    """Somebody with the installed program, a home and an empty folder; nothing of the checkout is in reach."""

    programs: Path
    home: Path
    folder: Path

    def runs(self, *arguments: str, expected: int = 0) -> Ended:
        path = f"{self.programs}:{os.environ['PATH']}"
        ended = subprocess.run(
            ["provision-env", *arguments],
            cwd=self.folder,
            env={"PATH": path, "HOME": str(self.home), "USER": "ann"},
            executable=self.programs / "provision-env",
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        told = Ended(ended.returncode, ended.stdout, ended.stderr)
        assert told.code == expected, told
        return told


def uv(*arguments: str, **variables: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    command = [UV, *arguments]
    ended = subprocess.run(
        command, cwd=PROJECT, env={**kept, **variables}, capture_output=True, text=True, check=False, timeout=280
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def of_git(folder: str) -> set[str]:
    """Return the files of a folder that git knows, or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder]
    said = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60).stdout
    return {path for path in said.splitlines() if (PROJECT / path).is_file()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--out-dir", str(folder))
    return Built(folder)


@pytest.fixture(scope="module")
def stranger(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    """Install the wheel with the locked versions of what it needs: nobody's release of today decides this test."""
    place = tmp_path_factory.mktemp("machine")
    locked = place / "locked.txt"
    locked.write_text(uv("export", "--frozen", "--quiet", "--no-dev", "--no-emit-project", "--no-hashes"))
    folders = {"UV_TOOL_DIR": str(place / "tools"), "UV_TOOL_BIN_DIR": str(place / "bin")}
    uv("tool", "install", "--quiet", "--constraints", str(locked), str(built.wheel), **folders)
    for name in ("home", "work"):
        (place / name).mkdir()
    person = Stranger(place / "bin", place / "home", place / "work")
    yield person
    person.runs("sandbox", "stop")


def test_the_wheel_holds_the_package_and_what_it_reads_and_nothing_else(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = [PurePosixPath(name) for name in wheel.namelist()]
    data = {name.parts[2] for name in names if name.parts[:2] == ("provisioner", "_data")}
    assert data == set(SHIPPED)
    own = {str(name) for name in names if name.parts[0] == "provisioner" and name.parts[1] != "_data"}
    assert own == {*of_git("provisioner"), "provisioner/_build.json"}
    assert {name.parts[0] for name in names} == {"provisioner", f"provision_env-{version('provision-env')}.dist-info"}


def test_every_shipped_file_is_the_one_of_the_checkout(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        for name, source in SHIPPED.items():
            prefix = f"provisioner/_data/{name}/"
            packed = {
                each.removeprefix(prefix): wheel.read(each) for each in wheel.namelist() if each.startswith(prefix)
            }
            there = {path.removeprefix(f"{source}/"): (PROJECT / path).read_bytes() for path in of_git(source)}
            assert packed == there, name


def test_the_source_archive_builds_alone_and_says_the_same(built: Built) -> None:
    with tarfile.open(built.source) as archive:
        (record,) = [each for each in archive.getmembers() if each.name.endswith("provisioner/_build.json")]
        content = archive.extractfile(record)
        assert content is not None
        said = json.loads(content.read())
    with zipfile.ZipFile(built.wheel) as wheel:
        assert json.loads(wheel.read("provisioner/_build.json")) == said  # uv makes the wheel of the archive
    assert said["commit"] == asked_of_git(PROJECT)["commit"]


def test_a_wheel_straight_from_a_checkout_at_work_is_the_same(built: Built, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    with tarfile.open(built.source) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    next((tmp_path / "unpacked").iterdir()).rename(checkout)
    (checkout / "provisioner" / "_build.json").unlink()
    for left in ("backstage/minimal/node_modules/x/index.js", "terraform/modules/gcs-bucket/.terraform/lock"):
        (checkout / left).parent.mkdir(parents=True)
        (checkout / left).write_text("left by a tool")
    uv("build", "--quiet", "--wheel", "--out-dir", str(tmp_path / "dist"), str(checkout))
    with zipfile.ZipFile(built.wheel) as first, zipfile.ZipFile(Built(tmp_path / "dist").wheel) as second:
        assert sorted(second.namelist()) == sorted(first.namelist())
        assert (
            json.loads(second.read("provisioner/_build.json"))["commit"] is None
        )  # an unpacked archive is no checkout


def test_the_installed_program_knows_itself(stranger: Stranger) -> None:
    document: dict[str, Any] = stranger.runs("version", "-o", "json").document
    assert document["built_from"]["kind"] == "build"
    assert document["digests"] == {name: digest(data_folder(name)) for name in SHIPPED}


def test_the_installed_program_brings_what_backstage_needs(stranger: Stranger) -> None:
    stranger.runs("schema", "backstage", "--into", "portal")
    written = {
        path.relative_to(stranger.folder / "portal").as_posix() for path in (stranger.folder / "portal").rglob("*")
    }
    assert {"template.yaml", "scaffolder-module/package.json"} <= written
    shown = stranger.runs("schema", "backstage").out
    assert shown.startswith((PROJECT / "backstage" / "template.yaml").read_text()[:60])


def test_from_an_empty_folder_to_a_proven_team(stranger: Stranger) -> None:
    stranger.runs("new-platform", "first", "--defaults")
    stranger = replace(stranger, folder=stranger.folder / "first")
    stranger.runs("init", *INIT, "--environment", "dev=example-churn-dev")
    result = stranger.runs("up", "teams/churn.yaml", "--sandbox", "--yes", "-o", "json").document
    assert result["access"]["right"] is True
    assert result["outputs"]["churn-dev"]["environment"]["buckets"]
    assert result["repository"]["full_name"] == "example-ml/churn"
    again = stranger.runs("up", "teams/churn.yaml", "--yes", "-o", "json").document
    assert not any(any(counts.values()) for counts in again["changes"].values())


def test_the_platform_folder_works_as_it_was_written(stranger: Stranger) -> None:
    stranger.runs("new-platform", "fresh", "--defaults")
    example = "fresh/teams/example.yaml"
    for words in (("validate", example), ("render", example, "--out", "fresh/terraform")):
        stranger.runs(*words)
    up = stranger.runs("up", example, "--sandbox", "--yes", "-o", "json").document
    assert (up["team"], up["access"]["right"]) == ("example", True)
    laid = stranger.runs("bootstrap", "fresh/platform.yaml", "--sandbox", "--yes", "-o", "json").document
    assert laid["repository"]["full_name"] == "example-ml/platform"
