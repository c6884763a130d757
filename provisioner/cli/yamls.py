"""Documents as YAML that every reader understands alike.

Texts are quoted as in JSON unless they are plainly words: readers of YAML 1.1 take ``on``, ``no`` or ``12:30`` for
something else (https://yaml.org/type/bool.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[ ./@-][A-Za-z0-9_]+)*")
_WORDS_WITH_A_MEANING = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


def yaml_text(document: Any) -> str:  # noqa: ANN401 - JSON has no narrower type
    """Return what JSON would hold, in the same order, without the last line's end."""
    return "\n".join(_lines(json.loads(json.dumps(document))))


def _lines(value: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from _entry(f"{_scalar(name)}:", each)
    elif isinstance(value, list) and value:
        for each in value:
            first, *others = _lines(each)
            yield f"- {first}"
            yield from (f"  {line}" for line in others)
    else:
        yield _scalar(value)


def _entry(name: str, value: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    if isinstance(value, (dict, list)) and value:
        yield name
        yield from (f"  {line}" for line in _lines(value))
    else:
        yield f"{name} {_scalar(value)}"


def _scalar(value: Any) -> str:  # noqa: ANN401 - as above
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS_WITH_A_MEANING:
        return value
    return json.dumps(value, ensure_ascii=False)
