"""The values that go into and come out of the repository room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.errors import ProvisionError


@dataclass(frozen=True)
class RepositoryFacts:
    """What GitHub knows about a repository. Ids are digits: they go into trust conditions as text."""

    id: str
    owner_id: str
    full_name: str
    html_url: str
    clone_url: str
    default_branch: str
    created: bool
    empty: bool
    archived: bool


@dataclass(frozen=True)
class EnvironmentOutputs:
    """What Terraform made in one environment: the output ``environment`` of its root.

    ``workload_identity_provider`` is the full name with the project's number; ``registries`` maps a key to
    ``<location>-docker.pkg.dev/<project>/<name>``; ``services`` maps a key to ``{"name": …, "uri": …}``.
    """

    project_id: str
    project_number: str
    region: str
    workload_identity_provider: str
    plan_service_account: str
    deploy_service_account: str
    runtime_service_account: str
    buckets: Mapping[str, str] = field(default_factory=dict)
    registries: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def from_output(cls, value: Mapping[str, Any]) -> EnvironmentOutputs:
        """Read the output as ``terraform output -json`` gives it; a missing part raises ProvisionError."""
        texts = {name: str(_part(value, name)) for name in _TEXTS}
        return cls(
            **texts,
            buckets={key: str(name) for key, name in _part(value, "buckets").items()},
            registries={key: str(path) for key, path in _part(value, "registries").items()},
            services={key: dict(service) for key, service in _part(value, "services").items()},
        )


@dataclass(frozen=True, order=True)
class Difference:
    """One setting that is not as it should be. ``expected`` and ``found`` are short texts for people."""

    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        """Return one readable line."""
        return f"{self.where}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True)
class PublishResult:
    """What publishing did: the settings it wrote, the commit on the default branch, whether that commit is new."""

    written: tuple[str, ...]
    commit: str
    pushed: bool


_TEXTS = (
    "project_id",
    "project_number",
    "region",
    "workload_identity_provider",
    "plan_service_account",
    "deploy_service_account",
    "runtime_service_account",
)


def _part(value: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if name not in value:
        raise ProvisionError(
            f"the Terraform output 'environment' has no '{name}'",
            fix="render and apply the environment with this version: provision-env up",
        )
    return value[name]
