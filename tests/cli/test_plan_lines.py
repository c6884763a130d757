"""How `plan` tells what becomes of a value."""

from __future__ import annotations

from provisioner.cli.changes import attributes


def test_only_the_leaf_that_differs_is_told() -> None:
    before = {"amount": [{"units": "500", "currency": "EUR"}], "name": "a", "labels": {"team": "x"}}
    after = {"amount": [{"units": "250", "currency": "EUR"}], "name": "(sensitive)", "labels": {}}
    assert attributes({"actions": ["update"], "before": before, "after": after}) == [
        'amount[0].units: "500" -> "250"',
        'labels.team: "x" -> (absent)',
        'name: "a" -> (sensitive)',
    ]


def test_a_list_of_another_length_is_told_as_a_whole_and_short() -> None:
    (line,) = attributes({"actions": ["update"], "before": {"all": []}, "after": {"all": ["x" * 90, "y"]}})
    assert line.startswith('all: [] -> ["xxx')
    assert line.endswith("…")
    assert len(line) < 80


def test_what_comes_or_goes_needs_no_lines_and_a_flood_is_counted() -> None:
    assert attributes({"actions": ["create"], "after": {"name": "a"}}) == []
    assert attributes({"actions": ["delete"], "before": {"name": "a"}}) == []
    flood = {f"name-{number:02}": number for number in range(50)}
    lines = attributes({"actions": ["delete", "create"], "before": {}, "after": flood})
    assert (len(lines), lines[-1]) == (41, "… and 10 more")
