"""The changes of a plan, and their redacted form that may be shown, stored and compared."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioner.errors import InvalidInput
from provisioner.terraform import document as reading
from provisioner.terraform.masking import masked

_HARMLESS = frozenset({"no-op", "read"})


@dataclass(frozen=True)
class ResourceChange:
    """One resource instance in a plan.

    ``actions`` are Terraform's: no-op, create, read, update, delete, forget, or delete and create in one of both
    orders. ``before`` and ``after`` are in clear; ``after_unknown`` and the two ``…_sensitive`` mirror their shape
    with ``true`` where a value is unknown or sensitive. ``replace_paths`` are the attributes that force replacement.
    """

    address: str
    type: str
    name: str
    module: str
    provider: str
    actions: tuple[str, ...]
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    after_unknown: Any = None
    before_sensitive: Any = None
    after_sensitive: Any = None
    replace_paths: tuple[tuple[str | int, ...], ...] = ()
    mode: str = "managed"
    index: str | int | None = None
    deposed: str = ""
    previous_address: str = ""
    importing: Mapping[str, Any] | None = None
    reason: str = ""

    @classmethod
    def from_json(cls, each: Mapping[str, Any]) -> ResourceChange:
        """Read one entry of ``resource_changes`` or ``resource_drift``. Raises InvalidInput for wrong types."""
        change = reading.mapping(each.get("change"), what="change")
        index = each.get("index")
        return cls(
            **{field: reading.text(each.get(key), what=key) for field, key in _TEXTS.items()},
            actions=_actions(change),
            before=_values(change, "before"),
            after=_values(change, "after"),
            after_unknown=change.get("after_unknown"),
            before_sensitive=change.get("before_sensitive"),
            after_sensitive=change.get("after_sensitive"),
            replace_paths=_paths(change.get("replace_paths")),
            index=index if isinstance(index, (str, int)) else None,
            importing=_values(change, "importing"),
        )

    @property
    def has_effect(self) -> bool:
        """Tell whether applying does anything to the world or to the state."""
        return not _HARMLESS.issuperset(self.actions) or bool(self.importing) or bool(self.previous_address)

    @property
    def is_replacement(self) -> bool:
        """Tell whether the resource is destroyed and made again."""
        return {"create", "delete"}.issubset(self.actions)

    def is_unknown(self, attribute: str) -> bool:
        """Tell whether a top-level attribute, or a part of it, is known only after apply."""
        return isinstance(self.after_unknown, Mapping) and _contains_true(self.after_unknown.get(attribute))


@dataclass(frozen=True)
class OutputChange:
    """One output of the root in a plan; values in clear."""

    name: str
    actions: tuple[str, ...]
    before: Any = None
    after: Any = None
    after_unknown: Any = None
    before_sensitive: Any = None
    after_sensitive: Any = None

    @classmethod
    def from_json(cls, name: str, each: object) -> OutputChange:
        """Read one entry of ``output_changes``. Raises InvalidInput for wrong types."""
        change = reading.mapping(each, what=f"output {name}")
        keys = ("before", "after", "after_unknown", "before_sensitive", "after_sensitive")
        return cls(name, _actions(change), **{key: change.get(key) for key in keys})

    @property
    def has_effect(self) -> bool:
        """Tell whether the stored value changes."""
        return not _HARMLESS.issuperset(self.actions)


@dataclass(frozen=True)
class Change:
    """One redacted change: which attributes differ, before and after; equal attributes are left out."""

    address: str
    actions: tuple[str, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    importing: str = ""
    previous_address: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON document without empty parts."""
        document = {
            "address": self.address,
            "actions": list(self.actions),
            "before": dict(self.before),
            "after": dict(self.after),
            "importing": self.importing,
            "previous_address": self.previous_address,
        }
        return {key: value for key, value in document.items() if value}


@dataclass(frozen=True)
class ChangeSet:
    """All redacted changes of a plan, sorted by address. Two plans do the same when their change sets are equal."""

    entries: tuple[Change, ...] = ()

    @classmethod
    def of(cls, resources: Iterable[ResourceChange], outputs: Iterable[OutputChange]) -> ChangeSet:
        """Redact and sort."""
        entries = [_redact(f"output.{each.name}", each) for each in outputs]
        entries += [
            _redact(each.address + (f" (deposed {each.deposed})" * bool(each.deposed)), each) for each in resources
        ]
        return cls(tuple(sorted(entries, key=lambda entry: entry.address)))

    @classmethod
    def from_json(cls, document: object) -> ChangeSet:
        """Read what ``as_json`` wrote. Raises InvalidInput for wrong types."""
        entries = reading.objects(document, what="the change set")
        return cls(tuple(_change(entry) for entry in entries))

    def as_json(self) -> list[dict[str, Any]]:
        """Return a JSON document: one object per change."""
        return [entry.as_dict() for entry in self.entries]

    def digest(self) -> str:
        """Return the SHA-256 (hex) of the canonical form."""
        canonical = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def replacing(self, numbers: Mapping[str, str]) -> ChangeSet:
        """Return it with numbers inside strings exchanged, as whole runs of digits.

        A real plan in which the repository's id is exchanged for the preview's sentinel equals the preview when
        nothing else differs.
        """
        if not numbers:
            return self
        pattern = re.compile(r"(?<!\d)(?:" + "|".join(map(re.escape, numbers)) + r")(?!\d)")

        def exchange(text: str) -> str:
            return pattern.sub(lambda found: numbers[found[0]], text)

        return ChangeSet.from_json(_rewritten(self.as_json(), exchange, keys=True))

    def hiding(self, hide: Callable[[str], str]) -> ChangeSet:
        """Return it with every text of a value as ``hide`` gives it; addresses and names of attributes stay."""

        def hidden(values: Mapping[str, Any]) -> dict[str, Any]:
            return {key: _rewritten(value, hide, keys=False) for key, value in values.items()}

        return ChangeSet(
            tuple(
                replace(e, before=hidden(e.before), after=hidden(e.after), importing=hide(e.importing))
                for e in self.entries
            )
        )

    def differences(self, other: ChangeSet) -> tuple[str, ...]:
        """Return the addresses whose changes are not the same in both, sorted."""
        mine = {entry.address: entry.as_dict() for entry in self.entries}
        theirs = {entry.address: entry.as_dict() for entry in other.entries}
        return tuple(sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key)))


_TEXTS = {
    "address": "address",
    "type": "type",
    "name": "name",
    "module": "module_address",
    "provider": "provider_name",
    "mode": "mode",
    "deposed": "deposed",
    "previous_address": "previous_address",
    "reason": "action_reason",
}


def _actions(change: Mapping[str, Any]) -> tuple[str, ...]:
    actions = change.get("actions")
    if not isinstance(actions, list) or not actions or not all(isinstance(action, str) for action in actions):
        raise InvalidInput("a change has no actions", fix="pass what `terraform show -json` printed")
    return tuple(actions)


def _paths(value: object) -> tuple[tuple[str | int, ...], ...]:
    paths = [] if value is None else value
    if not isinstance(paths, list) or not all(isinstance(path, list) for path in paths):
        raise InvalidInput("replace_paths is not a list of paths", fix="pass what `terraform show -json` printed")
    return tuple(tuple(path) for path in paths)


def _values(change: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    return None if change.get(key) is None else reading.mapping(change[key], what=key)


def _redact(address: str, change: ResourceChange | OutputChange) -> Change:
    before = masked(change.before, change.before_sensitive, None)
    after = masked(change.after, change.after_sensitive, change.after_unknown)
    different = _different(change, before, after)
    imported = getattr(change, "importing", None) or {}
    return Change(
        address=address,
        actions=change.actions,
        before={key: value for key, value in _as_object(before).items() if key in different},
        after={key: value for key, value in _as_object(after).items() if key in different},
        importing=str(imported.get("id", "")),
        previous_address=getattr(change, "previous_address", ""),
    )


def _different(change: ResourceChange | OutputChange, before: object, after: object) -> set[str]:
    """Name the attributes that differ, in clear or redacted: a changed secret counts although it is not shown."""
    clear, shown = (_as_object(change.before), _as_object(change.after)), (_as_object(before), _as_object(after))
    keys = {key for pair in (clear, shown) for side in pair for key in side}
    absent = object()
    return {key for key in keys if any(old.get(key, absent) != new.get(key, absent) for old, new in (clear, shown))}


def _as_object(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"value": value}


def _contains_true(mark: object) -> bool:
    if isinstance(mark, dict):
        return any(_contains_true(each) for each in mark.values())
    if isinstance(mark, list):
        return any(_contains_true(each) for each in mark)
    return mark is True


def _change(entry: Mapping[str, Any]) -> Change:
    return Change(
        address=reading.text(entry.get("address"), what="address"),
        actions=_actions(entry),
        before=reading.mapping(entry.get("before"), what="before"),
        after=reading.mapping(entry.get("after"), what="after"),
        importing=reading.text(entry.get("importing"), what="importing"),
        previous_address=reading.text(entry.get("previous_address"), what="previous_address"),
    )


def _rewritten(value: object, rewrite: Callable[[str], str], *, keys: bool) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return rewrite(value)
    if isinstance(value, dict):
        pairs = ((rewrite(key) if keys else key, each) for key, each in value.items())
        return {key: _rewritten(each, rewrite, keys=keys) for key, each in pairs}
    if isinstance(value, list):
        return [_rewritten(each, rewrite, keys=keys) for each in value]
    return value
