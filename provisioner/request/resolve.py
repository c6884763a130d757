"""From what was asked to everything that follows from it: all names, all defaults, nothing optional any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from provisioner.errors import InvalidInput
from provisioner.request.models import Platform, Request
from provisioner.request.names import (
    ACCOUNT_ID_LIMIT,
    BUCKET_LIMIT,
    POOL_ID_LIMIT,
    REGISTRY_LIMIT,
    SERVICE_LIMIT,
    bounded,
)
from provisioner.request.parts import Bucket, Budget, Environment, Existing, ExtraRoles, Registry, Reviewer, Service

Persona = Literal["plan", "deploy", "runtime"]

PROVIDER_ID = "github"
MANAGED_BY = "provision-env"

_Part = TypeVar("_Part")


@dataclass(frozen=True)
class NamedBucket:
    """A bucket with its global name; ``location`` is upper case, as Cloud Storage returns it."""

    key: str
    name: str
    settings: Bucket
    location: str


@dataclass(frozen=True)
class NamedRegistry:
    """A Docker repository with its name in the project."""

    key: str
    name: str
    location: str
    settings: Registry


@dataclass(frozen=True)
class NamedService:
    """A Cloud Run service with its name and the image Terraform starts it with."""

    key: str
    name: str
    settings: Service
    image: str


@dataclass(frozen=True)
class EnvironmentNames:
    """Ids derived for one environment; accounts are ids, not addresses."""

    plan_account: str
    deploy_account: str
    runtime_account: str
    pool: str
    provider: str
    root: str
    state_prefix: str
    links: str


@dataclass(frozen=True)
class EnvironmentSpec:
    """One environment of a team, complete.

    ``manage_project`` is false where platform.yaml lists the project as shared: its services, audit
    settings and budget then belong to the project's own root. ``previous`` is the environment that
    images are promoted from. ``existing`` is what was made elsewhere: then nothing of it is rendered, and its parts
    are those that it names.
    """

    team: str
    name: str
    project: str
    region: str
    branch: str
    reviewers: tuple[Reviewer, ...]
    plan_from_pull_requests: bool
    approval: Literal["github", "platform"]
    labels: Mapping[str, str]
    buckets: tuple[NamedBucket, ...]
    registries: tuple[NamedRegistry, ...]
    services: tuple[NamedService, ...]
    roles: ExtraRoles
    budget: Budget
    previous: str | None
    names: EnvironmentNames
    manage_project: bool = True
    existing: Existing | None = None

    def account_id(self, kind: Persona) -> str:
        """Return the id of the environment's plan, deploy or runtime account."""
        ids = {
            "plan": self.names.plan_account,
            "deploy": self.names.deploy_account,
            "runtime": self.names.runtime_account,
        }
        return ids[kind]

    def account_email(self, kind: Persona) -> str:
        """Return the address of the environment's plan, deploy or runtime account."""
        return f"{self.account_id(kind)}@{self.project}.iam.gserviceaccount.com"


@dataclass(frozen=True)
class Team:
    """Everything that follows from one request; environments stand in the order of promotion."""

    request: Request
    platform: Platform
    slug: str
    repository_name: str
    repository_full_name: str
    environments: tuple[EnvironmentSpec, ...]

    def environment(self, name: str) -> EnvironmentSpec:
        """Return one environment by its name; KeyError when there is none."""
        for spec in self.environments:
            if spec.name == name:
                return spec
        raise KeyError(name)


def resolve(request: Request, platform: Platform) -> Team:
    """Derive the whole from a checked request; pure."""
    repository = request.repository.name or request.team
    names = tuple(request.environments)
    return Team(
        request=request,
        platform=platform,
        slug=request.team,
        repository_name=repository,
        repository_full_name=f"{platform.github.owner}/{repository}",
        environments=tuple(
            _environment(request, platform, name, previous)
            for name, previous in zip(names, (None, *names[:-1]), strict=True)
        ),
    )


def require_ours(team: Team) -> None:
    """Refuse a team with an environment that was made elsewhere: a second set beside it is not what was asked for."""
    for spec in team.environments:
        if spec.existing is not None:
            raise InvalidInput(
                f"{spec.name} exists already and is kept elsewhere, so there is nothing to plan or apply for it",
                fix="set up its repository with provision-env repo bootstrap (or repo adopt), or remove `existing`",
                where=f"environments.{spec.name}.existing",
            )


def _environment(request: Request, platform: Platform, name: str, previous: str | None) -> EnvironmentSpec:
    asked = request.environments[name]
    region = asked.region or platform.regions[0]
    shared = asked.project in platform.shared_projects
    naming = _Naming(request.team, name, asked.project, salted=shared)
    pull_requests, held = asked.plan_from_pull_requests, asked.existing
    return EnvironmentSpec(
        team=request.team,
        name=name,
        project=asked.project,
        region=region,
        branch=asked.branch,
        reviewers=asked.reviewers,
        plan_from_pull_requests=name == "dev" and not asked.reviewers if pull_requests is None else pull_requests,
        approval=asked.approval,
        labels=_labels(request, platform, name),
        buckets=_buckets(
            naming, _parts(asked.buckets, request.buckets, held.buckets if held else None, Bucket()), region
        ),
        registries=_registries(
            naming, _parts(asked.registries, request.registries, held.registries if held else None, Registry()), region
        ),
        services=_services(
            naming,
            _parts(asked.services, request.services, held.services if held else None, Service()),
            platform.placeholder_image,
        ),
        roles=asked.roles,
        budget=_budget(asked, request, platform),
        previous=previous,
        names=naming.environment(),
        manage_project=not shared,
        existing=held,
    )


@dataclass(frozen=True)
class _Naming:
    team: str
    name: str
    project: str
    salted: bool

    def account(self, kind: Persona) -> str:
        return bounded((self.team, self.name), ACCOUNT_ID_LIMIT, suffix=f"-{kind}", salted=self.salted)

    def part(self, key: str, limit: int) -> str:
        return bounded((self.team, self.name, key), limit, salted=self.salted)

    def bucket(self, key: str) -> str:
        return bounded((self.project, self.team, self.name, key), BUCKET_LIMIT, salted=self.salted)

    def environment(self) -> EnvironmentNames:
        return EnvironmentNames(
            plan_account=self.account("plan"),
            deploy_account=self.account("deploy"),
            runtime_account=self.account("runtime"),
            pool=bounded((self.team, self.name), POOL_ID_LIMIT, suffix="-gh", salted=self.salted),
            provider=PROVIDER_ID,
            root=f"{self.team}-{self.name}",
            state_prefix=f"{self.team}/{self.name}",
            links=f"{self.team}-links",
        )


def _labels(request: Request, platform: Platform, environment: str) -> dict[str, str]:
    return {
        **platform.labels,
        "team": request.team,
        "env": environment,
        "cost-center": request.cost_center,
        "owner": request.owner_group or request.team,
        "data-class": request.data_class,
        "managed-by": MANAGED_BY,
    }


def _parts(
    own: dict[str, _Part] | None, common: dict[str, _Part], held: Mapping[str, object] | None, plain: _Part
) -> dict[str, _Part]:
    """Return the environment's own parts, else the team's; where parts exist already, those and no others."""
    asked = common if own is None else own
    return asked if held is None else {key: asked.get(key, plain) for key in held}


def _buckets(naming: _Naming, asked: dict[str, Bucket], region: str) -> tuple[NamedBucket, ...]:
    return tuple(
        NamedBucket(key, naming.bucket(key), bucket, (bucket.location or region).upper())
        for key, bucket in asked.items()
    )


def _registries(naming: _Naming, asked: dict[str, Registry], region: str) -> tuple[NamedRegistry, ...]:
    return tuple(
        NamedRegistry(key, naming.part(key, REGISTRY_LIMIT), (registry.location or region).lower(), registry)
        for key, registry in asked.items()
    )


def _services(naming: _Naming, asked: dict[str, Service], placeholder: str) -> tuple[NamedService, ...]:
    return tuple(
        NamedService(key, naming.part(key, SERVICE_LIMIT), service, service.image or placeholder)
        for key, service in asked.items()
    )


def _budget(asked: Environment, request: Request, platform: Platform) -> Budget:
    return asked.budget or request.budget or platform.default_budget
