"""JSON bodies as Google's front end reads them: UTF-8, finite numbers, whole characters, not too deep."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from provisioner.sandbox.google.errors import ApiError, invalid_argument

_DEEPEST = 100
"""How deep messages may be nested: the limit of protocol buffers, which the APIs are made of."""
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse(content: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return a parsed body, None for an empty one. Raises ApiError INVALID_ARGUMENT."""
    if not content.strip():
        return None
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite)
        if _ESCAPED_SURROGATE.search(content):
            json.dumps(document, ensure_ascii=False).encode()  # half a character fails here
    except (ValueError, RecursionError) as error:
        raise _invalid(str(error)) from None
    if content.count(b"{") + content.count(b"[") > _DEEPEST:
        _check_depth(document)
    return document


def _check_depth(document: object) -> None:
    level: list[object] = [document]
    for _ in range(_DEEPEST):
        level = [inner for value in level for inner in _inside(value)]
    if any(isinstance(value, dict | list) for value in level):
        raise _invalid("Message too deep. Max recursion depth reached.")


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"Unexpected token. {text}")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"Number is too large: {text}")
    return number


def _invalid(text: str) -> ApiError:
    return invalid_argument(f"Invalid JSON payload received. {text}")
