"""Filters of Pub/Sub subscriptions: a small language over a message's attributes.

    attributes:key            the key is there
    attributes.key = "v"      equal; != is its opposite
    hasPrefix(attributes.key, "v")
    NOT, - (before a term), AND, OR, parentheses; AND and OR are mixed only with parentheses

https://cloud.google.com/pubsub/docs/subscription-message-filter#filtering_syntax.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

Attributes = Mapping[str, str]
Predicate = Callable[[Attributes], bool]
_TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<sign>!=|[()=:.,-])|(?P<word>[A-Za-z0-9_][A-Za-z0-9_-]*))')
_ESCAPE = re.compile(r"\\(.)")
_LONGEST = 256


class FilterError(ValueError):
    """The text is no filter; the message says why."""


@lru_cache(maxsize=256)
def parse_filter(text: str) -> Predicate:
    """Return the test a filter stands for; an empty filter lets everything through. Raises FilterError."""
    if len(text.encode()) > _LONGEST:
        raise FilterError(f"The filter is longer than {_LONGEST} bytes.")
    if not text.strip():
        return lambda _: True
    parser = _Parser(_tokens(text))
    found = parser.expression()
    parser.end()
    return found


def _tokens(text: str) -> list[str]:
    tokens, position, text = [], 0, text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise FilterError(f"The filter cannot be read from character {position + 1} on.")
        tokens.append(found[0].strip())
        position = found.end()
    return tokens


class _Parser:
    """Recursive descent over the tokens; each method returns a predicate."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise FilterError(f"Unexpected {self._tokens[self._at]!r} in the filter.")

    def expression(self) -> Predicate:
        terms = [self._term()]
        operators = set()
        while self._peek() in {"AND", "OR"}:
            operators.add(self._next())
            terms.append(self._term())
        if len(operators) > 1:
            raise FilterError("AND and OR must be grouped by parentheses.")
        if operators == {"OR"}:
            return lambda attributes: any(term(attributes) for term in terms)
        return lambda attributes: all(term(attributes) for term in terms)

    def _term(self) -> Predicate:
        if self._peek() in {"NOT", "-"}:
            self._next()
            inner = self._term()
            return lambda attributes: not inner(attributes)
        if self._peek() == "(":
            self._next()
            inner = self.expression()
            self._expect(")")
            return inner
        return self._has_prefix() if self._peek() == "hasPrefix" else self._comparison()

    def _has_prefix(self) -> Predicate:
        self._next()
        self._expect("(")
        self._expect("attributes")
        self._expect(".")
        key = self._key()
        self._expect(",")
        prefix = self._text()
        self._expect(")")
        return lambda attributes: attributes.get(key, "").startswith(prefix) and key in attributes

    def _comparison(self) -> Predicate:
        self._expect("attributes")
        if self._peek() == ":":
            self._next()
            present = self._key()
            return lambda attributes: present in attributes
        self._expect(".")
        key = self._key()
        operator = self._next()
        if operator not in {"=", "!="}:
            raise FilterError(f"Expected = or != after an attribute, not {operator!r}.")
        value = self._text()
        if operator == "=":
            return lambda attributes: attributes.get(key) == value
        return lambda attributes: attributes.get(key) != value

    def _key(self) -> str:
        token = self._next()
        if token.startswith('"'):
            return _unquoted(token)
        if not token or not (token[0].isalnum() or token[0] == "_"):
            raise FilterError(f"Expected the key of an attribute, not {token!r}.")
        return token

    def _text(self) -> str:
        token = self._next()
        if not token.startswith('"'):
            raise FilterError(f"Expected a text in double quotes, not {token!r}.")
        return _unquoted(token)

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise FilterError("The filter ends too early.")
        self._at += 1
        return token

    def _expect(self, wanted: str) -> None:
        token = self._next()
        if token != wanted:
            raise FilterError(f"Expected {wanted!r} in the filter, not {token!r}.")


def _unquoted(token: str) -> str:
    return _ESCAPE.sub(r"\1", token[1:-1])
