"""The sensitive values of a plan, and texts that do not contain them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from provisioner.terraform import document as reading
from provisioner.terraform.changes import OutputChange, ResourceChange
from provisioner.terraform.masking import SENSITIVE
from provisioner.terraform.plan import Plan

_ORDINARY_WORD = 4
"""Shorter values are hidden as whole words only: a sensitive ``a`` would blacken every text."""


def sensitive_texts(plan: Plan) -> frozenset[str]:
    """Return every text of a plan that it marks as sensitive: of resources, outputs and variables of the root.

    Raises InvalidInput when the declarations of variables are of another shape than Terraform's.
    """
    found: set[str] = set()
    everything: tuple[ResourceChange | OutputChange, ...] = (*plan.changes, *plan.drift, *plan.output_changes)
    for change in everything:
        found.update(_marked(change.before, change.before_sensitive))
        found.update(_marked(change.after, change.after_sensitive))
    root = reading.mapping(plan.configuration.get("root_module"), what="root_module")
    declared = reading.mapping(root.get("variables"), what="variables")
    for name, value in plan.variables.items():
        if reading.mapping(declared.get(name), what=f"variable {name}").get("sensitive"):
            found.update(_texts(value))
    return frozenset(found - {""})


def hiding(values: Collection[str]) -> Callable[[str], str]:
    """Return a function that replaces the values in a text; longer ones first, so that no rest of one shows."""
    if not values:
        return lambda text: text
    forms = sorted(values, key=len, reverse=True)
    pattern = re.compile("|".join(map(_form, forms)))
    return lambda text: pattern.sub(SENSITIVE, text)


def _form(value: str) -> str:
    escaped = re.escape(value)
    return escaped if len(value) >= _ORDINARY_WORD else rf"(?<!\w){escaped}(?!\w)"


def _marked(value: Any, mark: Any) -> Iterator[str]:  # noqa: ANN401 - provider values
    if mark is True:
        yield from _texts(value)
    elif isinstance(value, Mapping) and isinstance(mark, Mapping):
        for key, item in value.items():
            yield from _marked(item, mark.get(key))
    elif isinstance(value, list) and isinstance(mark, list):
        for item, item_mark in zip(value, mark, strict=False):
            yield from _marked(item, item_mark)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - provider values
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield str(value)
