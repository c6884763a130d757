"""The answers a repository is rendered from: plain data, recorded in it, enough to render it again.

A later update renders the recorded answers with the recorded version and the new answers with the new version,
and merges the difference of the two into what the team made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.repository import names
from provisioner.repository.facts import EnvironmentOutputs, RepositoryFacts
from provisioner.request.names import stable_hash
from provisioner.request.resolve import EnvironmentSpec, Team

_FACTS_FOLDER = "cloud-infrastructure"
_MAY_REVIEW = frozenset({"push", "maintain", "admin"})


def answers(team: Team, facts: RepositoryFacts, outputs: Mapping[str, EnvironmentOutputs]) -> dict[str, Any]:
    """Return everything the template may name, as JSON would hold it."""
    request = team.request
    return {
        "team": team.slug,
        "description": _one_line(request.repository.description or request.description or f"Models of {team.slug}"),
        "owner_email": str(request.owner),
        "owner_group": request.owner_group or team.slug,
        "cost_center": request.cost_center,
        "data_class": request.data_class,
        "repository": {"full_name": facts.full_name, "html_url": facts.html_url},
        "default_branch": names.default_branch(team),
        "branches": list(names.branches(team)),
        "codeowners": _codeowners(team),
        "services": list(dict.fromkeys(part.key for spec in team.environments for part in spec.services)),
        "verify_minute": sum(stable_hash((team.slug,)).encode()) % 60,
        "environments": [_environment(team, spec, outputs[spec.name]) for spec in team.environments],
    }


def _environment(team: Team, spec: EnvironmentSpec, made: EnvironmentOutputs) -> dict[str, Any]:
    releasing = [other for other in team.environments if other.registries]
    place = releasing.index(spec) if spec in releasing else 0
    earlier = [other.name for other in releasing[:place] if other.branch == spec.branch]
    before = next((other for other in releasing[:place] if other.name == spec.previous), None)
    return {
        "name": spec.name,
        "variable_prefix": names.variable_prefix(spec.name),
        "project_id": made.project_id,
        "project_number": made.project_number,
        "region": made.region,
        "branch": spec.branch,
        "approval": spec.approval,
        "reviewers": [reviewer.user or f"team {reviewer.team}" for reviewer in spec.reviewers],
        "after": earlier[-1] if earlier else "",
        "promoted_from": before.name if before is not None and before.branch == spec.branch else "",
        "registry": names.first_registry(spec, made),
        "bucket": names.first_bucket(spec, made),
        "buckets": {part.key: made.buckets[part.key] for part in spec.buckets},
        "registries": {part.key: made.registries[part.key] for part in spec.registries},
        "publishes_facts": any(
            prefix.rstrip("/") == _FACTS_FOLDER
            for part in spec.buckets[:1]
            for prefix in part.settings.publish_prefixes
        ),
        "service": _service(spec, made),
        "workload_identity_provider": made.workload_identity_provider,
        "plan_service_account": made.plan_service_account,
        "deploy_service_account": made.deploy_service_account,
        "runtime_service_account": made.runtime_service_account,
    }


def _service(spec: EnvironmentSpec, made: EnvironmentOutputs) -> dict[str, str] | None:
    """Return the service that releases go to; without a registry there is no image to give it."""
    if not spec.services or not spec.registries:
        return None
    first = spec.services[0]
    output = made.services[first.key]
    return {"name": output["name"], "uri": output.get("uri", ""), "ingress": first.settings.ingress}


def _publishes_facts(spec: EnvironmentSpec) -> bool:
    """Tell whether the deploy identity may write the folder of facts in the first bucket."""
    prefixes = [prefix for part in spec.buckets[:1] for prefix in part.settings.publish_prefixes]
    return any(prefix.rstrip("/") == _FACTS_FOLDER for prefix in prefixes)


def _codeowners(team: Team) -> list[str]:
    """Return who is asked to review: only owners with write access count for GitHub; else the owner's address."""
    repository, owner = team.request.repository, team.platform.github.owner
    teams = [f"@{owner}/{part.slug}" for part in repository.teams if part.permission in _MAY_REVIEW]
    people = [f"@{part.user}" for part in repository.collaborators if part.permission in _MAY_REVIEW]
    return [*teams, *people] or [str(team.request.owner)]


def _one_line(text: str) -> str:
    return " ".join(text.split())
