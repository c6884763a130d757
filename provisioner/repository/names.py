"""The names that the product and the generated workflows share."""

from __future__ import annotations

from provisioner.repository.facts import EnvironmentOutputs
from provisioner.request.resolve import EnvironmentSpec, Team

MARKER_TOPIC = "provision-env"
MARKER_VARIABLE = "PROVISION_ENV_TEAM"
CHECKS = ("check", "image")  # job names of the template's ci workflow, required before a merge


def variable_prefix(environment: str) -> str:
    """Return the start of an environment's variables at repository level: ``pre-prod`` is ``PRE_PROD``."""
    return environment.upper().replace("-", "_")


def branches(team: Team) -> tuple[str, ...]:
    """Return the branches that environments deploy from, each once, in the order of promotion."""
    return tuple(dict.fromkeys(spec.branch for spec in team.environments))


def default_branch(team: Team) -> str:
    """Return the branch where work begins: that of the first environment."""
    return team.environments[0].branch


def first_registry(spec: EnvironmentSpec, outputs: EnvironmentOutputs) -> str:
    """Return the registry that releases go to, or nothing."""
    return next((outputs.registries[part.key] for part in spec.registries), "")


def first_bucket(spec: EnvironmentSpec, outputs: EnvironmentOutputs) -> str:
    """Return the bucket that pipelines use, or nothing."""
    return next((outputs.buckets[part.key] for part in spec.buckets), "")


def environment_variables(spec: EnvironmentSpec, outputs: EnvironmentOutputs) -> dict[str, str]:
    """Return the variables of a GitHub environment, for its deploy identity; what does not exist gets none."""
    values = {
        "WORKLOAD_IDENTITY_PROVIDER": outputs.workload_identity_provider,
        "SERVICE_ACCOUNT": outputs.deploy_service_account,
        "GCP_PROJECT_ID": outputs.project_id,
        "GCP_REGION": outputs.region,
        "ARTIFACT_REGISTRY_REPO": first_registry(spec, outputs),
        "GCS_BUCKET": first_bucket(spec, outputs),
    }
    return {name: value for name, value in values.items() if value}


def repository_variables(spec: EnvironmentSpec, outputs: EnvironmentOutputs) -> dict[str, str]:
    """Return the variables for jobs that name no environment, which reach the plan identity only."""
    prefix = variable_prefix(spec.name)
    return {
        f"{prefix}_WORKLOAD_IDENTITY_PROVIDER": outputs.workload_identity_provider,
        f"{prefix}_PLAN_SERVICE_ACCOUNT": outputs.plan_service_account,
    }
