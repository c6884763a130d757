"""The notation of the resource tables, and what it means to Terraform.

A table has one line per attribute or block: name, type, flags; two blanks more per nesting level.

    account_id   str!^  match=account_id
    project      str?^
    oidc         one    choice=provider_kind
      issuer_uri str!

Types: ``str bool int num``; ``list set map`` of strings, ``list:num``; blocks ``one`` (a list of at most one),
``blocks`` (a list), ``setblocks`` (a set); ``objects`` and ``setobjects`` (computed lists and sets of objects).
Marks: ``!`` required, ``?`` optional and computed, ``*`` computed only, none optional; ``^`` a change replaces.
Flags: ``default= min= max= sensitive writeonly`` for Terraform; ``api=path virtual keep zero null empty keyed=``
for the mapping to JSON (mapping.py); ``same=`` names a rule that hides a difference (suppress.py), ``filled`` keeps
what the server filled in;
``in= match= choice= clash= with= any=`` are checks (validate.py). In a default ``~`` stands for a blank.
A line ``@name`` stands for the lines of that macro.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from provisioner.sandbox.provider.values import Type, Value

_LINE: Final = re.compile(r"(?P<indent> *)(?P<name>\S+) +(?P<kind>[a-z]+(?::[a-z]+)?)(?P<marks>[!?*^]*)(?P<flags>.*)")
_PRIMITIVE: Final = {"str": "string", "bool": "bool", "int": "number", "num": "number"}
_NESTING: Final = {"one": "list", "blocks": "list", "setblocks": "set", "objects": "list", "setobjects": "set"}
_ZERO: Final[Mapping[str, Value]] = {"str": "", "bool": False, "int": 0, "num": 0, "map": {}}

MACROS: Final = {
    "@project": "project str?^ virtual",
    "@policy": "deletion_policy str? virtual",
    "@labels": "labels map virtual\nterraform_labels map* virtual\neffective_labels map* api=labels send",
    "@annotations": "annotations map virtual\neffective_annotations map* api=annotations send",
    "@tags": "tags map^ unsupported",
    "@member": "role str!^\nmember str!^ same=member match=member\netag str*\ncondition one^\n"
    "  title str!^\n  expression str!^\n  description str^",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute or block of a table; ``parts`` are the fields inside a block."""

    name: str
    kind: str
    required: bool
    optional: bool
    computed: bool
    force_new: bool
    flags: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Field, ...] = ()

    @property
    def is_block(self) -> bool:
        """Tell whether Terraform writes it as a block; a computed list of objects is an attribute."""
        return self.kind in {"one", "blocks", "setblocks"}

    @property
    def nesting(self) -> str:
        """Return ``list`` or ``set`` for a block or a list of objects."""
        return _NESTING[self.kind]

    @property
    def is_set(self) -> bool:
        """Tell whether order does not matter."""
        return self.kind in {"setblocks", "setobjects"} or self.kind.split(":")[0] == "set"

    @property
    def settable(self) -> bool:
        """Tell whether a configuration may give it."""
        return self.required or self.optional

    @property
    def max_items(self) -> int:
        """Return the highest number of blocks, 0 for no limit."""
        return 1 if self.kind == "one" else int(self.flags.get("max", "0"))

    @property
    def min_items(self) -> int:
        """Return the lowest number of blocks; a required block must be there."""
        return int(self.flags.get("min", "1" if self.required else "0"))

    @property
    def default(self) -> Value:
        """Return the value used when the configuration has none, or None."""
        text = self.flags.get("default")
        return None if text is None else _parse_default(self.kind, text)

    @property
    def zero(self) -> Value:
        """Return the value the legacy SDK stores when an answer lacks the attribute."""
        return _ZERO.get(self.kind, [])

    @property
    def type(self) -> Type:
        """Return Terraform's type of the value."""
        if self.kind in _NESTING:
            return (self.nesting, object_type(self.parts))
        kind, _, inner = self.kind.partition(":")
        if kind in {"list", "set", "map"}:
            return (kind, _PRIMITIVE[inner or "str"])
        return _PRIMITIVE[kind]


def as_data(fields: tuple[Field, ...], arguments: Mapping[str, str]) -> tuple[Field, ...]:
    """Return a resource's table as a data source's: all computed but the ``arguments`` (name to marks)."""
    return tuple(_as_data(field, arguments.get(field.name, "*")) for field in fields)


def _as_data(part: Field, marks: str) -> Field:
    kind = {"one": "objects", "blocks": "objects", "setblocks": "setobjects"}.get(part.kind, part.kind)
    required, computed = "!" in marks, "*" in marks or "?" in marks
    optional = marks in {"", "?"}
    flags = {key: value for key, value in part.flags.items() if key not in {"default", "writeonly", "sensitive"}}
    return replace(
        part, kind=kind, required=required, optional=optional, computed=computed, force_new=False, flags=flags
    )


def object_type(fields: tuple[Field, ...]) -> Type:
    """Return the object type of a whole table."""
    return ("object", {part.name: part.type for part in fields})


def parse(table: str, macros: Mapping[str, str] = MACROS) -> tuple[Field, ...]:
    """Read a table. Raises ValueError with the line when it is not in the notation."""
    lines = [_read_line(line) for line in _expand(table, macros)]
    fields, rest = _nest(lines, 0)
    if rest:
        raise ValueError(f"wrong indentation at {rest[0][1].name}")
    return fields


def _expand(table: str, macros: Mapping[str, str]) -> Iterator[str]:
    for line in filter(str.strip, table.splitlines()):
        indent = line[: len(line) - len(line.lstrip())]
        if line.lstrip().startswith("@"):
            yield from (indent + inner for inner in _expand(macros[line.strip()], macros))
        else:
            yield line


def _read_line(line: str) -> tuple[int, Field]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"not a line of a table: {line!r}")
    marks = found["marks"]
    required, maybe, computed = "!" in marks, "?" in marks, "*" in marks
    flags = {key: value for key, _, value in (flag.partition("=") for flag in found["flags"].split())}
    entry = Field(
        found["name"],
        found["kind"],
        required=required,
        optional=not required and not computed,
        computed=maybe or computed,
        force_new="^" in marks,
        flags=flags,
    )
    return len(found["indent"]) // 2, entry


def _nest(lines: list[tuple[int, Field]], level: int) -> tuple[tuple[Field, ...], list[tuple[int, Field]]]:
    done: list[Field] = []
    while lines and lines[0][0] >= level:
        depth, entry = lines[0]
        if depth > level:
            parts, lines = _nest(lines, depth)
            done[-1] = replace(done[-1], parts=parts)
        else:
            done.append(entry)
            lines = lines[1:]
    return tuple(done), lines


def _parse_default(kind: str, text: str) -> Value:
    if kind == "bool":
        return text == "true"
    if kind in {"int", "num"}:
        return int(text)
    return text.replace("~", " ").replace("newline", "\n")
