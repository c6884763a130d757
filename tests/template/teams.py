"""Requests of many shapes, and the outputs that Terraform would give for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from provisioner.repository.answers import answers
from provisioner.repository.facts import EnvironmentOutputs, RepositoryFacts
from provisioner.request.loading import load_platform, load_request
from provisioner.request.models import Platform, Request
from provisioner.request.resolve import EnvironmentSpec, Team, resolve

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "examples"
STAGES = ("dev", "test", "stage", "pre-prod", "prod", "prod-eu")


def platform() -> Platform:
    return load_platform(EXAMPLES / "platform.yaml")


def example(name: str) -> Team:
    return resolve(load_request(EXAMPLES / f"{name}.yaml", platform()), platform())


def asked(**changes: Any) -> Team:
    document: dict[str, Any] = {
        "team": "churn",
        "owner": "churn@example.com",
        "cost_center": "cc-1",
        "data_class": "internal",
        "environments": {"dev": {"project": "example-churn-dev"}},
    }
    return resolve(Request.model_validate({**document, **changes}), platform())


def staged(count: int) -> Team:
    """Return a team with 1 to 6 environments, the later ones reviewed."""
    stages = {
        name: {"project": f"example-{name}-1", "reviewers": [{"team": "leads"}] if place > 1 else []}
        for place, name in enumerate(STAGES[:count])
    }
    return asked(environments=stages)


def matrix() -> dict[str, Team]:
    """Return one team per shape that changes what is rendered."""
    two = {"dev": {"project": "example-a-dev"}, "prod": {"project": "example-a-prod"}}
    branched = {
        "dev": {"project": "example-a-dev", "branch": "develop"},
        "stage": {"project": "example-a-stage"},
        "prod": {"project": "example-a-prod"},
    }
    public = {"web": {"ingress": "public", "public_reason": "customers call it"}, "second": {}}
    awkward = 'Says "hi": it\'s 100 % ${{ secrets.X }} # and <b>, {{ more }}'
    people = {
        "collaborators": [{"user": "amina", "permission": "push"}],
        "teams": [{"slug": "ds", "permission": "pull"}],
    }
    return {
        **{name: example(name) for name in ("churn", "forecast", "fraud-detection")},
        **{f"{count}-environments": staged(count) for count in (1, 2, 4, 5, 6)},
        "no-service": asked(environments=two, services={}),
        "no-registry": asked(environments=two, registries={}),
        "nothing": asked(environments=two, registries={}, services={}, buckets={}),
        "two-branches": asked(environments=branched),
        "public": asked(environments=two, services=public),
        "awkward-text": asked(description=awkward, repository=people),
        "some-without-registry": asked(
            environments={"dev": {"project": "example-a-dev", "registries": {}, "services": {}}, "prod": two["prod"]}
        ),
    }


def made(spec: EnvironmentSpec, number: int) -> EnvironmentOutputs:
    """Return what the root of an environment would output."""
    return EnvironmentOutputs(
        project_id=spec.project,
        project_number=str(number),
        region=spec.region,
        workload_identity_provider=f"projects/{number}/locations/global/workloadIdentityPools/{spec.names.pool}/providers/github",
        plan_service_account=spec.account_email("plan"),
        deploy_service_account=spec.account_email("deploy"),
        runtime_service_account=spec.account_email("runtime"),
        buckets={part.key: part.name for part in spec.buckets},
        registries={part.key: f"{part.location}-docker.pkg.dev/{spec.project}/{part.name}" for part in spec.registries},
        services={part.key: {"name": part.name, "uri": f"https://{part.name}-x.run.app"} for part in spec.services},
    )


def outputs(team: Team) -> dict[str, EnvironmentOutputs]:
    return {spec.name: made(spec, 100_000_000_001 + place) for place, spec in enumerate(team.environments)}


def facts(team: Team) -> RepositoryFacts:
    address = f"https://github.com/{team.repository_full_name}"
    return RepositoryFacts(
        id="7",
        owner_id="5",
        full_name=team.repository_full_name,
        html_url=address,
        clone_url=f"{address}.git",
        default_branch="main",
        created=True,
        empty=True,
        archived=False,
    )


def answered(team: Team) -> dict[str, Any]:
    return answers(team, facts(team), outputs(team))
