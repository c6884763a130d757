"""A plan as the rules see it: what will exist afterwards, with unknown values told apart from absent ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from provisioner.terraform.changes import ResourceChange
from provisioner.terraform.plan import Plan


class Unknown(Enum):
    """The value is decided during apply."""

    UNKNOWN = "known after apply"

    def __bool__(self) -> bool:
        """Refuse to be a truth value: a rule has to say what an unknown means to it."""
        raise TypeError("an unknown value is neither true nor false")


UNKNOWN = Unknown.UNKNOWN

_GONE = (("delete",), ("forget",), ("create", "forget"))


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource instance after the apply (or, for a deletion, before it)."""

    address: str
    type: str
    name: str
    mode: str
    provider: str
    actions: tuple[str, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    unknown: Any

    @property
    def stays(self) -> bool:
        """True when the resource exists and is managed after the apply."""
        return bool(self.after) or bool(self.unknown)

    def get(self, *path: str | int) -> Any:  # noqa: ANN401 - provider values have no narrower type
        """Return the planned value at ``path``; None when absent, UNKNOWN when apply decides it.

        A block that holds at most one entry is a list of one: its index is given as 0.
        """
        return _lookup(self.after, self.unknown, path)

    def undecided(self, *path: str | int) -> bool:
        """Tell whether apply decides anything at ``path`` or below it; a member it decides is not among those known."""
        unknown = self.unknown
        for step in path:
            unknown = True if unknown is True else _step(unknown, step)
        return _partly_unknown(unknown)

    def text(self, *path: str | int) -> str:
        """Return a known string, or an empty one for anything else; for messages and keys only."""
        value = self.get(*path)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class PlanView:
    """The whole plan for the rules: resources, the raw configuration and the root's variables."""

    resources: tuple[Resource, ...]
    configuration: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    def of(self, *types: str) -> Iterator[Resource]:
        """Yield the managed resources of these types that exist after the apply."""
        return (r for r in self.resources if r.type in types and r.mode == "managed" and r.stays)

    def staying(self) -> Iterator[Resource]:
        """Yield every managed resource that exists after the apply."""
        return (r for r in self.resources if r.mode == "managed" and r.stays)

    @property
    def manages_project(self) -> bool:
        """Whether this root owns the project-wide settings: it then enables the project's services."""
        return any(self.of("google_project_service"))


def view(plan: Plan) -> PlanView:
    """Build the view from a typed plan."""
    return PlanView(tuple(_resource(change) for change in plan.changes), plan.configuration, plan.variables)


def _resource(change: ResourceChange) -> Resource:
    gone = change.actions in _GONE
    return Resource(
        address=change.address,
        type=change.type,
        name=change.name,
        mode=change.mode,
        provider=change.provider,
        actions=change.actions,
        before=change.before or {},
        after={} if gone or change.after is None else change.after,
        unknown={} if gone or change.after_unknown is None else change.after_unknown,
    )


def _lookup(value: Any, unknown: Any, path: Sequence[str | int]) -> Any:  # noqa: ANN401 - provider values
    for step in path:
        if unknown is True:
            return UNKNOWN
        value, unknown = _step(value, step), _step(unknown, step)
    if unknown is True:
        return UNKNOWN
    return UNKNOWN if _partly_unknown(unknown) and not isinstance(value, (dict, list)) else value


def _step(value: Any, step: str | int) -> Any:  # noqa: ANN401 - provider values
    if isinstance(value, Mapping):
        return value.get(step) if isinstance(step, str) else None
    if isinstance(value, list) and isinstance(step, int):
        return value[step] if -len(value) <= step < len(value) else None
    return None


def _partly_unknown(unknown: Any) -> bool:  # noqa: ANN401 - provider values
    if isinstance(unknown, Mapping):
        return any(_partly_unknown(item) for item in unknown.values())
    if isinstance(unknown, list):
        return any(_partly_unknown(item) for item in unknown)
    return unknown is True
