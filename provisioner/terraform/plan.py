"""Typed view of ``terraform show -json PLANFILE``.

Source: https://developer.hashicorp.com/terraform/internals/json-format#plan-representation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.terraform import document as reading
from provisioner.terraform.changes import ChangeSet, OutputChange, ResourceChange
from provisioner.terraform.state import StateDocument


@dataclass(frozen=True)
class PlanSummary:
    """How many resource instances a plan touches. A replacement counts as one add and one remove."""

    add: int = 0
    change: int = 0
    remove: int = 0
    imported: int = 0
    forget: int = 0

    def __str__(self) -> str:
        """Return Terraform's words."""
        parts = [f"{self.add} to add", f"{self.change} to change", f"{self.remove} to destroy"]
        if self.imported:
            parts.insert(0, f"{self.imported} to import")
        if self.forget:
            parts.append(f"{self.forget} to forget")
        return ", ".join(parts)


@dataclass(frozen=True)
class Plan:
    """A plan as values. Holds secrets in clear: show people ``redacted()``.

    ``digest`` is the SHA-256 (hex) of the plan *file*, which apply is bound to; empty when the plan was read from
    JSON alone. ``drift`` is what Terraform noticed to have changed outside: many of its entries are harmless right
    after an apply, so drift is to be judged by ``changed()``. ``configuration`` and ``variables`` are raw.
    """

    changes: tuple[ResourceChange, ...]
    output_changes: tuple[OutputChange, ...] = ()
    drift: tuple[ResourceChange, ...] = ()
    prior_state: StateDocument = field(default_factory=StateDocument)
    planned_values: StateDocument = field(default_factory=StateDocument)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    terraform_version: str = ""
    digest: str = ""
    complete: bool = True
    errored: bool = False

    @classmethod
    def from_json(cls, document: object, *, digest: str = "") -> Plan:
        """Read a parsed document. Raises InvalidInput for another format or wrong types."""
        return cls.from_checked(reading.checked(document, what="the plan"), digest=digest)

    @classmethod
    def from_checked(cls, checked: Mapping[str, Any], *, digest: str = "") -> Plan:
        """Read a document that ``document.read`` returned. Raises InvalidInput for wrong types."""
        outputs = reading.mapping(checked.get("output_changes"), what="output_changes")
        prior = reading.mapping(checked.get("prior_state"), what="prior_state")
        variables = reading.mapping(checked.get("variables"), what="variables")
        return cls(
            changes=_changes(checked, "resource_changes"),
            output_changes=tuple(OutputChange.from_json(name, each) for name, each in outputs.items()),
            drift=_changes(checked, "resource_drift"),
            prior_state=StateDocument.from_values(prior.get("values")),
            planned_values=StateDocument.from_values(checked.get("planned_values")),
            configuration=reading.mapping(checked.get("configuration"), what="configuration"),
            variables={name: each.get("value") for name, each in variables.items() if isinstance(each, dict)},
            terraform_version=reading.text(checked.get("terraform_version"), what="terraform_version"),
            digest=digest,
            complete=checked.get("complete", True) is not False,
            errored=checked.get("errored", False) is True,
        )

    @classmethod
    def from_bytes(cls, content: bytes, *, digest: str = "") -> Plan:
        """Parse and read. Raises InvalidInput when it is too large, not JSON, too deep or of another format."""
        return cls.from_checked(reading.read(content, what="the plan"), digest=digest)

    @property
    def resource_changes(self) -> tuple[ResourceChange, ...]:
        """Return every resource instance of the plan, unchanged ones and data sources too (Terraform's name)."""
        return self.changes

    def managed(self, *types: str) -> Iterator[ResourceChange]:
        """Yield the managed resources, all or those of the types, unchanged ones too."""
        for change in self.changes:
            if change.mode == "managed" and (not types or change.type in types):
                yield change

    def find(self, address: str) -> ResourceChange | None:
        """Return one resource by its full address."""
        return next((change for change in self.changes if change.address == address), None)

    def changed(self) -> tuple[ResourceChange, ...]:
        """Return what applying would change: managed resources with an action, an import or a move."""
        return tuple(change for change in self.managed() if change.has_effect)

    def changed_outputs(self) -> tuple[OutputChange, ...]:
        """Return the outputs whose value would change."""
        return tuple(change for change in self.output_changes if change.has_effect)

    @property
    def is_empty(self) -> bool:
        """Tell whether applying would change nothing, outputs included."""
        return not self.changed() and not self.changed_outputs()

    def summary(self) -> PlanSummary:
        """Count the actions."""
        counts: Counter[str] = Counter()
        for change in self.changed():
            counts.update(change.actions)
            counts["import"] += bool(change.importing)
        return PlanSummary(counts["create"], counts["update"], counts["delete"], counts["import"], counts["forget"])

    def redacted(self) -> ChangeSet:
        """Return the changes without any sensitive value: comparable, JSON-able, fit to be shown and stored.

        A provider may repeat a sensitive value in an attribute of its own, as google's ``effective_labels`` repeat
        ``labels``, and Terraform does not mark that: what is sensitive anywhere in the plan is hidden everywhere.
        """
        from provisioner.terraform.sensitive import hiding, sensitive_texts  # noqa: PLC0415 - it knows what a plan is

        return ChangeSet.of(self.changed(), self.changed_outputs()).hiding(hiding(sensitive_texts(self)))


def _changes(document: Mapping[str, Any], key: str) -> tuple[ResourceChange, ...]:
    return tuple(ResourceChange.from_json(each) for each in reading.objects(document.get(key), what=key))
