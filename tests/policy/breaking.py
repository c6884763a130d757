"""How to break a good plan, one rule at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
UNKNOWN = object()


@dataclass(frozen=True)
class Break:
    """``type`` (and a part of the address) select resources of the good plan; ``path`` is set to ``value``."""

    rule: str
    type: str
    path: tuple[str | int, ...]
    value: Any
    part: str = ""

    def __str__(self) -> str:
        return f"{self.rule} {self.type}.{'.'.join(map(str, self.path))}"

    def apply(self, good: Json) -> Json:
        plan = copy.deepcopy(good)
        chosen = [c for c in plan["resource_changes"] if c["type"] == self.type and self.part in c["address"]]
        assert chosen, f"the plan has no {self.type} with {self.part!r}"
        for change in chosen[:1]:
            if self.value is UNKNOWN:
                make_unknown(change["change"], self.path)
            else:
                put(change["change"]["after"], self.path, self.value)
        return plan


def put(document: Any, path: tuple[str | int, ...], value: Any) -> None:
    *steps, last = path
    for step in steps:
        document = document[step]
    document[last] = value


def make_unknown(change: Json, path: tuple[str | int, ...]) -> None:
    after, unknown = change["after"], change["after_unknown"]
    for step in path[:-1]:
        after = after[step]
        if isinstance(step, str):
            unknown = unknown.setdefault(step, {} if not isinstance(after, list) else [{}] * len(after))
        else:
            unknown[step] = dict(unknown[step]) if isinstance(unknown[step], dict) else {}
            unknown = unknown[step]
    after.pop(path[-1], None)
    unknown[path[-1]] = True


def resource(kind: str, after: Json, *, actions: tuple[str, ...] = ("create",), before: Json | None = None) -> Json:
    """Return an entry of resource_changes as Terraform writes it."""
    return {
        "address": f"{kind}.added",
        "mode": "managed",
        "type": kind,
        "name": "added",
        "provider_name": "registry.terraform.io/hashicorp/google",
        "change": {
            "actions": list(actions),
            "before": before,
            "after": after,
            "after_unknown": {},
            "before_sensitive": False,
            "after_sensitive": {},
        },
    }


def adding(kind: str, **after: Any) -> Callable[[Json], Json]:
    def add(good: Json) -> Json:
        plan = copy.deepcopy(good)
        plan["resource_changes"].append(resource(kind, after))
        return plan

    return add


def without(kind: str, part: str = "") -> Callable[[Json], Json]:
    def leave_out(good: Json) -> Json:
        plan = copy.deepcopy(good)
        kept = [c for c in plan["resource_changes"] if c["type"] != kind or part not in c["address"]]
        assert len(kept) < len(plan["resource_changes"])
        plan["resource_changes"] = kept
        return plan

    return leave_out
