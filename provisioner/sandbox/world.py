"""What every part of the sandbox is given: the store, the clock, the switches and the state folder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from provisioner.errors import InvalidInput
from provisioner.sandbox.errands import Errands
from provisioner.sandbox.quotas import parse_quotas
from provisioner.sandbox.store import Store

Setting = str | int | float | bool

DEFAULT_SETTINGS: Mapping[str, Setting] = {
    "lro_polls": 0,  # how often a long-running operation answers done: false before it is done
    "propagation_seconds": 0,  # how long a change of an IAM policy takes to count
    "enforce": True,  # false: IAM grants everything to every known caller
    "quotas": "",  # requests a minute: "PROJECT/METHODS=NUMBER", several with commas (see quotas.py)
    "billing_projects": 0,  # how many projects a billing account may pay for; 0 for no limit
    "github_plan": "enterprise",  # free, team or enterprise
    "github_requests_per_hour": 0,  # the primary rate limit of every caller; 0 for GitHub's own numbers
    "github_points_per_minute": 0,  # the secondary rate limit: 1 a read, 5 a write (GitHub's is 900); 0 for none
    "github_limit_status": 403,  # how a rate limit answers: 403 or 429
    "run_containers": "off",  # process: images deployed to Cloud Run are started as processes of this machine
    "actions": "off",  # act: jobs of workflows are executed as processes of this machine
    "log_bodies": True,  # keep (redacted) request and response bodies in the request log
}
_CHOICES: Mapping[str, tuple[str, ...]] = {"run_containers": ("off", "process"), "actions": ("off", "act")}
_STATE = "sandbox"


class Clock:
    """The sandbox's time: the real one plus what was advanced. UTC, and the same after a restart."""

    def __init__(self, store: Store, source: Callable[[], datetime] | None = None) -> None:
        """``source`` gives the real time; tests pass their own."""
        self._store = store
        self._source = source or (lambda: datetime.now(UTC))
        self._offset = timedelta()
        self._follower: Callable[[], object] = _nobody
        self.reload()

    def follow(self, follower: Callable[[], object]) -> None:
        """Have a function called after each advance: what has become due is done before ``advance`` returns."""
        self._follower = follower

    def now(self) -> datetime:
        """Return the current instant, in UTC."""
        return self._source() + self._offset

    def advance(self, seconds: float) -> datetime:
        """Move time forward for good; return the new instant. Raises InvalidInput on a negative number."""
        if seconds < 0:
            raise InvalidInput(f"the clock cannot go back ({seconds} seconds)", fix="advance by a positive number")
        self._offset += timedelta(seconds=seconds)
        with self._store.transaction() as tx:
            tx.put(_STATE, "clock", {"offsetSeconds": self._offset.total_seconds()})
        self._follower()
        return self.now()

    def reload(self) -> None:
        """Take the offset from the store again, after a start or a restore."""
        with self._store.transaction() as tx:
            kept = tx.get(_STATE, "clock") or {}
        self._offset = timedelta(seconds=kept.get("offsetSeconds", 0))


class Settings(Mapping[str, Setting]):
    """The switches of DEFAULT_SETTINGS, as changed through the control interface; kept in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._values: dict[str, Setting] = {}
        self.reload()

    def __getitem__(self, name: str) -> Setting:
        """Return the value in force; KeyError for a name that is no switch."""
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names of all switches."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many switches there are."""
        return len(self._values)

    def change(self, values: Mapping[str, object]) -> None:
        """Set some switches for good. Raises InvalidInput on an unknown name or another type than the default's."""
        accepted = {name: _accepted(name, value) for name, value in values.items()}
        self._values |= accepted
        changed = {name: value for name, value in self._values.items() if value != DEFAULT_SETTINGS[name]}
        with self._store.transaction() as tx:
            tx.put(_STATE, "settings", dict(changed))

    def reload(self) -> None:
        """Take the values from the store again, after a start or a restore."""
        with self._store.transaction() as tx:
            kept = tx.get(_STATE, "settings") or {}
        self._values = {name: kept.get(name, default) for name, default in DEFAULT_SETTINGS.items()}


def _nobody() -> None:
    """Follow nothing."""


def _accepted(name: str, value: object) -> Setting:
    default = DEFAULT_SETTINGS.get(name)
    if default is None:
        known = ", ".join(sorted(DEFAULT_SETTINGS))
        raise InvalidInput(f"unknown setting {name!r}", fix=f"use one of: {known}")
    wanted = type(default)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise InvalidInput(f"setting {name!r} is {value!r}", fix=f"give a value of type {wanted.__name__}")
    if value not in _CHOICES.get(name, (value,)):
        raise InvalidInput(f"setting {name!r} is {value!r}", fix=f"use one of: {', '.join(_CHOICES[name])}")
    if name == "quotas":
        parse_quotas(str(value))
    return value


class Companion(Protocol):
    """Something that lives as long as the server at most: running processes, threads."""

    def close(self) -> None:
        """End everything; called when the server stops, and when the store is reset or replaced.

        The store may be held meanwhile: nothing that needs it is waited for.
        """


CompanionT = TypeVar("CompanionT", bound=Companion)


class Companions:
    """The companions of one world, one of each kind, made on first use."""

    def __init__(self) -> None:
        self._made: dict[type, Companion] = {}
        self._lock = threading.Lock()

    def get(self, kind: type[CompanionT], make: Callable[[], CompanionT]) -> CompanionT:
        """Return the companion of a kind; ``make`` builds the first one."""
        with self._lock:
            found = self._made.get(kind)
            if not isinstance(found, kind):
                found = self._made[kind] = make()
            return found

    @property
    def busy(self) -> bool:
        """Tell whether one of them has work under way that nobody's requests show (a ``busy`` of its own)."""
        with self._lock:
            return any(getattr(companion, "busy", False) for companion in self._made.values())

    def close(self) -> None:
        """End all; the next ``get`` makes new ones."""
        with self._lock:
            ended, self._made = list(self._made.values()), {}
        for companion in ended:
            companion.close()


@dataclass(frozen=True, slots=True)
class World:
    """One sandbox. ``folder`` is the state folder (bare git repositories under ``git/``)."""

    store: Store
    clock: Clock
    settings: Settings
    folder: Path
    errands: Errands
    companions: Companions = field(default_factory=Companions)


def open_world(store: Store, folder: Path, source: Callable[[], datetime] | None = None) -> World:
    """Build a world on a store; ``source`` replaces the real time in tests."""
    clock = Clock(store, source)
    errands = Errands(clock.now)

    def follow() -> None:
        errands.announce()
        errands.settle()

    clock.follow(follow)
    return World(store, clock, Settings(store), folder, errands)
