"""OpenTofu in place of Terraform: it takes hashicorp/google for another address, and lives as well in the sandbox.

No package registry has its binary; it can be built from the Go module proxy (`go mod download
github.com/opentofu/opentofu@v1.12.6`, then `go build ./cmd/tofu` in a copy of the module's folder: its replace
directives keep `go install` from building it).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.errors import ProvisionError
from provisioner.terraform.binary import find_terraform
from provisioner.wiring.providers import this_system
from tests.cli.program import Ended, Person
from tests.cli.test_provider_choice import ROOT
from tests.e2e.desk import Desk, new_desk
from tests.sandbox.provider.plugin import VERSION, build_mirror

FOUND = shutil.which("tofu")


def _usable() -> bool:
    try:
        return FOUND is not None and find_terraform(FOUND, os.environ["PATH"]).kind == "tofu"
    except ProvisionError:
        return False


pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("opentofu"),
    pytest.mark.skipif(not _usable(), reason="no OpenTofu 1.11 or newer on this machine"),
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give a person a machine that has OpenTofu and git, and no Terraform."""
    folder = tmp_path_factory.mktemp("desk")
    programs = folder / "bin"
    programs.mkdir()
    for name in ("tofu", "git"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    made = new_desk(folder)
    yield Desk(made.person.given(PATH=str(programs)), folder)
    made.person.runs("sandbox", "stop")


def tofu(person: Person, folder: Path, option: tuple[str, ...], *arguments: str) -> Ended:
    return person.runs("sandbox", "shell", *option, "tofu", f"-chdir={folder}", *arguments, "-no-color")


@pytest.mark.parametrize("way", ["attached", "mirror"])
def test_a_root_lives(desk: Desk, tmp_path: Path, way: str) -> None:
    project = f"tofu-{way}-dev"
    option: tuple[str, ...] = ()
    if way == "mirror":
        mirror = build_mirror(tmp_path / "mirror", this_system(), place="registry.opentofu.org/hashicorp/google")
        option = ("--provider-mirror", str(mirror))
    everything = replace(desk, person=replace(desk.person, variables={}))
    everything.call("POST", "https://cloudresourcemanager.googleapis.com/v3/projects", {"projectId": project})
    (tmp_path / "main.tf").write_text(ROOT.replace("PROJECT", project))
    begun = tofu(desk.person, tmp_path, option, "init")
    assert begun.code == 0, begun
    assert (f"v{VERSION}" in begun.out) is (way == "mirror")
    assert "2 added" in tofu(desk.person, tmp_path, option, "apply", "-auto-approve").out
    assert "No changes" in tofu(desk.person, tmp_path, option, "plan").out
    assert "2 destroyed" in tofu(desk.person, tmp_path, option, "destroy", "-auto-approve").out


@pytest.mark.slow
def test_a_team_lives_where_only_opentofu_is_installed(desk: Desk) -> None:
    up = desk.up(desk.request("tofu"))
    assert up.code == 0, up
    assert "with OpenTofu" in up.err
    again = desk.up(desk.request("tofu"))
    assert "nothing was changed" in again.out
    destroyed = desk.person.runs("destroy", "tofu", "--yes")
    assert destroyed.code == 0, destroyed
