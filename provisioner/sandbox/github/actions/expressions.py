"""The expression language of workflows, read into a tree.

https://docs.github.com/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:0x[0-9a-fA-F]+|0o[0-7]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))"
    r"|(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_][A-Za-z0-9_-]*)"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[<>!()\[\].,*]))"
)
_LITERALS: tuple[tuple[str, Any], ...] = (("true", True), ("false", False), ("null", None))
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="))
_DEEPEST = 50


class ExpressionError(Exception):
    """An expression that GitHub would not take; the text says why."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression and where it stands."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written out."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A context (``github``, ``needs`` …)."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """``of.key``, ``of[key]``; ``key`` None stands for ``*``."""

    of: Node
    key: Node | None


@dataclass(frozen=True, slots=True)
class Function:
    """A call of a function."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """``!``, a comparison, ``&&`` or ``||``."""

    sign: str
    operands: tuple[Node, ...]


Node = Literal | Name | Member | Function | Operation


def tokens(text: str) -> list[Token]:
    """Cut an expression into its pieces. Raises ExpressionError."""
    found, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"Unexpected symbol: '{text[position:end].strip()[:40]}'. Located at {text!r}")
        found.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup), match.end()))
        position = match.end()
    return found


def parse(text: str) -> Node:
    """Read an expression (without ``${{ }}``). Raises ExpressionError."""
    parser = _Parser(text)
    node = parser.binary(0)
    parser.finish()
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._position = 0
        self._depth = 0

    def finish(self) -> None:
        if self._peek():
            raise self._unexpected()

    def binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self.binary(level + 1)
        while self._peek() in _LEVELS[level]:
            sign = self._take().text
            left = Operation(sign, (left, self.binary(level + 1)))
        return left

    def _unary(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError("Exceeded max expression depth 50")
        try:
            if self._peek() == "!":
                self._take()
                return Operation("!", (self._unary(),))
            return self._postfix(self._primary())
        finally:
            self._depth -= 1

    def _primary(self) -> Node:
        if not self._peek():
            raise ExpressionError(f"Unexpected end of expression: {self._text!r}")
        token = self._take()
        if token.kind == "text":
            return Literal(token.text[1:-1].replace("''", "'"))
        if token.kind == "number":
            return Literal(number_of(token.text))
        if token.kind == "name":
            return self._named(token)
        if token.text != "(":
            self._position -= 1
            raise self._unexpected()
        inner = self.binary(0)
        self._expect(")")
        return inner

    def _named(self, token: Token) -> Node:
        if self._peek() != "(":
            known = dict(_LITERALS)
            return Literal(known[token.text]) if token.text in known else Name(token.text.lower())
        self._take()
        arguments = list[Node]()
        while self._peek() != ")":
            arguments.append(self.binary(0))
            if self._peek() != ")":
                self._expect(",")
        self._expect(")")
        return Function(token.text, tuple(arguments))

    def _postfix(self, node: Node) -> Node:
        while self._peek() in {".", "["}:
            if self._take().text == ".":
                key = self._take()
                if key.text != "*" and key.kind != "name":
                    self._position -= 1
                    raise self._unexpected()
                node = Member(node, None if key.text == "*" else Literal(key.text))
            elif self._peek() == "*":
                self._take()
                self._expect("]")
                node = Member(node, None)
            else:
                inner = self.binary(0)
                self._expect("]")
                node = Member(node, inner)
        return node

    def _peek(self) -> str:
        if self._position == len(self._tokens):
            return ""
        token = self._tokens[self._position]
        return token.text if token.kind == "sign" else f"<{token.kind}>"

    def _take(self) -> Token:
        if self._position == len(self._tokens):
            raise ExpressionError(f"Unexpected end of expression: {self._text!r}")
        self._position += 1
        return self._tokens[self._position - 1]

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            raise self._unexpected()
        self._take()

    def _unexpected(self) -> ExpressionError:
        if self._position >= len(self._tokens):
            return ExpressionError(f"Unexpected end of expression: {self._text!r}")
        token = self._tokens[self._position]
        place = f"Located at position {token.start + 1} within expression: {self._text.strip()}"
        return ExpressionError(f"Unexpected symbol: '{token.text}'. {place}")


def number_of(text: str) -> float:
    """Read a number as the language writes it. Raises ValueError."""
    bare = text.lstrip("+-").lower()
    if bare.startswith(("0x", "0o")):
        return float(int(text, 0))
    return float(text)


def parts(text: str) -> Iterator[tuple[bool, str]]:
    """Yield (is expression, text) of a value with ``${{ }}`` in it. Raises ExpressionError on an open one."""
    position = 0
    while (start := text.find("${{", position)) >= 0:
        if start > position:
            yield False, text[position:start]
        end = _end(text, start + 3)
        yield True, text[start + 3 : end]
        position = end + 2
    if position < len(text):
        yield False, text[position:]


def _end(text: str, position: int) -> int:
    quoted = False
    while position < len(text):
        if text[position] == "'":
            quoted = not quoted
        elif not quoted and text.startswith("}}", position):
            return position
        position += 1
    raise ExpressionError(f"The expression is not closed. An unescaped ${{{{ sequence was found: {text[:80]!r}")
