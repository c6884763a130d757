"""A setting on GitHub: what it should be, what it is, and how to write it. Writing is done only where the two differ.

The whole room is made of these: publishing mends the settings that differ, verifying reports them. So a run that was
killed anywhere is finished by the next one, and an unchanged run writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from provisioner.repository.api import GitHubApi, gather
from provisioner.repository.facts import Difference, EnvironmentOutputs
from provisioner.repository.kinds import PRODUCT, Kind
from provisioner.request.resolve import Team

_LONGEST_TEXT = 200


@dataclass(frozen=True)
class Target:
    """The repository being worked on. ``outputs`` is by environment; empty before Terraform has applied."""

    api: GitHubApi
    team: Team
    outputs: dict[str, EnvironmentOutputs]
    kind: Kind = PRODUCT

    @property
    def owner(self) -> str:
        """Return the login of the organisation."""
        return self.team.platform.github.owner

    @property
    def path(self) -> str:
        """Return the start of the repository's paths."""
        return f"/repos/{self.team.repository_full_name}"


@dataclass(frozen=True)
class Setting:
    """``expected`` and ``found`` are JSON; they agree when everything expected is there (see ``covers``)."""

    where: str
    expected: Any
    found: Any
    write: Callable[[], object]

    @property
    def differs(self) -> bool:
        """Tell whether it has to be written."""
        return not covers(self.expected, self.found)

    def difference(self) -> Difference:
        """Return both sides as text for people."""
        return Difference(self.where, _text(self.expected), _text(self.found))


def covers(expected: object, found: object) -> bool:
    """Tell whether ``found`` has everything ``expected`` says; more keys of an object are GitHub's own defaults.

    Lists have to be of the same length and each element has to be covered by one of the other, in any order.
    """
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(key in found and covers(expected[key], found[key]) for key in expected)
    if isinstance(expected, list):
        return isinstance(found, list) and len(expected) == len(found) and _all_covered(expected, found)
    return expected == found and isinstance(found, bool) == isinstance(expected, bool)


def mend(settings: Iterable[Setting]) -> tuple[str, ...]:
    """Write the settings that differ, in order, and return their names."""
    written = []
    for setting in settings:
        if setting.differs:
            setting.write()
            written.append(setting.where)
    return tuple(written)


def mend_groups(groups: Iterable[Iterable[Setting]]) -> tuple[str, ...]:
    """Mend groups that do not depend on each other at once, each in its own order."""
    return tuple(name for written in gather([partial(mend, group) for group in groups]) for name in written)


def differences(settings: Iterable[Setting]) -> tuple[Difference, ...]:
    """Return what differs."""
    return tuple(setting.difference() for setting in settings if setting.differs)


def _all_covered(expected: list[Any], found: list[Any]) -> bool:
    """Give each expected element one of its own; an element that fits several must not take another's only one."""
    if not expected:
        return True
    first, *rest = expected
    return any(
        covers(first, candidate) and _all_covered(rest, found[:place] + found[place + 1 :])
        for place, candidate in enumerate(found)
    )


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    text = "nothing" if value is None else text
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
