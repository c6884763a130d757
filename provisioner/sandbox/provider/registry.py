"""All types the stand-in knows, made once per server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.sandbox.provider.resource import Resource
from provisioner.sandbox.provider.resources import (
    grants,
    identity,
    objects,
    project,
    registry,
    run,
    secret_manager,
    spending,
    storage,
)
from provisioner.sandbox.provider.resources.members import Policies


@dataclass(frozen=True)
class Registry:
    """The types by name."""

    resources: Mapping[str, Resource]


def load() -> Registry:
    """Collect the types of all services."""
    policies = Policies()
    found = [
        *grants.resources(policies),
        *identity.resources(),
        *objects.resources(),
        *project.resources(policies),
        *registry.resources(),
        *run.resources(),
        *secret_manager.resources(),
        *spending.resources(),
        *storage.resources(),
    ]
    return Registry({resource.spec.name: resource for resource in found})
