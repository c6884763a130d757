"""Monitoring filters: which time series, by metric, resource and labels.

    metric.type = "run.googleapis.com/request_count" AND resource.type = "cloud_run_revision"
    AND metric.labels.response_code_class = one_of("4xx", "5xx") AND NOT resource.labels.service_name = starts_with("x")

https://cloud.google.com/monitoring/api/v3/filters. A series is ``{"metric": {"type", "labels"}, "resource": {"type",
"labels"}}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Series = Mapping[str, Any]
Predicate = Callable[[Series], bool]
Matcher = Callable[[str], bool]
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>!=|>=|<=|[=<>:(),])
    |(?P<word>[A-Za-z0-9_.\-/*]+(?:"[^"]*")?))""",
    re.VERBOSE,
)
_SELECTOR = re.compile(
    r'(metric|resource)\.type|(metric|resource)\.labels?\.(?:"([^"]+)"|([A-Za-z0-9_./-]+))|project|group\.id'
    r'|metadata\.(?:user|system)_labels?\.(?:"[^"]+"|[A-Za-z0-9_./-]+)|service|name'
)
_LONGEST, _DEEPEST = 2048, 20


class FilterError(ValueError):
    """The text is no filter; the message says why."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter: its test, and the metric and resource types that it fixes by ``=`` ("" where it does not)."""

    test: Predicate
    metric_type: str
    resource_type: str
    has_metric_type: bool


@lru_cache(maxsize=256)
def parse_selection(text: str) -> Selection:
    """Parse a filter. Raises FilterError."""
    if len(text) > _LONGEST:
        raise FilterError(f"the filter is longer than {_LONGEST} characters")
    parser = _Parser(_tokens(text))
    test = parser.expression(0)
    parser.end()
    fixed = parser.fixed
    return Selection(test, fixed.get("metric.type", ""), fixed.get("resource.type", ""), "metric.type" in parser.named)


def _tokens(text: str) -> list[str]:
    tokens, position, text = [], 0, text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise FilterError(f"syntax error at character {position + 1}")
        tokens.append(found[0].strip())
        position = found.end()
    if not tokens:
        raise FilterError("the filter is empty")
    return tokens


class _Parser:
    """Recursive descent; AND may be left out, OR binds closer than AND."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self.fixed: dict[str, str] = {}
        self.named: set[str] = set()

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise FilterError(f"unexpected {self._peek()!r}")

    def expression(self, depth: int) -> Predicate:
        if depth > _DEEPEST:
            raise FilterError("nested too deeply")
        terms = [self._alternatives(depth)]
        while self._peek() not in {"", ")"}:
            if self._peek() == "AND":
                self._at += 1
            terms.append(self._alternatives(depth))
        return lambda series: all(term(series) for term in terms)

    def _alternatives(self, depth: int) -> Predicate:
        terms = [self._term(depth)]
        while self._peek() == "OR":
            self._at += 1
            terms.append(self._term(depth))
        return lambda series: any(term(series) for term in terms)

    def _term(self, depth: int) -> Predicate:
        token = self._next()
        if token in {"NOT", "-"}:
            inner = self._term(depth)
            return lambda series: not inner(series)
        if token == "(":  # noqa: S105 - a parenthesis, no password
            inner = self.expression(depth + 1)
            self._expect(")")
            return inner
        return self._comparison(token)

    def _comparison(self, selector: str) -> Predicate:
        if not _SELECTOR.fullmatch(selector):
            raise FilterError(f"{selector!r} is no selector")
        operator = self._next()
        if operator not in {"=", "!=", ":", ">", "<", ">=", "<="}:
            raise FilterError(f"{operator!r} is no operator")
        name = ".".join(selector.split(".")[:2])
        if self._peek() and not self._peek().startswith(('"', "'")) and self._following() == "(":
            matcher = self._function()
        else:
            wanted = _unquoted(self._next())
            matcher = _compared(operator, wanted)
            if operator == "=" and name in {"metric.type", "resource.type"}:
                self.fixed[name] = wanted
        self.named.add(name)
        negated = operator == "!="
        return lambda series: matcher(_value(series, selector)) is not negated

    def _function(self) -> Matcher:
        name = self._next()
        self._expect("(")
        arguments = []
        while self._peek() != ")":
            token = self._next()
            if token != ",":  # noqa: S105 - a comma, no password
                arguments.append(_unquoted(token))
        self._expect(")")
        made = _FUNCTIONS.get(name)
        if made is None or not arguments:
            raise FilterError(f"{name!r} is no function, or lacks its argument")
        try:
            return made(arguments)
        except re.error as error:
            raise FilterError(f"{arguments[0]!r} is no regular expression: {error}") from None

    def _following(self) -> str:
        return self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else ""

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise FilterError("it ends too early")
        self._at += 1
        return token

    def _expect(self, wanted: str) -> None:
        token = self._next()
        if token != wanted:
            raise FilterError(f"expected {wanted!r}, not {token!r}")


def _compared(operator: str, wanted: str) -> Matcher:
    if operator == ":":
        return lambda value: wanted in value
    if operator in {"=", "!="}:
        return lambda value: value == wanted
    compare: dict[str, Callable[[str, str], bool]] = {
        ">": lambda left, right: left > right,
        "<": lambda left, right: left < right,
        ">=": lambda left, right: left >= right,
        "<=": lambda left, right: left <= right,
    }
    return lambda value: compare[operator](value, wanted)


def _matches(arguments: list[str]) -> Matcher:
    pattern = re.compile(arguments[0])
    return lambda value: pattern.fullmatch(value) is not None


_FUNCTIONS: Mapping[str, Callable[[list[str]], Matcher]] = {
    "starts_with": lambda arguments: lambda value: value.startswith(arguments[0]),
    "ends_with": lambda arguments: lambda value: value.endswith(arguments[0]),
    "has_substring": lambda arguments: lambda value: arguments[0] in value,
    "one_of": lambda arguments: lambda value: value in arguments,
    "monitoring.regex.full_match": _matches,
}


def _value(series: Series, selector: str) -> str:
    """Return what a selector names; empty where a series has no such label (or nothing of the kind is kept here)."""
    found = _SELECTOR.fullmatch(selector)
    if found is None:
        return ""
    if found[1]:
        return str(series[found[1]]["type"])
    if found[2]:
        return str((series[found[2]].get("labels") or {}).get(found[3] or found[4], ""))
    return str((series["resource"].get("labels") or {}).get("project_id", "")) if selector == "project" else ""


def _unquoted(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith(('"', "'")) else token
