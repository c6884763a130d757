"""The page of what the sandbox plays is made from the code, and says what a running sandbox does."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from provisioner.sandbox.coverage import document, markdown
from provisioner.sandbox.google.catalog import SERVICES

PAGE = Path(__file__).parents[2] / "docs" / "COVERAGE.md"


def test_the_page_is_what_the_code_plays() -> None:
    """Mended by: provision-env sandbox coverage --output markdown > docs/COVERAGE.md."""
    assert PAGE.read_text(encoding="utf-8") == markdown(document()) + "\n"


def test_every_module_of_the_catalog_exists() -> None:
    """A misspelt one would silently refuse its methods."""
    modules = {name for facts in SERVICES for name in facts.modules}
    assert [name for name in modules if find_spec(f"provisioner.sandbox.google.services.{name}") is None] == []


def test_the_numbers_of_the_page_count_its_lines() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, played in re.findall(r"^\| \[([\w.]+)\]\S+ \| (\d+) \|", page, re.MULTILINE):
        section = page.partition(f"### {name}\n")[2].partition("<details>")[0].partition("\n#")[0]
        verbs = [verb for line in re.findall(r"^\* .*", section, re.MULTILINE) for verb in line.split(", ")]
        assert len(verbs) == int(played), name
