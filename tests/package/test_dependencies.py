"""What the lock file installs: packages that do not get in each other's way."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path


def contested(installed: Iterable[Distribution]) -> dict[str, set[str]]:
    """Return the files that several distributions bring, with their names: which one wins is up to the installer."""
    owners: dict[str, set[str]] = defaultdict(set)
    for each in installed:
        name = each.name
        for row in csv.reader((each.read_text("RECORD") or "").splitlines()):
            owners[row[0]].add(name)
    return {file: names for file, names in owners.items() if len(names) > 1}


def install(folder: Path, name: str, module: str) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text(f"{module}/__init__.py,,\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n")


def test_no_file_has_two_owners(tmp_path: Path) -> None:
    install(tmp_path, "one", "shared")
    install(tmp_path, "other", "alone")
    assert contested(distributions(path=[str(tmp_path)])) == {}
    install(tmp_path, "third", "shared")
    assert contested(distributions(path=[str(tmp_path)])) == {"shared/__init__.py": {"one", "third"}}

    installed = list(distributions())
    assert "checkov" in {each.name for each in installed}
    assert contested(installed) == {}
