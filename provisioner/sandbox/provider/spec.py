"""What distinguishes one resource type from another, and the shapes that its table gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from provisioner.sandbox.provider import mapping
from provisioner.sandbox.provider.fields import Field
from provisioner.sandbox.provider.values import Value

State = dict[str, Value]
_ALL: Final = frozenset({"create", "update", "delete"})


@dataclass(frozen=True)
class Spec:
    """What distinguishes one type.

    ``base`` is host and version; ``parent`` and ``own`` are path templates over the state's attributes;
    ``query`` is the create call's; ``waits`` names the calls that answer with an operation;
    ``update`` is the verb (empty: every change replaces), ``mask`` whether updateMask is sent;
    ``imports`` are the accepted id formats, longest first; ``defaults_project`` whether a plan shows the provider's.
    """

    name: str
    title: str
    table: str
    base: str = ""
    parent: str = ""
    own: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    waits: frozenset[str] = frozenset()
    update: str = "PATCH"
    mask: bool = True
    imports: tuple[str, ...] = ()
    timeouts: tuple[str, ...] = ("create", "delete", "update")
    version: int = 0
    defaults_project: bool = True
    legacy: bool = False


def waits_for(*steps: str) -> frozenset[str]:
    """Return the set of calls that answer with an operation; no argument means all."""
    return frozenset(steps) or _ALL


def reshape(fields: tuple[Field, ...], state: Mapping[str, Value]) -> State:
    """Return a stored object with exactly the attributes of a table."""
    shaped: State = {}
    for part in fields:
        value = state.get(part.name)
        if part.is_block:
            blocks = value if isinstance(value, list) else [value] if value else []
            value = [reshape(part.parts, block) for block in blocks]
        shaped[part.name] = value
    return shaped


def has_write_only(part: Field) -> bool:
    """Tell whether a field, or one inside it, may only be in the configuration."""
    return "writeonly" in part.flags or any(map(has_write_only, part.parts))


def sealed(fields: tuple[Field, ...], state: State) -> State:
    """Return a state without what may only be in the configuration."""
    closed = dict(state)
    for part in fields:
        if "writeonly" in part.flags:
            closed[part.name] = None
        elif part.is_block and has_write_only(part):
            closed[part.name] = [sealed(part.parts, block) for block in closed.get(part.name) or []]
    return closed


def mask_of(part: Field) -> str:
    """Return what an update mask says for a field."""
    return part.flags.get("mask") or mapping.api_path(part)


def import_pattern(pattern: str) -> re.Pattern[str]:
    """Return an id format as a pattern: ``{x}`` is one part of a path, ``{x+}`` any number."""
    text = re.sub(r"\\\{(\w+)(\\\+)?\\\}", lambda found: _group(found[1], whole=bool(found[2])), re.escape(pattern))
    return re.compile(text)


def _group(name: str, *, whole: bool) -> str:
    return f"(?P<{name}>{'.+' if whole else '[^/]+'})"
