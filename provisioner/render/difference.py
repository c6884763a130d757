"""What a change of a request does to the rendered roots, for people: a unified diff, bounded, without given values."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any

from provisioner.render.tree import Tree

LARGEST = 16_000
"""Characters of one root's diff; what is beyond is counted, not shown."""
_LONGEST_LINE = 400
_VALUES = "/terraform.tfvars.json"

_Environments = dict[str, dict[str, str]]


def difference(before: Tree | None, after: Tree) -> dict[str, str]:
    """Return one unified diff for each root that differs, by the root's name; modules are left out.

    ``before`` is None where the base branch has no such request. A service's environment variables are told by name
    and whether they change: their values may be what somebody should not have written there.
    """
    old = dict(before.files) if before else {}
    roots = sorted({path.split("/")[1] for path in (*old, *after.files) if path.startswith("envs/")})
    found = {root: _bounded(_lines(old, dict(after.files), f"envs/{root}/")) for root in roots}
    return {root: text for root, text in found.items() if text}


def _lines(old: dict[str, bytes], new: dict[str, bytes], folder: str) -> Iterator[str]:
    for path in sorted(each for each in {*old, *new} if each.startswith(folder)):
        if old.get(path) != new.get(path):
            before, after = _texts(path, old.get(path), new.get(path))
            yield from difflib.unified_diff(
                before.splitlines(),
                after.splitlines(),
                f"base/{path}" if path in old else "/dev/null",
                f"proposed/{path}" if path in new else "/dev/null",
                lineterm="",
            )


def _texts(path: str, old: bytes | None, new: bytes | None) -> tuple[str, str]:
    if not path.endswith(_VALUES):
        return (old or b"").decode(), (new or b"").decode()
    one, other = (json.loads(each) if each else {} for each in (old, new))
    before, after = _given(one), _given(other)
    return _written(one, before, after, "before"), _written(other, after, before, "after")


def _given(values: dict[str, Any]) -> _Environments:
    services = values.get("services") or {}
    return {name: dict(service.get("env") or {}) for name, service in services.items()}


def _written(values: dict[str, Any], own: _Environments, others: _Environments, side: str) -> str:
    """Return values with every given one hidden; ``side`` marks those that are not the same on the other side."""
    if not values:
        return ""
    for service, variables in own.items():
        other = others.get(service, {})
        values["services"][service]["env"] = {
            name: "(hidden)" if other.get(name) == given else f"(hidden, {side})" for name, given in variables.items()
        }
    return json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False)


def _bounded(lines: Iterator[str]) -> str:
    shown: list[str] = []
    size = left = 0
    for line in lines:
        text = line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"
        size += len(text) + 1
        if size <= LARGEST:
            shown.append(text)
        else:
            left += 1
    return "\n".join((*shown, *([f"… and {left} more lines"] if left else ())))
