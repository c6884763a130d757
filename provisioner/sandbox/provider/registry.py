"""All types the stand-in knows, made once per server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.sandbox.provider.data import DataSource, data_sources
from provisioner.sandbox.provider.ephemeral import Ephemeral, ephemeral_resources
from provisioner.sandbox.provider.functions import Function, functions
from provisioner.sandbox.provider.resource import Resource
from provisioner.sandbox.provider.resources import (
    bigquery,
    bigquery_table,
    dashboards,
    grants,
    identity,
    keys,
    messaging,
    objects,
    observing,
    project,
    projects,
    registry,
    run,
    run_jobs,
    secret_manager,
    sinks,
    spending,
    sql,
    sql_instance,
    storage,
    vertex,
)
from provisioner.sandbox.provider.resources.policies import Policies


@dataclass(frozen=True)
class Registry:
    """The types by name."""

    resources: Mapping[str, Resource]
    data_sources: Mapping[str, DataSource]
    ephemeral: Mapping[str, Ephemeral]
    functions: Mapping[str, Function]


def load() -> Registry:
    """Collect the types of all services."""
    policies = Policies()
    found = [
        *bigquery.resources(),
        *bigquery_table.resources(),
        *dashboards.resources(),
        *grants.resources(policies),
        *identity.resources(),
        *keys.resources(),
        *messaging.resources(),
        *objects.resources(),
        *observing.resources(),
        *project.resources(policies),
        *projects.resources(),
        *registry.resources(),
        *run.resources(),
        *run_jobs.resources(),
        *secret_manager.resources(),
        *sinks.resources(),
        *spending.resources(),
        *sql.resources(),
        *sql_instance.resources(),
        *storage.resources(),
        *vertex.resources(),
    ]
    by_name = {resource.spec.name: resource for resource in found}
    return Registry(
        by_name,
        {source.name: source for source in data_sources(by_name)},
        {opened.name: opened for opened in ephemeral_resources()},
        {function.name: function for function in functions()},
    )
