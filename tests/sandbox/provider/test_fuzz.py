"""Any configuration that a type's shape admits is judged and planned; nothing of it brings the stand-in down."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.sandbox.provider.fields import Field
from provisioner.sandbox.provider.values import UNKNOWN
from tests.sandbox.provider.calls import Provider, Refused
from tests.sandbox.provider.shelf import Shelf
from tests.sandbox.provider.test_tables import known, types

OUR_FAULT = "fault of the sandbox's stand-in"
TEXTS = (
    "",
    "a",
    "30d",
    "86400s",
    "projects/p/x/y",
    "user:a@b.c",
    "{}",
    "[1]",
    '[{"name":"a"}]',
    '[{"name":1}]',
    "\U0001f600",
)
NUMBERS = (0, 1, -1, 2**53, -(2**53), 0.5)


@cache
def provider() -> Provider:
    return Provider(Shelf(), known())


def scalar(dice: Random, kind: str) -> Any:
    if kind == "bool":
        return dice.random() < 0.5
    if kind == "str":
        return dice.choice(TEXTS)
    return int(dice.choice(NUMBERS)) if kind == "int" else dice.choice(NUMBERS)


def value(dice: Random, part: Field) -> Any:
    """Return what Terraform may send for an attribute or a block: its value, null, or unknown at any depth."""
    if part.is_block:
        blocks = dice.choices((0, 1, 2), (6, 3, 1))[0]
        return [_unknown_or(dice, lambda: anything(dice, part.parts)) for _ in range(min(blocks, part.max_items or 2))]
    if not part.settable or dice.random() < 0.6:
        return None
    kind, _, inner = part.kind.partition(":")
    if kind in {"list", "set"}:
        return [_unknown_or(dice, lambda: scalar(dice, inner or "str")) for _ in range(dice.randrange(3))]
    if kind == "map":
        return {dice.choice(TEXTS): _unknown_or(dice, lambda: dice.choice(TEXTS)) for _ in range(dice.randrange(3))}
    return _unknown_or(dice, lambda: scalar(dice, kind))


def anything(dice: Random, fields: tuple[Field, ...]) -> dict[str, Any]:
    return {part.name: value(dice, part) for part in fields}


def _unknown_or(dice: Random, other: Callable[[], Any]) -> Any:
    return UNKNOWN if dice.random() < 0.1 else other()


def judged(name: str, config: Any, later: Any) -> list[Any]:
    """Return every diagnostic of a validation, of a plan for a new object and of one for a change."""
    found = provider().problems(name, config)
    try:
        planned, _ = provider().plan(name, None, config)
        provider().plan(name, provider().without_unknown(planned), later)
    except Refused as refused:
        found += refused.diagnostics
    return found


@pytest.mark.parametrize("name", types())
@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_nothing_that_can_be_written_brings_a_plan_down(name: str, seed: int) -> None:
    dice, fields = Random(seed), known().resources[name].fields  # noqa: S311 - dice, no secret
    config, later = anything(dice, fields), anything(dice, fields)
    faults = [each.summary for each in judged(name, config, later) if OUR_FAULT in each.detail]
    assert faults == []
