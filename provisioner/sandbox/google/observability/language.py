"""The Logging query language: text to a test of log entries.

    severity>=ERROR AND (resource.type="cloud_run_revision" OR jsonPayload.message:"time out") -labels.team=a
    field=(A OR B)   log_id("stderr")   "words anywhere"   httpRequest.status>=500   textPayload=~"^x[0-9]+"

NOT binds closest, then OR, then AND; two terms side by side are joined by AND. A comparison with a field that an
entry lacks is false. Texts are compared without regard to case, except by regular expressions.
https://cloud.google.com/logging/docs/view/logging-query-language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from provisioner.sandbox.google.observability import comparing

Entry = Mapping[str, Any]
Predicate = Callable[[Entry], bool]
_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<sign>=~|!~|!=|>=|<=|[=<>:(),])
    |(?P<minus>-(?=["'(A-Za-z_]))
    |(?P<word>(?:[^\s"'=<>:(),!~]|(?<=\.)"(?:[^"\\]|\\.)*")+)""",
    re.VERBOSE,
)
_OPERATORS = frozenset(("=", "!=", ">", "<", ">=", "<=", ":", "=~", "!~"))
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"|([^."]+)')
_LONGEST = 20_000
_DEEPEST = 50


class QueryError(ValueError):
    """The text is no query; the message says why."""


@lru_cache(maxsize=512)
def parse_query(text: str) -> Predicate:
    """Return the test a query stands for; an empty one takes every entry. Raises QueryError."""
    if len(text) > _LONGEST:
        raise QueryError(f"The filter is longer than {_LONGEST} characters.")
    tokens = _tokens(text)
    if not tokens:
        return lambda _: True
    parser = _Parser(tokens)
    found = parser.conjunction(0)
    parser.end()
    return found


def split_path(text: str) -> tuple[str, ...]:
    """Return the parts of ``labels."a.b/c".d``."""
    return tuple(quoted or plain for quoted, plain in _PATH.findall(text))


def _tokens(text: str) -> list[tuple[str, str]]:
    """Return (kind, text) pairs; kinds are text, sign, minus and word."""
    tokens, position = [], 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise QueryError(f"Unparseable filter: syntax error at character {position + 1}, token {text[position]!r}")
        if found.lastgroup != "space":
            tokens.append((str(found.lastgroup), found[0]))
        position = found.end()
    return tokens


class _Parser:
    """Recursive descent; each method returns a predicate."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise QueryError(f"Unparseable filter: unexpected {self._text()!r}")

    def conjunction(self, depth: int) -> Predicate:
        if depth > _DEEPEST:
            raise QueryError("Unparseable filter: nested too deeply")
        terms = [self._disjunction(depth)]
        while self._at < len(self._tokens) and self._text() != ")":
            if self._text() == "AND":
                self._at += 1
            terms.append(self._disjunction(depth))
        return terms[0] if len(terms) == 1 else lambda entry: all(term(entry) for term in terms)

    def _disjunction(self, depth: int) -> Predicate:
        terms = [self._negation(depth)]
        while self._text() == "OR":
            self._at += 1
            terms.append(self._negation(depth))
        return terms[0] if len(terms) == 1 else lambda entry: any(term(entry) for term in terms)

    def _negation(self, depth: int) -> Predicate:
        if self._text() == "NOT" or self._kind() == "minus":
            self._at += 1
            inner = self._negation(depth + 1) if depth < _DEEPEST else self._term(depth)
            return lambda entry: not inner(entry)
        return self._term(depth)

    def _term(self, depth: int) -> Predicate:
        if self._text() == "(":
            self._at += 1
            inner = self.conjunction(depth + 1)
            self._expect(")")
            return inner
        kind, token = self._next()
        if kind == "word" and self._text() == "(":
            return self._function(token)
        if self._text() in _OPERATORS and kind in {"word", "text"}:
            return self._comparison(split_path(token), depth)
        if kind == "sign" or token in {"AND", "OR"}:
            raise QueryError(f"Unparseable filter: unexpected {token!r}")
        wanted = _value(kind, token)
        return lambda entry: comparing.anywhere(entry, wanted)

    def _comparison(self, path: tuple[str, ...], depth: int) -> Predicate:
        _, operator = self._next()
        if self._text() == "(":
            self._at += 1
            inner = self._values(path, operator, depth + 1)
            self._expect(")")
            return inner
        kind, token = self._next()
        if kind not in {"word", "text", "minus"}:
            raise QueryError(f"Unparseable filter: expected a value, not {token!r}")
        if kind == "minus":
            token += self._next()[1]
        return _compared(path, operator, _value(kind, token), bare=kind == "word")

    def _values(self, path: tuple[str, ...], operator: str, depth: int) -> Predicate:
        """Parse ``field=(A OR B AND NOT C)``: OR binds closer than AND, as everywhere."""
        groups: list[list[Predicate]] = [[]]
        while self._text() not in {")", ""}:
            if self._text() == "AND":
                self._at += 1
            groups.append([self._one_value(path, operator, depth)])
            while self._text() == "OR":
                self._at += 1
                groups[-1].append(self._one_value(path, operator, depth))
        wanted = [group for group in groups if group]
        if not wanted:
            raise QueryError("Unparseable filter: no value between parentheses")
        return lambda entry: all(any(test(entry) for test in group) for group in wanted)

    def _one_value(self, path: tuple[str, ...], operator: str, depth: int) -> Predicate:
        if self._text() == "NOT" or self._kind() == "minus":
            self._at += 1
            inner = self._one_value(path, operator, depth)
            return lambda entry: not inner(entry)
        if self._text() == "(" and depth < _DEEPEST:
            self._at += 1
            inner = self._values(path, operator, depth + 1)
            self._expect(")")
            return inner
        kind, token = self._next()
        if kind not in {"word", "text"}:
            raise QueryError(f"Unparseable filter: expected a value, not {token!r}")
        return _compared(path, operator, _value(kind, token), bare=kind == "word")

    def _function(self, name: str) -> Predicate:
        self._expect("(")
        arguments = []
        while self._text() != ")":
            kind, token = self._next()
            if token != ",":  # noqa: S105 - a comma, no password
                arguments.append((kind, _value(kind, token)))
        self._expect(")")
        try:
            return comparing.function(name, [(split_path(text), text) for _, text in arguments])
        except ValueError as error:
            raise QueryError(f"Unparseable filter: {error}") from None

    def _kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _text(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise QueryError("Unparseable filter: it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, wanted: str) -> None:
        _, token = self._next()
        if token != wanted:
            raise QueryError(f"Unparseable filter: expected {wanted!r}, not {token!r}")


def _compared(path: tuple[str, ...], operator: str, value: str, *, bare: bool) -> Predicate:
    try:
        return comparing.comparison(path, operator, value, bare=bare)
    except ValueError as error:
        raise QueryError(f"Unparseable filter: {error}") from None


def _value(kind: str, token: str) -> str:
    return re.sub(r"\\(.)", _unescaped, token[1:-1]) if kind == "text" else token


def _unescaped(found: re.Match[str]) -> str:
    # Only quotes and backslashes are escaped: a regular expression keeps its own \d and \w.
    return found[1] if found[1] in "\"'\\" else found[0]
