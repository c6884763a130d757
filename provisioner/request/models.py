"""The two inputs: a team's request and the platform team's settings."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from provisioner.request.parts import Bucket, Budget, Environment, ExtraRoles, Key, Model, Region, Registry, Service

Slug = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{0,28}[a-z0-9]$",
        description="2-30 lower-case letters, digits and hyphens, a letter first and no hyphen at the end.",
    ),
]
# A pattern instead of pydantic's EmailStr, whose library costs every command 40 ms.
Email = Annotated[
    str,
    Field(
        max_length=254,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@([A-Za-z0-9]([A-Za-z0-9-]{0,62})\.)+[A-Za-z]{2,63}$",
        description="One e-mail address.",
        json_schema_extra={"format": "email"},
    ),
]
ServiceAccount = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z][a-z0-9-]{4,28}[a-z0-9]\.iam\.gserviceaccount\.com$",
        description="The address of a service account: <id>@<project>.iam.gserviceaccount.com.",
    ),
]
GitHubLogin = Annotated[
    str,
    Field(
        max_length=39,
        pattern=r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$",
        description="A GitHub login: letters, digits and single hyphens.",
    ),
]
GitHubTeam = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$", description="A GitHub team's slug, as in its address."),
]
Digits = Annotated[str, Field(pattern=r"^[0-9]{6,20}$", description="A number in quotes, 6-20 digits.")]


class RepositoryTeam(Model):
    """A GitHub team with access to the repository."""

    slug: GitHubTeam
    permission: Literal["pull", "triage", "push", "maintain", "admin"] = "push"


class Collaborator(Model):
    """A GitHub user with access to the repository."""

    user: GitHubLogin
    permission: Literal["pull", "triage", "push", "maintain", "admin"] = "push"


class RepositoryRequest(Model):
    """The GitHub repository that the team receives."""

    name: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9._-]{1,100}$",
            description="Letters, digits, dots, hyphens and underscores; the team's name when not given.",
        ),
    ] = None
    mode: Literal["create", "adopt", "existing"] = "create"
    path: Annotated[str | None, Field(description="Folder of a monorepo; reserved.")] = None
    visibility: Literal["private", "internal", "public"] = "private"
    description: Annotated[str | None, Field(max_length=350)] = None
    topics: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    teams: tuple[RepositoryTeam, ...] = ()
    collaborators: tuple[Collaborator, ...] = ()


class Request(Model):
    """``teams/<team>.yaml``: what a team asks for. Only the first five fields are essential."""

    version: Literal[1] = 1
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
    description: Annotated[str | None, Field(max_length=200)] = None
    vcs: Annotated[Literal["github"], Field(description="Other systems are not supported yet.")] = "github"
    repository: RepositoryRequest = RepositoryRequest()
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
    budget: Budget | None = None
    trusted_workflows: Annotated[
        tuple[str, ...], Field(max_length=10, description="job_workflow_ref values that may deploy.")
    ] = ()
    self_hosted_runners: Annotated[
        bool, Field(description="True when jobs run on the team's own runners; otherwise their tokens are refused.")
    ] = False


class GitHubSettings(Model):
    """Where the repositories live; the hosts are settings, never constants."""

    owner: GitHubLogin
    host: str = "github.com"
    api_url: str = "https://api.github.com"
    oidc_issuer: str = "https://token.actions.githubusercontent.com"
    audience: Annotated[
        str | None, Field(description="Audience of the tokens; the provider's own name when not given.")
    ] = None
    plan: Literal["free", "team", "enterprise"] = "enterprise"
    app_slug: str = "provision-env"


class StateSettings(Model):
    """The bucket with all Terraform state."""

    bucket: Annotated[
        str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", description="Name of a versioned bucket.")
    ]
    project: Annotated[str, Field(description="Id of the project that owns the bucket; no team's project.")]
    location: Annotated[str, Field(pattern=r"^[A-Z0-9-]+$", description="Location in capitals, such as EU.")] = "EU"


class Organisation(Model):
    """The Google Cloud organisation."""

    id: Digits
    domain: Annotated[
        str,
        Field(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", description="The organisation's domain."),
    ]
    folder: Digits | None = None


class TemplateSettings(Model):
    """Which repository template: the built-in one, or a git source pinned by commit."""

    source: str = "builtin"
    version: str | None = None


class ModuleSettings(Model):
    """Which Terraform modules: the ones that come with this version, a folder, or a git source pinned by commit."""

    source: Annotated[
        str,
        Field(description="builtin, a folder seen from a root such as ../../modules, or https://<host>/<path>.git."),
    ] = "builtin"
    ref: Annotated[
        str | None, Field(pattern=r"^[0-9a-f]{40}$", description="Commit of a git source: 40 hexadecimal digits.")
    ] = None


class Waiver(Model):
    """A permission to break one rule on one resource until a day."""

    rule: str
    resource: Annotated[str, Field(min_length=3, description="Resource address; * stands for a part of it.")]
    owner: str
    reason: Annotated[str, Field(min_length=10, description="Why the rule may be broken here.")]
    expires: Annotated[date, Field(description="Last day, such as 2027-03-31.")]


class SwitchedOff(Model):
    """A rule that is not used here at all."""

    rule: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_-]{2,40}$", description="Id of the rule, such as PE-BUD-001.")]
    owner: Annotated[str, Field(min_length=1, description="Who answers for it.")]
    reason: Annotated[str, Field(min_length=10, description="Why the rule has no place here.")]


class RuleFile(Model):
    """A file with rules of the organisation, as it was read."""

    name: str
    text: str


class PolicySettings(Model):
    """Rules of the organisation, and rules that it switches off; both only here."""

    rules_folder: Annotated[
        str | None,
        Field(
            min_length=1,
            description="Folder with Python files that hold rules of your own, seen from platform.yaml. It is code: "
            "it belongs to the platform repository and its reviews.",
        ),
    ] = None
    switched_off: Annotated[
        tuple[SwitchedOff, ...], Field(description="Rules that are switched off, with owner and reason.")
    ] = ()
    files: Annotated[
        tuple[RuleFile, ...],
        Field(description="What the folder held when platform.yaml was read; filled in by the program, never written."),
    ] = ()


class IdentitySettings(Model):
    """How trust is cut; ``shared`` is reserved."""

    pool: Literal["per_environment", "shared"] = "per_environment"


class Platform(Model):
    """``platform.yaml``: the platform team's settings for all teams."""

    version: Literal[1] = 1
    organisation: Organisation
    github: GitHubSettings
    state: StateSettings
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
    required_labels: tuple[str, ...] = ("team", "env", "cost-center", "owner", "data-class", "managed-by")
    labels: Annotated[dict[str, str], Field(description="Labels put on everything.")] = Field(default_factory=dict)
    default_budget: Budget = Budget(amount=500)
    role_allow_list: ExtraRoles = ExtraRoles()
    contact: Annotated[Email | None, Field(description="E-mail of the platform team; needed for shared projects.")] = (
        None
    )
    approvers: tuple[str, ...] = ()
    preview_account: Annotated[
        ServiceAccount | None,
        Field(
            description="Account that pull requests of the platform repository become; `bootstrap` makes it. It reads "
            "the state of environments that allow plans from pull requests, and of no other."
        ),
    ] = None
    placeholder_image: str = (
        "us-docker.pkg.dev/cloudrun/container/hello@sha256:"
        "1595248959b1eaac7f793dfcab2adaecf9c14fdf1cc2b60d20539c6b22fd8e4a"
    )
    template: TemplateSettings = TemplateSettings()
    modules: ModuleSettings = ModuleSettings()
    identity: IdentitySettings = IdentitySettings()
    shared_projects: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    require_checkov: bool = False
    policy: PolicySettings = PolicySettings()
