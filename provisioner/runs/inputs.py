"""The frozen inputs of a run: later steps read only this, on whatever machine they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from provisioner.errors import ProvisionError
from provisioner.request.models import Platform, Request
from provisioner.request.resolve import Team, resolve
from provisioner.runs.artifacts import Artifacts

_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run was asked for.

    ``versions`` names the tools that take part: terraform, modules, template. ``delete_data`` is a destroy run's
    permission to let buckets and registries go with what is in them.
    """

    request: Request
    platform: Platform
    versions: dict[str, str]
    delete_data: bool = False

    def document(self) -> dict[str, Any]:
        """Return the inputs as JSON; the same inputs give the same document."""
        return {
            "schema": _SCHEMA,
            "request": self.request.model_dump(mode="json", exclude_unset=True),
            "platform": self.platform.model_dump(mode="json", exclude_unset=True),
            "versions": self.versions,
            "delete_data": self.delete_data,
        }

    def team(self) -> Team:
        """Return everything that follows from the inputs."""
        return resolve(self.request, self.platform)


def freeze(artifacts: Artifacts, inputs: Inputs) -> str:
    """Keep the inputs and return their digest."""
    return artifacts.freeze(inputs.document())


def thaw(artifacts: Artifacts, digest: str) -> Inputs:
    """Return frozen inputs; raises ProvisionError when another version of the product wrote them in another shape."""
    document = artifacts.thaw(digest)
    if document.get("schema") != _SCHEMA:
        raise ProvisionError(
            f"these inputs have format {document.get('schema')}, this version reads {_SCHEMA}",
            fix="start a new run with the same request",
        )
    return Inputs(
        Request.model_validate(document["request"]),
        Platform.model_validate(document["platform"]),
        document["versions"],
        document["delete_data"],
    )
