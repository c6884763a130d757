"""GraphQL documents: read into operations and fragments. Pure.

Only what queries and mutations of clients use: variables, arguments, aliases, fragments, @include and @skip.
https://spec.graphql.org/October2021/#sec-Document-Syntax
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r'(?P<skip>[\s,\ufeff]+|#[^\n]*)|(?P<spread>\.\.\.)|(?P<text>"""(?:.|\n)*?"""|"(?:\\.|[^"\\\n])*")'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[_A-Za-z]\w*)|(?P<mark>[!$&()\[\]{}:=@|])"
)
_DEEPEST = 30
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None}


class SyntaxProblem(ValueError):
    """The text is no GraphQL document."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable where a value is expected."""

    name: str


@dataclass(frozen=True, slots=True)
class Selection:
    """A field, or with ``name`` empty a fragment: inline (``selections``) or named (``fragment``), of type ``on``."""

    name: str = ""
    alias: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    selections: tuple[Selection, ...] = ()
    fragment: str = ""
    on: str = ""
    directives: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; ``defaults`` are those of its variables."""

    kind: str
    name: str
    selections: tuple[Selection, ...]
    defaults: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """Operations in order, and fragments by name."""

    operations: tuple[Operation, ...]
    fragments: Mapping[str, Selection]

    def operation(self, name: str) -> Operation:
        """Return the operation of a name, or the only one. Raises SyntaxProblem."""
        found = [one for one in self.operations if not name or one.name == name]
        if len(found) != 1:
            raise SyntaxProblem(f"No operation named {name!r}" if name else "An operation name is required")
        return found[0]


def parse(text: str) -> Document:
    """Read a document. Raises SyntaxProblem."""
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._position = 0
        end = 0
        for match in _TOKEN.finditer(text):
            if match.start() != end:
                break
            end = match.end()
            if match.lastgroup and match.lastgroup != "skip":
                self._tokens.append((match.lastgroup, match[0]))
        if end != len(text):
            raise SyntaxProblem(f"Expected one of a name or a mark, actual: {text[end : end + 1]!r}")

    def document(self) -> Document:
        operations: list[Operation] = []
        fragments: dict[str, Selection] = {}
        while self._position < len(self._tokens):
            if self._peek() == "fragment":
                self._take()
                name, _ = self._take(), self._take("on")
                on, _ = self._take(), self._directives()
                fragments[name] = Selection(on=on, selections=self._selections(0))
            else:
                operations.append(self._operation())
        return Document(tuple(operations), fragments)

    def _operation(self) -> Operation:
        if self._peek() == "{":
            return Operation("query", "", self._selections(0), {})
        kind = self._take()
        if kind not in {"query", "mutation"}:
            raise SyntaxProblem(f"Unexpected {kind}")
        name = self._take() if self._peek() not in {"(", "{", "@"} else ""
        defaults = self._variables() if self._peek() == "(" else {}
        self._directives()
        return Operation(kind, name, self._selections(0), defaults)

    def _variables(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._take("(")
        while not self._skip(")"):
            self._take("$")
            name, _ = self._take(), self._take(":")
            self._type()
            if self._skip("="):
                found[name] = self._value(0)
        return found

    def _type(self) -> None:
        if self._skip("["):
            self._type()
            self._take("]")
        else:
            self._take()
        self._skip("!")

    def _selections(self, depth: int) -> tuple[Selection, ...]:
        if depth > _DEEPEST:
            raise SyntaxProblem("The query is nested too deeply")
        found: list[Selection] = []
        self._take("{")
        while not self._skip("}"):
            found.append(self._fragment(depth) if self._skip("...") else self._field(depth))
        return tuple(found)

    def _fragment(self, depth: int) -> Selection:
        if self._peek() not in {"on", "{", "@"}:
            return Selection(fragment=self._take(), directives=self._directives())
        on = self._take() if self._skip("on") else ""
        directives = self._directives()
        return Selection(on=on, directives=directives, selections=self._selections(depth + 1))

    def _field(self, depth: int) -> Selection:
        name = alias = self._take()
        if self._skip(":"):
            name = self._take()
        arguments = self._arguments() if self._peek() == "(" else {}
        directives = self._directives()
        selections = self._selections(depth + 1) if self._peek() == "{" else ()
        return Selection(name, alias, arguments, selections, directives=directives)

    def _arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._take("(")
        while not self._skip(")"):
            name, _ = self._take(), self._take(":")
            found[name] = self._value(0)
        return found

    def _directives(self) -> tuple[tuple[str, Any], ...]:
        found = []
        while self._skip("@"):
            name = self._take()
            found.append((name, self._arguments().get("if") if self._peek() == "(" else None))
        return tuple(found)

    def _value(self, depth: int) -> Any:  # noqa: ANN401 - any JSON, or a Variable
        if depth > _DEEPEST:
            raise SyntaxProblem("A value is nested too deeply")
        if self._skip("$"):
            return Variable(self._take())
        if self._skip("["):
            return self._list(depth)
        if self._skip("{"):
            return self._object(depth)
        kind = self._tokens[self._position][0] if self._position < len(self._tokens) else ""
        text = self._take()
        if kind == "text":
            return text[3:-3] if text.startswith('"""') else json.loads(text)
        return json.loads(text) if kind == "number" else _WORDS.get(text, text)

    def _list(self, depth: int) -> list[Any]:
        found = []
        while not self._skip("]"):
            found.append(self._value(depth + 1))
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        found = {}
        while not self._skip("}"):
            name, _ = self._take(), self._take(":")
            found[name] = self._value(depth + 1)
        return found

    def _peek(self) -> str:
        return self._tokens[self._position][1] if self._position < len(self._tokens) else ""

    def _skip(self, mark: str) -> bool:
        if self._peek() != mark:
            return False
        self._position += 1
        return True

    def _take(self, mark: str = "") -> str:
        token = self._peek()
        if not token or (mark and token != mark):
            raise SyntaxProblem(f"Expected {mark or 'a name'}, actual: {token or 'the end of the document'!r}")
        self._position += 1
        return token
