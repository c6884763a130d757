"""All types the stand-in knows, made once per server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.sandbox.provider.resource import Resource


@dataclass(frozen=True)
class Registry:
    """The tables by type name."""

    resources: Mapping[str, Resource]


def load() -> Registry:
    """Import the modules of all services and collect their types."""
    from provisioner.sandbox.provider.resources import identity  # noqa: PLC0415 - tables load with the server, not before

    found = [*identity.resources()]
    return Registry({resource.spec.name: resource for resource in found})
