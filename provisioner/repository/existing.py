"""What Terraform would tell of an environment, taken from the request where the environment was made elsewhere."""

from __future__ import annotations

from provisioner.repository.facts import EnvironmentOutputs
from provisioner.request.resolve import EnvironmentSpec, Team


def existing_outputs(team: Team) -> dict[str, EnvironmentOutputs]:
    """Return the outputs of the environments whose request says what is there, by name."""
    return {spec.name: _outputs(spec) for spec in team.environments if spec.existing is not None}


def _outputs(spec: EnvironmentSpec) -> EnvironmentOutputs:
    held = spec.existing
    assert held is not None  # noqa: S101 - only called for those
    return EnvironmentOutputs(
        project_id=spec.project,
        project_number=held.project_number or held.workload_identity_provider.split("/")[1],
        region=spec.region,
        workload_identity_provider=held.workload_identity_provider,
        plan_service_account=held.plan_service_account,
        deploy_service_account=held.deploy_service_account,
        runtime_service_account=held.runtime_service_account,
        buckets=dict(held.buckets),
        registries=dict(held.registries),
        services={key: {"name": each.name, "uri": each.uri} for key, each in held.services.items()},
    )
