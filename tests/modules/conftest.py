"""One team with everything in it, planned once for all tests that only read the plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.request.parts import ExtraRoles
from provisioner.request.resolve import Team
from tests.modules.environments import Estate, estate
from tests.render.teams import platform
from tests.render.teams import team as resolved

EVERYTHING = """
team: churn
owner: churn-team@example.com
cost_center: cc-1204
data_class: confidential
environments:
  dev:
    project: example-churn-dev
    roles: {plan: [roles/pubsub.viewer], runtime: [roles/bigquery.dataViewer]}
  prod:
    project: example-churn-prod
    branch: release
    reviewers: [{team: churn-leads}]
buckets:
  data: {publish_prefixes: [models, cloud-infrastructure/gcp/]}
  raw: {location: EU, storage_class: NEARLINE, keep_versions: 2, soft_delete_days: 14}
registries:
  images: {}
  base: {immutable_tags: false, mutable_reason: base images are rebuilt under one tag}
services:
  scoring:
    cpu: "2"
    memory: 2Gi
    scaling: {min: 1, max: 4}
    ingress: load-balancer
    invokers: ["group:payments@example.com"]
    env: {LOG_LEVEL: info}
    secrets: {API_KEY: {secret: api-key, version: 1}, STORE: {secret: feature-store, version: 1}}
  batch:
    secrets: {API_KEY: {secret: api-key, version: 1}}
budget: {amount: 700}
"""


@pytest.fixture(scope="session")
def team() -> Team:
    allowed = ExtraRoles(plan=("roles/pubsub.viewer",), runtime=("roles/bigquery.dataViewer",))
    return resolved(EVERYTHING, platform(role_allow_list=allowed))


@pytest.fixture(scope="session")
def shared_estate(team: Team, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Planned by many tests, applied by none."""
    with estate(team, tmp_path_factory.mktemp("estate")) as made:
        yield made


@pytest.fixture(scope="session")
def dev_plan(shared_estate: Estate) -> dict[str, Any]:
    return shared_estate.root("churn-dev").plan()


@pytest.fixture(scope="session")
def prod_plan(shared_estate: Estate) -> dict[str, Any]:
    return shared_estate.root("churn-prod").plan()


@pytest.fixture
def own_estate(team: Team, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with estate(team, tmp_path_factory.mktemp("own")) as made:
        yield made
