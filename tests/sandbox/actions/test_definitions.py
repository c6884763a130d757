"""Workflow files before anything runs: validity, matrices, filters, cron lines, inputs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.sandbox.github import triggers
from provisioner.sandbox.github.actions import filters, matrix, schedule
from provisioner.sandbox.github.actions.definition import InvalidWorkflow, permissions_of, read
from provisioner.sandbox.github.actions.expressions import ExpressionError

STEPS = "runs-on: x\n    steps: [{run: a}]"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("on: push\njobs: {}", "jobs"),
        (f"jobs:\n  a:\n    {STEPS}", "No event triggers"),
        (f"on: push\nx: 1\njobs:\n  a:\n    {STEPS}", "Unexpected value 'x'"),
        (f"on: push\njobs:\n  a:\n    needs: b\n    {STEPS}", "depends on unknown job 'b'"),
        (f"on: push\njobs:\n  a:\n    needs: b\n    {STEPS}\n  b:\n    needs: a\n    {STEPS}", "Cycle: a, b"),
        (f"on: push\npermissions: {{nothing: read}}\njobs:\n  a:\n    {STEPS}", "'nothing'"),
        (f"on: push\npermissions: {{contents: admin}}\njobs:\n  a:\n    {STEPS}", "'admin'"),
        (f"on: push\njobs:\n  1a:\n    {STEPS}", "identifier '1a'"),
        ("on: push\njobs:\n  a:\n    steps: [{run: a}]", "runs-on"),
        ("on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: a, uses: b}]", "exactly one of"),
        ("on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: '${{ a b }}'}]", "Unexpected symbol"),
        ("on: push\njobs:\n  a:\n    runs-on: x\n    steps: []", "steps"),
        ("on: push\njobs:\n  a:\n    uses: ./x\n    runs-on: x", "calls a workflow"),
        ("on: [push\n", "yaml syntax"),
    ],
)
def test_files_that_github_does_not_run(text: str, problem: str) -> None:
    with pytest.raises(InvalidWorkflow) as refused:
        read(".github/workflows/a.yml", text.encode())
    assert problem in str(refused.value)


def test_permissions() -> None:
    assert permissions_of(None) is None
    assert permissions_of({}) == {}
    assert permissions_of({"contents": "read", "issues": "none"}) == {"contents": "read"}
    everything = permissions_of("read-all")
    assert everything is not None
    assert (everything["contents"], "id-token" in everything) == ("read", False)


def test_the_matrix_of_githubs_reference() -> None:
    included = [
        {"color": "green"},
        {"color": "pink", "animal": "cat"},
        {"fruit": "apple", "shape": "circle"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]
    section: dict[str, Any] = {"fruit": ["apple", "pear"], "animal": ["cat", "dog"], "include": included}
    assert matrix.combinations(section) == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


def test_exclusions_and_limits() -> None:
    rows = matrix.combinations({"os": ["a", "b"], "v": [1, 2], "exclude": [{"os": "a", "v": 2}]})
    assert rows == [{"os": "a", "v": 1}, {"os": "b", "v": 1}, {"os": "b", "v": 2}]
    assert matrix.label({"os": "a", "v": 1, "more": {"x": True}}) == "a, 1, true"
    assert matrix.combinations({"include": [{"a": 1}]}) == [{"a": 1}]
    wrong: list[Any] = [{"a": []}, {"a": "x"}, [1], {"a": list(range(257))}, {"a": [1], "exclude": [{"a": 1}]}]
    for section in wrong:
        with pytest.raises(ExpressionError):
            matrix.combinations(section)


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("**.md", "docs/a/b.md", True),
        ("*.js", "a/b.js", False),
        ("docs/**", "docs/a/b", True),
        ("**/docs/**", "a/docs/b", True),
        ("**/README.md", "README.md", True),
        ("v[12].[0-9]+.[0-9]+", "v1.10.1", True),
        ("v[12].[0-9]+.[0-9]+", "v3.10.1", False),
        ("releases/**-alpha", "releases/beta/3-alpha", True),
        ("*.jsx?", "page.js", True),
        ("feature/*", "feature/a/b", False),
        ("[", "[", True),
    ],
)
def test_patterns_of_the_cheat_sheet(pattern: str, name: str, fits: bool) -> None:  # noqa: FBT001 - a table
    assert filters.fits(pattern, name) is fits


def test_exclamation_marks_take_out_again() -> None:
    assert filters.chosen(["releases/**", "!releases/**-alpha", "releases/9-alpha"], "releases/9-alpha")
    assert not filters.chosen(["releases/**", "!releases/**-alpha"], "releases/8-alpha")


NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)  # a Saturday


@pytest.mark.parametrize(
    ("line", "following", "last"),
    [
        ("17 5 * * 1", datetime(2026, 11, 23, 5, 17, tzinfo=UTC), datetime(2026, 11, 16, 5, 17, tzinfo=UTC)),
        ("*/15 * * * *", datetime(2026, 11, 21, 12, 15, tzinfo=UTC), NOON),
        ("0 0 29 feb *", datetime(2028, 2, 29, tzinfo=UTC), None),
        ("0 9 1 * fri", datetime(2026, 11, 27, 9, tzinfo=UTC), datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("0 0 31 2 *", None, None),
    ],
)
def test_cron_lines(line: str, following: datetime | None, last: datetime | None) -> None:
    cron = schedule.parse(line)
    assert cron.next(NOON) == following
    assert cron.latest(datetime(2026, 11, 1, tzinfo=UTC), NOON) == last


@pytest.mark.parametrize("line", ["* * * *", "60 * * * *", "* * * * mo", "5-1 * * * *", "*/0 * * * *"])
def test_what_is_no_cron_line(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of several functions
        schedule.parse(line)


def workflow(on: Any) -> triggers.Workflow:
    return triggers.Workflow("w.yml", "w", on)


def test_inputs_of_a_dispatch_have_types() -> None:
    declared = {
        "level": {"type": "choice", "options": ["low", "high"]},
        "dry": {"type": "boolean", "default": True},
        "count": {"type": "number"},
        "who": {"required": True},
    }
    asked = workflow({"workflow_dispatch": {"inputs": declared}})
    given = {"who": "me", "count": "3", "dry": "false"}
    assert triggers.accepted_inputs(asked, given) == {"level": "low", "dry": False, "count": 3, "who": "me"}
    for wrong in ({}, {"who": "x", "more": 1}, {"who": "x", "level": "mid"}, {"who": "x", "count": "many"}):
        with pytest.raises(triggers.InputRefused):
            triggers.accepted_inputs(asked, wrong)


def test_what_starts_a_workflow() -> None:
    pulls = workflow({"pull_request": {"paths": ["src/**"], "types": ["opened", "closed"]}})
    assert triggers.starts_on_pull_request(pulls, "main", "closed", ["src/a.py"])
    assert not triggers.starts_on_pull_request(pulls, "main", "synchronize", ["src/a.py"])
    assert not triggers.starts_on_pull_request(pulls, "main", "opened", ["docs/a.md"])
    ended = workflow({"workflow_run": {"workflows": ["ci"], "types": ["completed"], "branches": ["main"]}})
    assert triggers.starts_on_completion(ended, "ci", "main", "completed")
    assert not triggers.starts_on_completion(ended, "ci", "topic", "completed")
    assert not triggers.starts_on_completion(ended, "release", "main", "completed")
    sent = workflow({"repository_dispatch": {"types": ["retrain"]}})
    assert triggers.starts_on_repository_dispatch(sent, "retrain")
    assert not triggers.starts_on_repository_dispatch(sent, "other")
    assert triggers.skipped_by_message("Fix\n\n[skip ci]")
    assert triggers.skipped_by_message("Fix\n\nskip-checks: true")
    assert not triggers.skipped_by_message("skip it")
