"""From YAML text to a Document: every place kept, nothing executed, nothing allowed to explode.

Values are built from the parser's events, so no tag, constructor or merge key is ever acted on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from provisioner.errors import InvalidInput
from provisioner.request.document import Document, Mark, Path
from provisioner.request.problems import Problem, refuse
from provisioner.request.scalars import ambiguity, plain_value

DEPTH_LIMIT = 20
ALIAS_LIMIT = 50
NODE_LIMIT = 20_000
_INTEGER_DIGITS = 20


def parse(text: str, name: str) -> Document:
    """Return the only document of ``text``; ``name`` is the place that errors show.

    InvalidInput for text that is no YAML, has several documents, tags, duplicate keys, recursion, or more
    depth, aliases or nodes than the limits allow.
    """
    builder = _Builder(name)
    try:
        builder.read(iter(YAML(typ="safe", pure=True).parse(text)))
    except MarkedYAMLError as error:
        raise _not_yaml(error, name) from error
    except YAMLError as error:
        raise InvalidInput("the file is not YAML", fix="check its characters and indentation", where=name) from error
    refuse(tuple(builder.problems), name)
    return Document(name, builder.value, builder.values, builder.keys)


@dataclass
class _Anchor:
    value: Any
    nodes: int


@dataclass
class _Builder:
    name: str
    value: Any = None
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, _Anchor | None] = field(default_factory=dict)
    nodes: int = 0
    aliases: int = 0

    def read(self, events: Iterator[Event]) -> None:
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refusal(event, "the file has several documents", "keep one document: one file per team")
            elif isinstance(event, NodeEvent):
                self.value = self._node(event, events, ())

    def _node(self, event: Event, events: Iterator[Event], path: Path) -> Any:  # noqa: ANN401 - JSON's types
        self.values[path] = _mark(event)
        if isinstance(event, AliasEvent):
            return self._alias(event)
        self._count(event, 1)
        self._check_depth(event, path)
        anchor = getattr(event, "anchor", None)
        if anchor:
            self.anchors[anchor] = None
        before = self.nodes
        value = self._content(event, events, path)
        if anchor:
            self.anchors[anchor] = _Anchor(value, self.nodes - before + 1)
        return value

    def _content(self, event: Event, events: Iterator[Event], path: Path) -> Any:  # noqa: ANN401 - likewise
        if (tag := getattr(event, "tag", None)) not in {None, "!"}:
            raise self._refusal(event, f"the tag {tag} is not read here", "remove the tag")
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(events, path)
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, path)
        raise self._refusal(event, "the file is not plain YAML", "use mappings, lists and scalars")

    def _sequence(self, events: Iterator[Event], path: Path) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            items.append(self._node(event, events, (*path, len(items))))
        return items

    def _mapping(self, events: Iterator[Event], path: Path) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event, path)
            if key in entries:
                self._complain(event, f"the key '{key}' stands twice", "keep one of them")
            self.keys[*path, key] = _mark(event)
            entries[key] = self._node(next(events), events, (*path, key))
        return entries

    def _key(self, event: Event, path: Path) -> str:
        if not isinstance(event, ScalarEvent):
            raise self._refusal(event, "a key must be a plain word", "write the key as one word before the colon")
        self._count(event, 1)
        if event.value == "<<":
            self._complain(event, "merge keys (<<) are not read here", "write the fields out")
        if event.style is None and ambiguity(event.value):
            self._complain(
                event, f"YAML readers differ about the key {event.value}", f'write "{event.value}" in quotes'
            )
        del path
        return str(event.value)

    def _scalar(self, event: ScalarEvent) -> str | float | bool | None:
        if event.style is not None:
            return str(event.value)
        advice = ambiguity(event.value)
        if advice:
            self._complain(event, f"YAML readers differ about {event.value}", advice)
            return str(event.value)
        digits = sum(character.isdigit() for character in event.value)
        return str(event.value) if digits > _INTEGER_DIGITS else plain_value(event.value)

    def _alias(self, event: AliasEvent) -> Any:  # noqa: ANN401 - JSON's types
        self.aliases += 1
        if self.aliases > ALIAS_LIMIT:
            raise self._refusal(event, f"there are more than {ALIAS_LIMIT} aliases", "write the parts out")
        anchor = self.anchors.get(event.anchor)
        if anchor is None:
            known = event.anchor in self.anchors
            reason = "contains itself" if known else "is not defined above"
            raise self._refusal(event, f"the alias *{event.anchor} {reason}", "write the part out")
        self._count(event, anchor.nodes)
        return anchor.value

    def _count(self, event: Event, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > NODE_LIMIT:
            raise self._refusal(
                event,
                f"the document has more than {NODE_LIMIT} parts once its aliases are written out",
                "make it smaller",
            )

    def _check_depth(self, event: Event, path: Path) -> None:
        if len(path) > DEPTH_LIMIT:
            raise self._refusal(event, f"the document is nested deeper than {DEPTH_LIMIT} levels", "make it flatter")

    def _complain(self, event: Event, reason: str, fix: str) -> None:
        self.problems.append(Problem(self._where(event), reason, fix))

    def _refusal(self, event: Event, reason: str, fix: str) -> InvalidInput:
        return InvalidInput(reason, fix=fix, where=self._where(event))

    def _where(self, event: Event) -> str:
        mark = _mark(event)
        return f"{self.name}:{mark.line}:{mark.column}"


def _mark(event: Event) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _not_yaml(error: MarkedYAMLError, name: str) -> InvalidInput:
    mark = error.problem_mark or error.context_mark
    where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    problem = " ".join(str(error.problem or error.context or "").split())
    if "\\t" in problem or "tab" in problem:
        return InvalidInput("a tab stands where YAML wants spaces", fix="indent with spaces", where=where)
    return InvalidInput(
        f"the file is not YAML: {problem}",
        fix="check the indentation, colons and quotes around this place",
        where=where,
    )
