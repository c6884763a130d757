"""Rendered roots of a team, on a cloud in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.render import render
from provisioner.request.resolve import Team
from provisioner.sandbox.provider import ProviderServer
from tests.modules.stage import LOCAL_STATE, Cloud, Root, provider
from tests.render.teams import IDS


@dataclass(frozen=True)
class Estate:
    """A team's roots below a folder."""

    team: Team
    folder: Path
    cloud: Cloud
    server: ProviderServer

    def root(self, name: str, **variant: Any) -> Root:
        """Render the team, in a variant if asked, and return one root with its state beside it."""
        render(self.team, IDS, **variant).write(self.folder)
        folder = self.folder / "envs" / name
        (folder / "local_override.tf").write_text(LOCAL_STATE)
        return Root(folder, self.server)

    def applied(self, name: str, **variant: Any) -> Root:
        root = self.root(name, **variant)
        root.plan()
        root.apply()
        return root


@contextmanager
def estate(team: Team, folder: Path) -> Iterator[Estate]:
    projects = tuple(dict.fromkeys(spec.project for spec in team.environments))
    cloud = Cloud(folder / "cloud", projects)
    for project in projects:
        _secrets(cloud, project)
    with provider(cloud) as server:
        yield Estate(team, folder / "terraform", cloud, server)


def _secrets(cloud: Cloud, project: str) -> None:
    """Make the secrets that the request refers to: they exist before an environment does."""
    cloud.call(
        "POST", f"serviceusage.googleapis.com/v1/projects/{project}/services/secretmanager.googleapis.com:enable", {}
    )
    place = f"secretmanager.googleapis.com/v1/projects/{project}/secrets"
    replication: dict[str, object] = {"replication": {"automatic": {}}}
    for secret in ("feature-store", "api-key"):
        cloud.call("POST", f"{place}?secretId={secret}", replication)
        cloud.call("POST", f"{place}/{secret}:addVersion", {"payload": {"data": "eA=="}})
