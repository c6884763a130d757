"""The values of an environment's root: what goes into terraform.tfvars.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provisioner.render.ids import RepositoryIds
from provisioner.request.parts import Budget, ExtraRoles
from provisioner.request.resolve import EnvironmentSpec, NamedBucket, NamedRegistry, NamedService, Team

Values = dict[str, Any]

ENVIRONMENT_VARIABLES = (
    ("project_id", "string"),
    ("region", "string"),
    ("team", "string"),
    ("environment", "string"),
    ("labels", "map(string)"),
    ("owner_email", "string"),
    ("repository_id", "string"),
    ("repository_owner_id", "string"),
    ("branch", "string"),
    ("oidc_issuer", "string"),
    ("oidc_audiences", "list(string)"),
    ("allow_pull_request_plan", "bool"),
    ("self_hosted_runners", "bool"),
    ("trusted_workflows", "list(string)"),
    ("pool_id", "string"),
    ("provider_id", "string"),
    ("account_ids", "map(string)"),
    ("buckets", "any"),
    ("registries", "any"),
    ("services", "any"),
    ("extra_roles", "map(list(string))"),
    ("budget", "object({ amount = number, currency = string })"),
    ("billing_account", "string"),
    ("state_bucket", "string"),
    ("state_prefix", "string"),
    ("preview_account", "string"),
    ("manage_project", "bool"),
    ("deletion_protection", "bool"),
    ("delete_data", "bool"),
)
"""Inputs of the module team-environment in the order they are written, with the type the root declares."""


def environment_values(team: Team, spec: EnvironmentSpec, ids: RepositoryIds, *, protection: bool) -> Values:
    """Return every input of the environment's module."""
    return {**_trust(team, spec, ids), **_parts(spec), **_money(team, spec), **_switches(team, spec, protection)}


def tfvars(values: Mapping[str, Any]) -> bytes:
    """Encode values for Terraform: sorted, so that the same values are the same bytes."""
    return json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def bucket_values(bucket: NamedBucket) -> Values:
    """Return one bucket as the module takes it."""
    settings = bucket.settings
    return {
        "name": bucket.name,
        "location": bucket.location,
        "storage_class": settings.storage_class,
        "keep_versions": settings.keep_versions,
        "soft_delete_days": settings.soft_delete_days,
        "kms_key": settings.kms_key,
        "publish_prefixes": sorted({f"{prefix.rstrip('/')}/" for prefix in settings.publish_prefixes}),
    }


def registry_values(registry: NamedRegistry) -> Values:
    """Return one registry as the module takes it."""
    settings = registry.settings
    return {
        "name": registry.name,
        "location": registry.location,
        "immutable_tags": settings.immutable_tags,
        "mutable_reason": settings.mutable_reason,
        "keep_untagged_days": settings.keep_untagged_days,
        "kms_key": settings.kms_key,
    }


def service_values(service: NamedService) -> Values:
    """Return one service as the module takes it."""
    settings = service.settings
    return {
        "name": service.name,
        "image": service.image,
        "cpu": settings.cpu,
        "memory": settings.memory,
        "port": settings.port,
        "min_instances": settings.scaling.min,
        "max_instances": settings.scaling.max,
        "timeout_seconds": settings.timeout_seconds,
        "probe_path": settings.probe_path,
        "ingress": settings.ingress,
        "public_reason": settings.public_reason,
        "invokers": sorted(settings.invokers),
        "env": dict(settings.env),
        "secrets": {name: {"secret": ref.secret, "version": ref.version} for name, ref in settings.secrets.items()},
        "kms_key": settings.kms_key,
    }


def _trust(team: Team, spec: EnvironmentSpec, ids: RepositoryIds) -> Values:
    github = team.platform.github
    return {
        "repository_id": ids.repository_id,
        "repository_owner_id": ids.owner_id,
        "branch": spec.branch,
        "oidc_issuer": github.oidc_issuer,
        "oidc_audiences": [github.audience] if github.audience else [],
        "allow_pull_request_plan": spec.plan_from_pull_requests,
        "self_hosted_runners": team.request.self_hosted_runners,
        "trusted_workflows": sorted(team.request.trusted_workflows),
        "pool_id": spec.names.pool,
        "provider_id": spec.names.provider,
        "account_ids": {
            "plan": spec.names.plan_account,
            "deploy": spec.names.deploy_account,
            "runtime": spec.names.runtime_account,
        },
    }


def _parts(spec: EnvironmentSpec) -> Values:
    return {
        "project_id": spec.project,
        "region": spec.region,
        "team": spec.team,
        "environment": spec.name,
        "labels": dict(spec.labels),
        "buckets": {bucket.key: bucket_values(bucket) for bucket in spec.buckets},
        "registries": {registry.key: registry_values(registry) for registry in spec.registries},
        "services": {service.key: service_values(service) for service in spec.services},
        "extra_roles": roles_values(spec.roles),
    }


def _money(team: Team, spec: EnvironmentSpec) -> Values:
    return {
        "owner_email": str(team.request.owner),
        "budget": budget_values(spec.budget),
        "billing_account": team.platform.billing_account,
    }


def _switches(team: Team, spec: EnvironmentSpec, protection: bool) -> Values:  # noqa: FBT001 - one caller, in this file
    return {
        "state_bucket": team.platform.state.bucket,
        "state_prefix": spec.names.state_prefix,
        "preview_account": team.platform.preview_account if spec.plan_from_pull_requests else None,
        "manage_project": spec.manage_project,
        "deletion_protection": protection,
    }


def roles_values(roles: ExtraRoles) -> Values:
    """Return extra roles per persona."""
    return {"plan": sorted(roles.plan), "deploy": sorted(roles.deploy), "runtime": sorted(roles.runtime)}


def budget_values(budget: Budget) -> Values:
    """Return a budget as the module takes it."""
    return {"amount": budget.amount, "currency": budget.currency}
