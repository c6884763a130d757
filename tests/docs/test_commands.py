"""Every fenced command of the README and the docs is run, in the order of its page, in one sandbox per page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = ("README.md", *(f"docs/{path.name}" for path in sorted((PROJECT / "docs").glob("*.md"))))
QUICK = ("README.md", "docs/sandbox.md", "docs/cli.md", "docs/show.md", "docs/install.md")
FENCE = re.compile(r"^```(\w+)(.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def commands(page: str) -> list[str]:
    """Return the shell commands of a page; one marked ``no-run`` installs the machine or needs a real cloud."""
    fences = FENCE.findall((PROJECT / page).read_text(encoding="utf-8"))
    return [body for language, marks, body in fences if language in {"sh", "bash", "shell"} and "no-run" not in marks]


def environment(home: Path) -> dict[str, str]:
    programs = home / "bin"
    programs.mkdir(parents=True)
    program = programs / "provision-env"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m provisioner "$@"\n')
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG"} or name.startswith("COV")}
    return {**kept, "PATH": f"{programs}:{kept['PATH']}", "HOME": str(home), "PYTHONPATH": str(PROJECT), "CI": "1"}


@pytest.mark.parametrize("page", PAGES)
def test_no_fence_is_without_a_language(page: str) -> None:
    opening = [line for number, line in enumerate(_fence_lines(page)) if number % 2 == 0]
    assert all(line.strip() != "```" for line in opening), page


def _fence_lines(page: str) -> list[str]:
    return [line for line in (PROJECT / page).read_text(encoding="utf-8").splitlines() if line.startswith("```")]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    own = PROJECT / page
    for target, anchor in LINK.findall(own.read_text(encoding="utf-8")):
        place = own.parent / target if target else own
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.e2e
@pytest.mark.xdist_group("docs")
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=() if page in QUICK else pytest.mark.slow) for page in PAGES if commands(page)],
)
def test_the_commands_of_a_page_work(page: str, tmp_path: Path) -> None:
    variables = environment(tmp_path / "home")
    try:
        for command in commands(page):
            ended = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command],
                cwd=PROJECT,
                env=variables,
                capture_output=True,
                text=True,
                check=False,
                timeout=180,
            )
            assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    finally:
        subprocess.run(["provision-env", "sandbox", "stop"], cwd=PROJECT, env=variables, check=False)
