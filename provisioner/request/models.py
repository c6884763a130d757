"""The two inputs: a team's request and the platform team's settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from provisioner.request.parts import Bucket, Budget, Environment, ExtraRoles, Key, Model, Region, Registry, Service
from provisioner.request.patterns import Email, GitHubLogin, GitHubTeam, ServiceAccount, Slug
from provisioner.request.platform_parts import (
    GitHubSettings,
    IdentitySettings,
    ModuleSettings,
    Organisation,
    PolicySettings,
    StateSettings,
    TemplateSettings,
    Waiver,
)


class RepositoryTeam(Model):
    """A GitHub team with access to the repository."""

    slug: GitHubTeam
    permission: Annotated[
        Literal["pull", "triage", "push", "maintain", "admin"], Field(description="What they may do in the repository.")
    ] = "push"


class Collaborator(Model):
    """A GitHub user with access to the repository."""

    user: GitHubLogin
    permission: Annotated[
        Literal["pull", "triage", "push", "maintain", "admin"], Field(description="What they may do in the repository.")
    ] = "push"


class RepositoryRequest(Model):
    """The GitHub repository that the team receives."""

    name: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9._-]{1,100}$",
            description="Letters, digits, dots, hyphens and underscores; the team's name when not given.",
        ),
    ] = None
    mode: Annotated[
        Literal["create", "adopt", "existing"],
        Field(description="Make it, bring in one that exists by pull request, or use one that is set up."),
    ] = "create"
    path: Annotated[str | None, Field(description="Folder of a monorepo; reserved.")] = None
    visibility: Annotated[Literal["private", "internal", "public"], Field(description="Who sees it.")] = "private"
    description: Annotated[str | None, Field(max_length=350, description="What GitHub shows below its name.")] = None
    topics: Annotated[tuple[str, ...], Field(max_length=20, description="Topics by which people find it.")] = ()
    teams: Annotated[tuple[RepositoryTeam, ...], Field(description="GitHub teams with access.")] = ()
    collaborators: Annotated[tuple[Collaborator, ...], Field(description="People with access of their own.")] = ()


class Request(Model):
    """``teams/<team>.yaml``: what a team asks for. Only the first five fields are essential."""

    version: Annotated[Literal[1], Field(description="Format of this file.")] = 1
    team: Annotated[
        Slug,
        Field(description="Short name, part of all others: 2-30 lower-case letters, digits, hyphens; a letter first."),
    ]
    owner: Annotated[Email, Field(description="E-mail address of the people who answer for this.")]
    owner_group: Annotated[
        Slug | None, Field(description="Label value of the owning group; the team when not given.")
    ] = None
    cost_center: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
            description="Who pays: a label of lower-case letters, digits, hyphens and underscores.",
        ),
    ]
    data_class: Annotated[
        Literal["public", "internal", "confidential", "restricted"],
        Field(description="How sensitive the data is: public, internal, confidential or restricted."),
    ]
    description: Annotated[str | None, Field(max_length=200, description="What this is for, in one line.")] = None
    vcs: Annotated[Literal["github"], Field(description="Other systems are not supported yet.")] = "github"
    repository: Annotated[RepositoryRequest, Field(description="The GitHub repository, called like the team.")] = (
        RepositoryRequest()
    )
    environments: Annotated[
        dict[str, Environment],
        Field(
            min_length=1, max_length=6, description="Stages by name, such as dev and prod, in the order of promotion."
        ),
    ]
    buckets: Annotated[
        dict[Key, Bucket], Field(max_length=20, description="One bucket called data when not given.")
    ] = Field(default_factory=lambda: {"data": Bucket()})
    registries: Annotated[
        dict[Key, Registry], Field(max_length=10, description="One registry called images when not given.")
    ] = Field(default_factory=lambda: {"images": Registry()})
    services: Annotated[
        dict[Key, Service], Field(max_length=20, description="One service called scoring when not given.")
    ] = Field(default_factory=lambda: {"scoring": Service()})
    budget: Annotated[
        Budget | None, Field(description="For environments that have none of their own; the platform's when not given.")
    ] = None
    trusted_workflows: Annotated[
        tuple[str, ...], Field(max_length=10, description="job_workflow_ref values that may deploy.")
    ] = ()
    self_hosted_runners: Annotated[
        bool, Field(description="True when jobs run on the team's own runners; otherwise their tokens are refused.")
    ] = False


class Platform(Model):
    """``platform.yaml``: the platform team's settings for all teams."""

    version: Annotated[Literal[1], Field(description="Format of this file.")] = 1
    organisation: Annotated[Organisation, Field(description="The organisation on Google Cloud.")]
    github: Annotated[GitHubSettings, Field(description="Where the repositories live.")]
    state: Annotated[StateSettings, Field(description="Where Terraform's state lies.")]
    billing_account: Annotated[
        str,
        Field(
            pattern=r"^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$",
            description="A billing account such as 01AB23-CD45EF-678901.",
        ),
    ]
    regions: Annotated[
        tuple[Region, ...], Field(min_length=1, description="Allowed regions; the first is the default.")
    ]
    locations: Annotated[tuple[str, ...], Field(description="Multi-regions allowed beside the regions.")] = ()
    required_labels: Annotated[tuple[str, ...], Field(description="Labels without which no resource passes.")] = (
        "team",
        "env",
        "cost-center",
        "owner",
        "data-class",
        "managed-by",
    )
    labels: Annotated[dict[str, str], Field(description="Labels put on everything.")] = Field(default_factory=dict)
    default_budget: Annotated[Budget, Field(description="Of environments whose team asks for none.")] = Budget(
        amount=500
    )
    role_allow_list: Annotated[ExtraRoles, Field(description="Roles that teams may ask for, per identity.")] = (
        ExtraRoles()
    )
    contact: Annotated[Email | None, Field(description="E-mail of the platform team; needed for shared projects.")] = (
        None
    )
    approvers: Annotated[tuple[str, ...], Field(description="GitHub logins that approve for the platform.")] = ()
    preview_account: Annotated[
        ServiceAccount | None,
        Field(
            description="Account that pull requests of the platform repository become; `bootstrap` makes it. It reads "
            "the state of environments that allow plans from pull requests, and of no other."
        ),
    ] = None
    placeholder_image: Annotated[str, Field(description="What services run until a pipeline deploys, by digest.")] = (
        "us-docker.pkg.dev/cloudrun/container/hello@sha256:"
        "1595248959b1eaac7f793dfcab2adaecf9c14fdf1cc2b60d20539c6b22fd8e4a"
    )
    template: Annotated[TemplateSettings, Field(description="What repositories are made from.")] = TemplateSettings()
    modules: Annotated[ModuleSettings, Field(description="What the roots are made from.")] = ModuleSettings()
    identity: Annotated[IdentitySettings, Field(description="How trust is cut.")] = IdentitySettings()
    shared_projects: Annotated[tuple[str, ...], Field(description="Projects that more than one team may use.")] = ()
    waivers: Annotated[
        tuple[Waiver, ...], Field(description="Permissions to break one rule on one resource until a day.")
    ] = ()
    require_checkov: Annotated[bool, Field(description="True when no plan passes without checkov.")] = False
    policy: Annotated[PolicySettings, Field(description="Rules of the organisation.")] = PolicySettings()
