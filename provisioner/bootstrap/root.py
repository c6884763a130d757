"""The platform's own Terraform root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioner.bootstrap.itself import accounts, the_environment
from provisioner.bootstrap.roles import PURPOSES, SERVICES, conditions, held
from provisioner.render import RepositoryIds, Tree
from provisioner.render.modules import module_source
from provisioner.render.root import Root
from provisioner.render.templates import Templates
from provisioner.render.values import Values, budget_values
from provisioner.request.resolve import Team

VARIABLES = (
    ("project_id", "string"),
    ("region", "string"),
    ("team", "string"),
    ("environment", "string"),
    ("labels", "map(string)"),
    ("owner_email", "string"),
    ("state_bucket", "string"),
    ("state_location", "string"),
    ("services", "set(string)"),
    ("account_ids", "map(string)"),
    ("purposes", "map(string)"),
    ("scope", "string"),
    ("scope_roles", "map(set(string))"),
    ("scope_conditions", "map(object({ title = string, description = string, expression = string }))"),
    ("billing_account", "string"),
    ("billing_roles", "map(string)"),
    ("state_roles", "map(set(string))"),
    ("budget", "object({ amount = number, currency = string })"),
    ("pool_id", "string"),
    ("provider_id", "string"),
    ("repository_id", "string"),
    ("repository_owner_id", "string"),
    ("branch", "string"),
    ("oidc_issuer", "string"),
    ("oidc_audiences", "list(string)"),
)
"""Inputs of the module platform in the order they are written, with the type that the root declares."""

BUCKET_ADDRESS = "module.environment.google_storage_bucket.state"
_MODULES = ("billing-budget", "platform", "project-services", "service-account", "workload-identity")
_SOURCE = "platform.yaml"


def platform_tree(team: Team, ids: RepositoryIds, imports: Sequence[tuple[str, str]] = ()) -> Tree:
    """Return the root and its modules; ``imports`` are addresses and ids beside the state bucket, always taken in."""
    modules, spec = module_source(team.platform.modules), the_environment(team)
    state = team.platform.state
    files = modules.files(_MODULES) | Root(Templates(), spec.names.root, _SOURCE).folder(
        state=(state.bucket, spec.names.state_prefix),
        values=values(team, ids),
        variables=VARIABLES,
        main=("platform", {"modules": modules}),
        imports=((BUCKET_ADDRESS, state.bucket), *imports),
    )
    return Tree(dict(sorted(files.items())))


def values(team: Team, ids: RepositoryIds) -> Values:
    """Return the inputs of the module."""
    platform, spec = team.platform, the_environment(team)
    return {
        "project_id": spec.project,
        "region": spec.region,
        "team": team.slug,
        "environment": spec.name,
        "labels": dict(spec.labels),
        "owner_email": str(team.request.owner),
        "state_bucket": platform.state.bucket,
        "state_location": platform.state.location,
        **_identities(team),
        **_trust(team, ids),
    }


def scope(team: Team) -> str:
    """Return where the teams' projects are: the folder of platform.yaml, else the organisation."""
    organisation = team.platform.organisation
    return f"folders/{organisation.folder}" if organisation.folder else f"organizations/{organisation.id}"


def _identities(team: Team) -> Mapping[str, object]:
    return {
        "services": sorted(SERVICES),
        "account_ids": accounts(team),
        "purposes": dict(PURPOSES),
        "scope": scope(team),
        "scope_roles": {account: held(account, "scope") for account in ("plan", "preview", "deploy")},
        "scope_conditions": conditions(),
        "billing_account": team.platform.billing_account,
        "budget": budget_values(team.platform.default_budget),
        "billing_roles": {account: held(account, "billing")[0] for account in ("plan", "deploy")},
        "state_roles": {account: held(account, "state") for account in ("plan", "deploy")},
    }


def _trust(team: Team, ids: RepositoryIds) -> Mapping[str, object]:
    github, spec = team.platform.github, the_environment(team)
    return {
        "pool_id": spec.names.pool,
        "provider_id": spec.names.provider,
        "repository_id": ids.repository_id,
        "repository_owner_id": ids.owner_id,
        "branch": spec.branch,
        "oidc_issuer": github.oidc_issuer,
        "oidc_audiences": [github.audience] if github.audience else [],
    }
