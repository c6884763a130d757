"""Grants that cross environments: promotion reads the previous environment's registries."""

from __future__ import annotations

from provisioner.request.resolve import Team


def link_values(team: Team) -> dict[str, dict[str, str]]:
    """Return one grant for each registry that the next environment's deployments read from."""
    return {
        f"{spec.name}/{registry.key}": {
            "project": previous.project,
            "location": registry.location,
            "repository": registry.name,
            "member": f"serviceAccount:{spec.account_email('deploy')}",
        }
        for spec in team.environments
        if spec.previous is not None
        for previous in [team.environment(spec.previous)]
        for registry in previous.registries
    }
