"""The pages about the command line say what the program says."""

from __future__ import annotations

import re

import pytest

from provisioner.cli.app import VERBS
from tests.cli.program import PROJECT
from tests.cli.reference import PAGE, helps, page

LEAVES = [path for path, _ in helps() if path]


def test_the_reference_is_what_help_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m tests.cli.reference"


def test_every_verb_is_in_the_reference() -> None:
    headings = set(re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(VERBS) <= headings


@pytest.mark.parametrize("path", [path for path in LEAVES if not any(other.startswith(f"{path} ") for other in LEAVES)])
def test_what_a_verb_prints_for_programs_is_published(path: str) -> None:
    rows = re.findall(r"^\| (.+?) \|", (PROJECT / "docs" / "output.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = {word for row in rows for word in re.findall(r"`([a-z-]+(?: [a-z-]+)*)`", row)}
    assert path in named
