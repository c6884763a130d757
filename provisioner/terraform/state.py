"""Typed view of ``terraform show -json`` without a plan, and of the states inside a plan.

Source: https://developer.hashicorp.com/terraform/internals/json-format#values-representation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.errors import InvalidInput
from provisioner.terraform import document as reading

_DEEPEST_MODULE = 50


@dataclass(frozen=True)
class StateResource:
    """One resource instance; ``values`` are in clear, ``sensitive`` marks those that must not be shown.

    ``module`` is the module's address, empty for the root; ``index`` the key under for_each or count.
    """

    address: str
    type: str
    name: str
    module: str
    values: Mapping[str, Any]
    mode: str = "managed"
    index: str | int | None = None
    provider: str = ""
    tainted: bool = False
    depends_on: tuple[str, ...] = ()
    sensitive: Any = None


@dataclass(frozen=True)
class StateDocument:
    """A state as values. Holds secrets in clear: never log it."""

    items: tuple[StateResource, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    terraform_version: str = ""

    @classmethod
    def from_json(cls, document: object) -> StateDocument:
        """Read a parsed document; an empty state has no ``values``. Raises InvalidInput."""
        checked = reading.checked(document, what="the state")
        return cls.from_values(checked.get("values"), version=str(checked.get("terraform_version", "")))

    @classmethod
    def from_bytes(cls, content: bytes) -> StateDocument:
        """Parse and read. Raises InvalidInput."""
        return cls.from_json(reading.read(content, what="the state"))

    @classmethod
    def from_values(cls, values: object, *, version: str = "") -> StateDocument:
        """Read the ``values`` object of a state or ``planned_values`` of a plan. Raises InvalidInput."""
        tree = reading.mapping(values, what="values")
        outputs = reading.mapping(tree.get("outputs"), what="outputs")
        root = reading.mapping(tree.get("root_module"), what="root_module")
        return cls(
            items=tuple(_resources(root, "", 0)),
            outputs={name: each.get("value") for name, each in outputs.items() if isinstance(each, dict)},
            terraform_version=version,
        )

    def resources(self, *types: str) -> Iterator[StateResource]:
        """Yield the managed resources, all or those of the types, in the document's order."""
        for item in self.items:
            if item.mode == "managed" and (not types or item.type in types):
                yield item

    def find(self, address: str) -> StateResource | None:
        """Return one resource by its full address."""
        return next((item for item in self.items if item.address == address), None)

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is managed."""
        return not any(True for _ in self.resources())


def _resources(module: Mapping[str, Any], address: str, depth: int) -> Iterator[StateResource]:
    if depth > _DEEPEST_MODULE:
        raise InvalidInput(f"modules are nested more than {_DEEPEST_MODULE} deep")
    for each in reading.objects(module.get("resources"), what="resources"):
        yield _resource(each, address)
    for child in reading.objects(module.get("child_modules"), what="child_modules"):
        yield from _resources(child, reading.text(child.get("address"), what="address"), depth + 1)


def _resource(each: Mapping[str, Any], module: str) -> StateResource:
    index = each.get("index")
    return StateResource(
        address=reading.text(each.get("address"), what="address"),
        type=reading.text(each.get("type"), what="type"),
        name=reading.text(each.get("name"), what="name"),
        module=module,
        values=reading.mapping(each.get("values"), what="values"),
        mode=reading.text(each.get("mode"), what="mode"),
        index=index if isinstance(index, (str, int)) else None,
        provider=reading.text(each.get("provider_name"), what="provider_name"),
        tainted=each.get("tainted") is True,
        depends_on=tuple(str(item) for item in each.get("depends_on") or ()),
        sensitive=each.get("sensitive_values"),
    )
