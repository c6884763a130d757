"""What a team may ask for inside one environment: buckets, registries, services, budgets; or what it has already."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Every part of a request: frozen, and nothing unknown is accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


Key = Annotated[
    str, Field(pattern=r"^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", description="Short name of a part, 1-20 characters.")
]
Region = Annotated[
    str, Field(pattern=r"^[a-z]+-[a-z]+[0-9]{1,2}$", description="A Google Cloud region such as europe-west1.")
]
KmsKey = Annotated[
    str,
    Field(
        pattern=r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$",
        description="Key that encrypts the data; Google's own keys when not given.",
    ),
]


class Bucket(Model):
    """A Cloud Storage bucket; everything not said is the safe setting."""

    location: Annotated[str | None, Field(description="Location; the environment's region when not given.")] = None
    storage_class: Annotated[
        Literal["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"],
        Field(description="How often the data is read decides what it costs."),
    ] = "STANDARD"
    keep_versions: Annotated[int, Field(ge=1, le=100, description="Old versions kept per object.")] = 5
    soft_delete_days: Annotated[
        int, Field(ge=7, le=90, description="Days for which deleted objects can be restored.")
    ] = 7
    kms_key: Annotated[KmsKey | None, Field(description="Key that encrypts it; Google's own when not given.")] = None
    publish_prefixes: Annotated[
        tuple[str, ...],
        Field(max_length=10, description="Prefixes that the deploy identity may write (managed folders)."),
    ] = ()


class Registry(Model):
    """A Docker repository in Artifact Registry."""

    location: Annotated[str | None, Field(description="Location; the environment's region when not given.")] = None
    immutable_tags: Annotated[bool, Field(description="A tag that was pushed stays where it is.")] = True
    mutable_reason: Annotated[
        str | None, Field(min_length=10, description="Required when immutable_tags is false.")
    ] = None
    keep_untagged_days: Annotated[
        int, Field(ge=1, le=365, description="Days after which images without a tag are removed.")
    ] = 30
    kms_key: Annotated[KmsKey | None, Field(description="Key that encrypts it; Google's own when not given.")] = None


class Scaling(Model):
    """Instances of a service."""

    min: Annotated[int, Field(ge=0, le=100, description="Instances that always run; 0 costs nothing while idle.")] = 0
    max: Annotated[int, Field(ge=1, le=100, description="Instances at most.")] = 3


class SecretReference(Model):
    """A secret that exists already in the environment's project; the version is pinned."""

    secret: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$", description="The secret's name, without projects/….")
    ]
    version: Annotated[int, Field(ge=1, description="A version's number; 'latest' would change without a deployment.")]


class Service(Model):
    """A scoring service on Cloud Run."""

    image: Annotated[
        str | None, Field(description="Image by digest; until CI deploys, the platform's placeholder image is used.")
    ] = None
    cpu: Annotated[Literal["1", "2", "4", "8"], Field(description="Processors of an instance.")] = "1"
    memory: Annotated[
        str, Field(pattern=r"^[1-9][0-9]{0,4}(Mi|Gi)$", description="A number and Mi or Gi, such as 512Mi or 2Gi.")
    ] = "512Mi"
    port: Annotated[int, Field(ge=1, le=65535, description="Port that the container listens on.")] = 8080
    scaling: Annotated[Scaling, Field(description="How many instances may run.")] = Scaling()
    ingress: Annotated[
        Literal["internal", "load-balancer", "public"], Field(description="Where requests may come from.")
    ] = "internal"
    public_reason: Annotated[str | None, Field(min_length=10, description="Required when ingress is public.")] = None
    invokers: Annotated[
        tuple[str, ...], Field(max_length=20, description="group:, user: or serviceAccount: members.")
    ] = ()
    env: Annotated[dict[str, str], Field(max_length=50, description="Environment variables; never secrets.")] = Field(
        default_factory=dict
    )
    secrets: Annotated[
        dict[str, SecretReference], Field(max_length=20, description="Environment variables read from Secret Manager.")
    ] = Field(default_factory=dict)
    probe_path: Annotated[
        str, Field(pattern=r"^/[A-Za-z0-9/_.-]*$", description="Path that answers 200 while the service works.")
    ] = "/health"
    timeout_seconds: Annotated[int, Field(ge=1, le=3600, description="Seconds that a request may take.")] = 60
    kms_key: Annotated[KmsKey | None, Field(description="Key that encrypts it; Google's own when not given.")] = None


class Budget(Model):
    """A monthly budget of an environment's project."""

    amount: Annotated[int, Field(ge=1, le=10_000_000, description="Whole units of the currency per month.")]
    currency: Annotated[
        str, Field(pattern=r"^[A-Z]{3}$", description="The billing account's currency: three capitals such as EUR.")
    ] = "EUR"


class Reviewer(Model):
    """Who must approve a deployment: a GitHub user or a team of the owner, exactly one of them."""

    user: Annotated[
        str | None,
        Field(max_length=39, pattern=r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", description="A GitHub login."),
    ] = None
    team: Annotated[
        str | None, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$", description="Slug of a team of the owner.")
    ] = None


class ExtraRoles(Model):
    """Extra project roles per persona, each from the platform's allow-list."""

    plan: Annotated[tuple[str, ...], Field(description="Of the identity that plans.")] = ()
    deploy: Annotated[tuple[str, ...], Field(description="Of the identity that deploys.")] = ()
    runtime: Annotated[tuple[str, ...], Field(description="Of the identity that services run as.")] = ()


Account = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z0-9.-]+\.gserviceaccount\.com$",
        description="Address of a service account.",
    ),
]


RegistryPath = Annotated[str, Field(pattern=r"^[a-z0-9-]+-docker\.pkg\.dev/[a-z0-9:.-]+/[a-z]([a-z0-9-]*[a-z0-9])?$")]


class ExistingService(Model):
    """A Cloud Run service that exists."""

    name: Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", description="Its name in the project.")]
    uri: Annotated[str, Field(pattern=r"^(https://[A-Za-z0-9./_-]+)?$", description="Its address, if it has one.")] = ""


class Existing(Model):
    """What an environment has already: made and kept elsewhere, so that only the repository is set up for it.

    Source of the provider's name: `gcloud iam workload-identity-pools providers describe … --format='value(name)'`.
    """

    workload_identity_provider: Annotated[
        str,
        Field(
            pattern=r"^projects/[0-9]{6,20}/locations/global/workloadIdentityPools/[a-z][a-z0-9-]{2,30}[a-z0-9]"
            r"/providers/[a-z][a-z0-9-]{2,30}[a-z0-9]$",
            description="Full name of the provider that trusts the repository, with its project's number.",
        ),
    ]
    plan_service_account: Annotated[Account, Field(description="Account of jobs that only read.")]
    deploy_service_account: Annotated[Account, Field(description="Account of jobs that deploy.")]
    runtime_service_account: Annotated[Account, Field(description="Account that the services run as.")]
    project_number: Annotated[
        str | None,
        Field(pattern=r"^[0-9]{6,20}$", description="Number of the project; that of the provider when not given."),
    ] = None
    buckets: Annotated[
        dict[Key, Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$")]],
        Field(description="Names of its buckets; pipelines use the first."),
    ] = Field(default_factory=dict)
    registries: Annotated[
        dict[
            Key, Annotated[str, Field(pattern=r"^[a-z0-9-]+-docker\.pkg\.dev/[a-z0-9:.-]+/[a-z]([a-z0-9-]*[a-z0-9])?$")]
        ],
        Field(description="Its registries as <location>-docker.pkg.dev/<project>/<name>; releases go to the first."),
    ] = Field(default_factory=dict)
    services: Annotated[dict[Key, ExistingService], Field(description="Its services; releases go to the first.")] = (
        Field(default_factory=dict)
    )


class Environment(Model):
    """One stage of a team: its project and what differs from the team's defaults."""

    project: Annotated[str, Field(description="Project id; the project exists already.")]
    region: Annotated[Region | None, Field(description="The platform's first region when not given.")] = None
    branch: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$", description="Branch that deploys; no wildcards."),
    ] = "main"
    reviewers: Annotated[
        tuple[Reviewer, ...], Field(max_length=6, description="Who must approve a deployment; one of them is enough.")
    ] = ()
    plan_from_pull_requests: Annotated[bool | None, Field(description="Default: only for dev.")] = None
    approval: Annotated[
        Literal["github", "platform"], Field(description="Who holds deployments: GitHub's reviewers or the platform.")
    ] = "github"
    buckets: Annotated[dict[Key, Bucket] | None, Field(description="Instead of all of the team's buckets.")] = None
    registries: Annotated[dict[Key, Registry] | None, Field(description="Instead of all of the team's registries.")] = (
        None
    )
    services: Annotated[dict[Key, Service] | None, Field(description="Instead of all of the team's services.")] = None
    roles: Annotated[ExtraRoles, Field(description="Extra project roles of its identities.")] = ExtraRoles()
    budget: Annotated[Budget | None, Field(description="Instead of the team's budget.")] = None
    existing: Annotated[
        Existing | None,
        Field(
            description="What is there already, made elsewhere; only the repository is set up then (repo bootstrap)."
        ),
    ] = None
