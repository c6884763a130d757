"""How one field of a log entry compares with a value: severities by rank, numbers, times, texts, lists, structures."""

from __future__ import annotations

import ipaddress
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from provisioner.sandbox.google.schema import camel

Entry = Mapping[str, Any]
Predicate = Callable[[Entry], bool]
SEVERITIES = {
    "DEFAULT": 0,
    "DEBUG": 100,
    "INFO": 200,
    "NOTICE": 300,
    "WARNING": 400,
    "ERROR": 500,
    "CRITICAL": 600,
    "ALERT": 700,
    "EMERGENCY": 800,
}
_TIMES = frozenset(("timestamp", "receiveTimestamp", "receive_timestamp"))
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_DURATION = re.compile(r"(-?\d+(?:\.\d+)?)(ns|us|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SAMPLES = 1_000_000


def comparison(path: tuple[str, ...], operator: str, wanted: str, *, bare: bool) -> Predicate:
    """Return the test ``path operator wanted``; ``bare`` values were written without quotes. Raises ValueError."""
    if operator in {"=~", "!~"}:
        return _regex(path, wanted, wanted_match=operator == "=~")
    if path == ("severity",):
        return _severity(operator, wanted)
    if len(path) == 1 and path[0] in _TIMES:
        return _time(path, operator, wanted)
    if operator == ":":
        if bare and wanted == "*":
            return lambda entry: any(value is not None for value in _found(entry, path))
        return lambda entry: any(_contains(value, wanted) for value in _found(entry, path))
    test = _ORDERS[operator]
    return lambda entry: any(_ordered(test, value, wanted) for value in _found(entry, path))


def anywhere(entry: Entry, wanted: str) -> bool:
    """Tell whether a text is in any field of an entry."""
    return any(_contains(value, wanted) for value in entry.values())


def function(name: str, arguments: Sequence[tuple[tuple[str, ...], str]]) -> Predicate:
    """Return the test of a function call; each argument comes as a path and as a text. Raises ValueError."""
    made = _FUNCTIONS.get(name.lower())
    if made is None:
        raise ValueError(f"unknown function {name!r}")
    try:
        return made(arguments)
    except IndexError:
        raise ValueError(f"{name} has too few arguments") from None


def moment_of(text: str) -> datetime:
    """Return an instant; a date alone is its midnight in UTC. Raises ValueError."""
    found = datetime.fromisoformat(text.upper())
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _found(entry: Any, path: tuple[str, ...]) -> Iterator[Any]:  # noqa: ANN401 - any JSON
    """Yield the values of a field, those of every element where a list is on the way."""
    if isinstance(entry, list):
        for item in entry:
            yield from _found(item, path)
    elif not path:
        yield entry
    elif isinstance(entry, Mapping):
        key = path[0] if path[0] in entry else camel(path[0])
        if key in entry:
            yield from _found(entry[key], path[1:])


def _contains(value: Any, wanted: str) -> bool:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return wanted.lower() in value.lower()
    if isinstance(value, Mapping):
        return any(_contains(each, wanted) or wanted.lower() == str(key).lower() for key, each in value.items())
    if isinstance(value, list):
        return any(_contains(each, wanted) for each in value)
    return _ordered(_ORDERS["="], value, wanted)


def _ordered(test: Callable[[Any, Any], bool], value: Any, wanted: str) -> bool:  # noqa: ANN401 - any JSON
    if isinstance(value, bool) or value is None:
        return test(json.dumps(value), wanted.lower())
    if isinstance(value, (int, float)):
        return bool(_NUMBER.fullmatch(wanted)) and test(value, float(wanted))
    if not isinstance(value, str):
        return False
    if _NUMBER.fullmatch(value) and _NUMBER.fullmatch(wanted):
        return test(float(value), float(wanted))
    seconds, limit = _DURATION.fullmatch(value), _DURATION.fullmatch(wanted)
    if seconds and limit:
        return test(float(seconds[1]) * _UNITS[seconds[2]], float(limit[1]) * _UNITS[limit[2]])
    return test(value.lower(), wanted.lower())


def _severity(operator: str, wanted: str) -> Predicate:
    rank = SEVERITIES.get(wanted.upper(), int(wanted) if wanted.isdigit() else None)
    if rank is None:
        raise ValueError(f"{wanted!r} is no severity")
    test = _ORDERS["=" if operator == ":" else operator]
    return lambda entry: test(SEVERITIES.get(entry.get("severity", "DEFAULT"), 0), rank)


def _time(path: tuple[str, ...], operator: str, wanted: str) -> Predicate:
    limit = moment_of(wanted)
    test = _ORDERS["=" if operator == ":" else operator]
    return lambda entry: any(test(moment_of(value), limit) for value in _found(entry, path))


def _regex(path: tuple[str, ...], pattern: str, *, wanted_match: bool) -> Predicate:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    return lambda entry: any(
        bool(compiled.search(value)) is wanted_match for value in _found(entry, path) if isinstance(value, str)
    )


def _log_id(arguments: Sequence[tuple[tuple[str, ...], str]]) -> Predicate:
    wanted = arguments[0][1]
    return lambda entry: unquote(str(entry.get("logName", "")).partition("/logs/")[2]) == unquote(wanted)


def _source(arguments: Sequence[tuple[tuple[str, ...], str]]) -> Predicate:
    wanted = arguments[0][1]
    return lambda entry: str(entry.get("logName", "")).startswith(f"{wanted}/")


def _search(arguments: Sequence[tuple[tuple[str, ...], str]]) -> Predicate:
    path, text = (arguments[0][0], arguments[1][1]) if len(arguments) > 1 else ((), arguments[0][1])
    words = text.split()
    return lambda entry: all(any(_contains(value, word) for value in _found(entry, path)) for word in words)


def _in_net(arguments: Sequence[tuple[tuple[str, ...], str]]) -> Predicate:
    path, net = arguments[0][0], ipaddress.ip_network(arguments[1][1], strict=False)

    def inside(value: object) -> bool:
        try:
            return ipaddress.ip_address(str(value)) in net
        except ValueError:
            return False

    return lambda entry: any(inside(value) for value in _found(entry, path))


def _sample(arguments: Sequence[tuple[tuple[str, ...], str]]) -> Predicate:
    path, share = arguments[0][0], float(arguments[1][1])
    return lambda entry: any(
        zlib.crc32(str(value).encode()) % _SAMPLES < share * _SAMPLES for value in _found(entry, path)
    )


_FUNCTIONS: Mapping[str, Callable[[Sequence[tuple[tuple[str, ...], str]]], Predicate]] = {
    "log_id": _log_id,
    "source": _source,
    "search": _search,
    "ip_in_net": _in_net,
    "sample": _sample,
}
