"""What a program says it was built from: right in a checkout, in a copy, and where files were changed."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from provisioner.request.data import SHIPPED
from provisioner.wiring.origin import RECORD, asked_of_git, origin
from provisioner.wiring.packaging import digest
from tests.cli.conftest import Cli
from tests.cli.program import PROJECT

VERSIONS = "provisioner/render/templates/versions.tf.j2"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "file").write_text("1\n")
    git(folder, "add", "file")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


def test_a_clean_checkout_names_its_commit(checkout: Path) -> None:
    commit, committed = git(checkout, "log", "-1", "--format=%H %cI").split()
    assert asked_of_git(checkout) == {"commit": commit, "committed": committed, "dirty": False}
    assert origin(checkout / "package")["kind"] == "checkout"


@pytest.mark.parametrize("file", ["file", "new"])
def test_changes_that_are_not_in_the_commit_are_owned_up_to(checkout: Path, file: str) -> None:
    (checkout / file).write_text("2\n")
    assert asked_of_git(checkout)["dirty"] is True


def test_a_copy_inside_another_repository_is_not_that_repository(checkout: Path, tmp_path: Path) -> None:
    nothing = {"commit": None, "committed": None, "dirty": None}
    (checkout / "vendored").mkdir()
    assert asked_of_git(checkout / "vendored") == nothing
    (tmp_path / "plain").mkdir()
    assert origin(tmp_path / "plain" / "package") == {"kind": "unknown", **nothing}


def test_a_built_package_says_what_was_recorded_wherever_it_lies(checkout: Path) -> None:
    recorded = {"commit": "a" * 40, "committed": "2026-01-01T00:00:00+00:00", "dirty": True}
    package = checkout / "package"
    package.mkdir()
    (package / RECORD).write_text(json.dumps(recorded))
    assert origin(package) == {"kind": "build", **recorded}


def test_the_wheel_ships_every_folder_that_the_program_reads() -> None:
    target = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert target["force-include"] == {source: f"provisioner/_data/{name}" for name, source in SHIPPED.items()}
    assert all((PROJECT / source).is_dir() for source in SHIPPED.values())


def test_version_tells_everything_that_decides_what_is_made(cli: Cli) -> None:
    document = cli("version", "-o", "json").document
    assert document["digests"] == {name: digest(PROJECT / source) for name, source in SHIPPED.items()}
    assert document["built_from"] == origin(PROJECT / "provisioner")
    asked_for = re.findall(r'"(hashicorp/google)"\s+version = "(.+)"', (PROJECT / VERSIONS).read_text())
    assert document["provider"]["asked_for"] == " ".join(asked_for[0])
    assert (document["built_from"]["commit"] or "an unknown commit")[:12] in cli("version").out


def test_a_digest_follows_names_and_contents_and_nothing_that_tools_leave(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = digest(tmp_path)
    (tmp_path / ".terraform").mkdir()
    (tmp_path / ".terraform" / "lock").write_text("x")
    assert digest(tmp_path) == first
    (tmp_path / "a").write_text("2")
    assert digest(tmp_path) != first
    (tmp_path / "a").write_text("1")
    (tmp_path / "a").rename(tmp_path / "b")
    assert digest(tmp_path) != first
