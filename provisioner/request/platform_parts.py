"""What platform.yaml consists of."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from provisioner.request.parts import Model
from provisioner.request.patterns import Digits, GitHubLogin


class GitHubSettings(Model):
    """Where the repositories live; the hosts are settings, never constants."""

    owner: Annotated[GitHubLogin, Field(description="Organisation that owns the repositories.")]
    host: Annotated[str, Field(description="Where people and git find it; another one for GitHub Enterprise.")] = (
        "github.com"
    )
    api_url: Annotated[str, Field(description="Where its REST API is.")] = "https://api.github.com"
    oidc_issuer: Annotated[str, Field(description="Who signs the tokens of jobs.")] = (
        "https://token.actions.githubusercontent.com"
    )
    audience: Annotated[
        str | None, Field(description="Audience of the tokens; the provider's own name when not given.")
    ] = None
    plan: Annotated[
        Literal["free", "team", "enterprise"],
        Field(description="What is paid for: it decides which protections private repositories can have."),
    ] = "enterprise"
    app_slug: Annotated[str, Field(description="Name of the GitHub App, as in its address.")] = "provision-env"


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
    folder: Annotated[
        Digits | None,
        Field(description="Folder that holds the teams' projects; the whole organisation when not given."),
    ] = None


class TemplateSettings(Model):
    """Which repository template: the built-in one, or a git source pinned by commit."""

    source: Annotated[str, Field(description="builtin, or https://<host>/<path>.git.")] = "builtin"
    version: Annotated[str | None, Field(description="Commit of a git source: 40 hexadecimal digits.")] = None


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

    rule: Annotated[str, Field(description="Id of the rule, such as PE-WIF-003.")]
    resource: Annotated[str, Field(min_length=3, description="Resource address; * stands for a part of it.")]
    owner: Annotated[str, Field(min_length=1, description="Who answers for it.")]
    reason: Annotated[str, Field(min_length=10, description="Why the rule may be broken here.")]
    expires: Annotated[date, Field(description="Last day, such as 2027-03-31.")]


class SwitchedOff(Model):
    """A rule that is not used here at all."""

    rule: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_-]{2,40}$", description="Id of the rule, such as PE-BUD-001.")]
    owner: Annotated[str, Field(min_length=1, description="Who answers for it.")]
    reason: Annotated[str, Field(min_length=10, description="Why the rule has no place here.")]


class RuleFile(Model):
    """A file with rules of the organisation, as it was read."""

    name: Annotated[str, Field(description="Name of the file.")]
    text: Annotated[str, Field(description="What it holds.")]


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

    pool: Annotated[
        Literal["per_environment", "shared"], Field(description="One pool for each environment; shared is reserved.")
    ] = "per_environment"
