"""Reading the JSON that Terraform writes, without trusting it: size, depth, format, types."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from provisioner.errors import InvalidInput

LARGEST = 64 * 1024 * 1024
"""Bytes of JSON we are willing to read; a plan of 1 000 resources has about 10 MB."""

_MOST = 4_000_000
"""Values in a document: two bytes of JSON may become a hundred of memory; a plan of 64 MB from Terraform has half."""
_DEEPEST = 200
_MAJOR = "1."
_NESTING = (dict, list)


def read(content: bytes, *, what: str, limit: int = LARGEST) -> dict[str, Any]:
    """Parse a document that Terraform wrote.

    ``what`` names it for people. Raises InvalidInput when it is too large (which bounds the memory taken to about a
    gigabyte), not UTF-8, not JSON (which has neither NaN nor infinity), has a name twice in one object, is nested
    deeper than Terraform ever nests, not an object, or of another ``format_version`` than 1.x.
    """
    if len(content) > limit:
        size, most = len(content) // 1024**2, limit // 1024**2
        raise InvalidInput(f"{what} has {size} MB, more than {most} MB", fix="split the root into smaller ones")
    if content.count(b",") + content.count(b"[") + content.count(b"{") > _MOST:
        raise InvalidInput(f"{what} has more than {_MOST} values", fix="split the root into smaller ones")
    try:
        document = json.loads(content, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise InvalidInput(f"{what} is nested too deeply") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{what} is not UTF-8") from None
    except ValueError as error:
        raise InvalidInput(f"{what} is not JSON: {error}", fix="pass what `terraform show -json` printed") from None
    return checked(document, what=what)


def checked(document: object, *, what: str) -> dict[str, Any]:
    """Return the document when it has the general form; raises InvalidInput like ``read``."""
    if not isinstance(document, dict):
        raise InvalidInput(f"{what} is not a JSON object", fix="pass what `terraform show -json` printed")
    version = document.get("format_version")
    if not isinstance(version, str) or not version.startswith(_MAJOR):
        raise InvalidInput(
            f"{what} has format_version {version!r}, not 1.x",
            fix="pass what `terraform show -json` printed, of a Terraform that this version supports",
        )
    if _deeper_than(document, _DEEPEST):
        raise InvalidInput(f"{what} is nested too deeply")
    return document


def objects(value: object, *, what: str) -> list[Mapping[str, Any]]:
    """Return a list of objects (an absent one is empty); raises InvalidInput for anything else."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidInput(f"{what} is not a list of objects")
    return value


def mapping(value: object, *, what: str) -> Mapping[str, Any]:
    """Return an object (an absent one is empty); raises InvalidInput for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidInput(f"{what} is not an object")
    return value


def text(value: object, *, what: str) -> str:
    """Return a string (an absent one is empty); raises InvalidInput for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(f"{what} is not a string")
    return value


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse what readers disagree about: some take the first value of a name, some the last."""
    found = dict(members)
    if len(found) != len(members):
        name, _ = Counter(name for name, _ in members).most_common(1)[0]
        raise ValueError(f"{name!r} stands twice in one object")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:20]} is too large a number")
    return number


def _deeper_than(document: object, limit: int) -> bool:
    """Walk level by level: recursion is what deep nesting would break."""
    level = [document]
    for _ in range(limit):
        members = (node.values() if isinstance(node, dict) else node for node in level if isinstance(node, _NESTING))
        level = [child for each in members for child in each if isinstance(child, _NESTING)]
        if not level:
            return False
    return True
