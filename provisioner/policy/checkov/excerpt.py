"""The part of a plan that checkov looks at.

checkov reads three members of plan JSON (planned_values, resource_changes, configuration). It parses the file as YAML
to know the line of everything, which takes ten times as long as all its checks, and every file that Terraform writes
has one line. So the values are handed over as they would come out of that parser, on line one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.terraform import document as reading

_LINES = {"__startline__": 1, "__endline__": 1, "start_line": 0, "end_line": 0}
_CHANGE = ("actions", "before", "after", "after_unknown")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A plan document of the members that checkov reads, unchanged."""

    document: Json

    @property
    def addresses(self) -> frozenset[str]:
        """The address of everything planned, data sources too."""
        return frozenset(str(each.get("address")) for each in _resources(self._root))

    @property
    def managed(self) -> frozenset[str]:
        """The address of every planned resource that checkov has to see."""
        left = {c.get("address") for c in self._changes if _of(c, "change").get("actions") == ["forget"]}
        found = (each for each in _resources(self._root) if each.get("mode") == "managed")
        return frozenset(str(each.get("address")) for each in found if each.get("address") not in left)

    @property
    def providers(self) -> frozenset[str]:
        """The names that types begin with: google, random, …; of configured providers, too."""
        types = {str(each.get("type")).partition("_")[0] for each in _resources(self._root)}
        configured = _of(_of(self.document, "configuration"), "provider_config").values()
        return frozenset(types | {str(each.get("name")) for each in configured if isinstance(each, Mapping)})

    def of_types(self, types: Collection[str] | None) -> Excerpt:
        """Leave out resources that no check speaks of (None: none of them), and write lines into the rest."""
        root = _thinned(self._root, types)
        kept = {each["address"] for each in _resources(root)}
        configuration = _lined(_of(self.document, "configuration"))
        changes = [_change(each) for each in self._changes if each.get("address") in kept]
        planned = {"root_module": root}
        return Excerpt({"planned_values": planned, "resource_changes": changes, "configuration": configuration})

    @property
    def _root(self) -> Json:
        return _of(_of(self.document, "planned_values"), "root_module")

    @property
    def _changes(self) -> list[Json]:
        return reading.objects(self.document.get("resource_changes"), what="resource_changes")


def excerpt(document: Json) -> Excerpt:
    """Return the excerpt of a plan document. Raises InvalidInput for a member of the wrong type."""
    found = Excerpt(document)
    for each in _resources(_of(_of(document, "planned_values"), "root_module")):
        reading.text(each.get("address"), what="the address of a planned value")
    return found


def _resources(module: Json) -> Iterator[Json]:
    yield from reading.objects(module.get("resources"), what="resources")
    for child in reading.objects(module.get("child_modules"), what="child_modules"):
        yield from _resources(child)


def _thinned(module: Json, types: Collection[str] | None) -> dict[str, Any]:
    resources = reading.objects(module.get("resources"), what="resources")
    children = reading.objects(module.get("child_modules"), what="child_modules")
    thin = {
        "resources": [_lined(each) for each in resources if types is None or each.get("type") in types],
        "child_modules": [_thinned(child, types) for child in children],
    }
    return {**thin, "address": module["address"]} if "address" in module else thin


def _change(change: Json) -> dict[str, Any]:
    """Return a copy of what checkov reads of a change: it writes into what it is given."""
    inner = _of(change, "change")
    return {"address": change.get("address"), "change": {key: inner.get(key) for key in _CHANGE}}


def _lined(value: Any) -> Any:  # noqa: ANN401 - provider values have no narrower type
    if isinstance(value, dict):
        return {key: _lined(each) for key, each in value.items()} | _LINES
    return [_lined(each) for each in value] if isinstance(value, list) else value


def _of(document: Json, name: str) -> Json:
    return reading.mapping(document.get(name), what=name)
