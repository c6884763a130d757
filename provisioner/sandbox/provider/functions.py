"""The provider's functions: parts of resource ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Function:
    """One function from a text to a text; ``call`` raises ValueError with what is wrong."""

    name: str
    parameter: str
    summary: str
    call: Callable[[str], str]


def functions() -> tuple[Function, ...]:
    """Return all functions."""
    return (
        Function("project_from_id", "id", "Returns the project within a provided resource id.", _after("projects")),
        Function("location_from_id", "id", "Returns the location within a provided resource id.", _after("locations")),
        Function("region_from_id", "id", "Returns the region within a provided resource id.", _after("regions")),
        Function("zone_from_id", "id", "Returns the zone within a provided resource id.", _after("zones")),
        Function("name_from_id", "id", "Returns the short-form name within a provided resource id.", _name),
        Function("region_from_zone", "zone", "Returns the region of a provided zone.", _region),
    )


_ZONE: Final = re.compile(r"([a-z]+-[a-z]+\d+)-[a-z]")


def _after(collection: str) -> Callable[[str], str]:
    def find(text: str) -> str:
        found = re.search(rf"(?:^|/){collection}/([^/]+)(?:/|$)", text)
        if found is None:
            pattern = f"{collection}/{{{collection[:-1]}}}/"
            raise ValueError(f'The input string "{text}" doesn\'t contain the expected pattern "{pattern}".')
        return found[1]

    return find


def _name(text: str) -> str:
    name = text.rsplit("/", 1)[-1]
    if "/" not in text or not name:
        raise ValueError(f'The input string "{text}" doesn\'t contain the expected pattern "resourceType/{{name}}$".')
    return name


def _region(text: str) -> str:
    found = _ZONE.fullmatch(text)
    if found is None:
        raise ValueError(f'The input string "{text}" is not a valid zone name.')
    return found[1]
