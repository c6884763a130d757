"""Plans and states as real Terraform writes them: rendered roots, the stand-in provider, a cloud in memory."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.render import RepositoryIds, render
from provisioner.request.loading import load_platform, load_request
from provisioner.request.resolve import Team, resolve
from provisioner.sandbox.google.application import google_application
from provisioner.sandbox.google.foundations import lay_foundations
from provisioner.sandbox.google.identity import operator_of
from provisioner.sandbox.http import Application, Request
from provisioner.sandbox.provider import ProviderServer, serve
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import open_world

EXAMPLES = Path(__file__).parents[2] / "examples"
IDS = RepositoryIds(repository_id="701234567", owner_id="91234567")


def fraud_detection() -> Team:
    platform = load_platform(EXAMPLES / "platform.yaml")
    return resolve(load_request(EXAMPLES / "fraud-detection.yaml", platform), platform)


@dataclass(frozen=True)
class MemoryCloud:
    """A Google Cloud in memory with the projects of a team, and a provider that talks to it."""

    application: Application
    server: ProviderServer
    operator: str

    def post(self, host: str, path: str, document: dict[str, Any]) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.operator}", "content-type": "application/json"}
        path, _, query = path.partition("?")
        answer = self.application(Request("POST", host, path, query, headers, json.dumps(document).encode()))
        assert isinstance(answer.body, bytes)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = json.loads(answer.body)
        return found


@contextmanager
def memory_cloud(folder: Path, team: Team) -> Iterator[MemoryCloud]:
    world = open_world(MemoryStore(), folder)
    platform = team.platform
    projects = [spec.project for spec in team.environments] + [platform.state.project]
    foundations = {
        "organizationId": platform.organisation.id,
        "organizationDomain": platform.organisation.domain,
        "folderId": platform.organisation.folder,
        "billingAccount": platform.billing_account,
        "projects": [{"projectId": project} for project in dict.fromkeys(projects)],
    }
    with world.store.transaction() as tx:
        lay_foundations(world, tx, foundations)
    application = google_application(world)
    operator = operator_of(world).token
    server = serve(application, default_token=operator)
    try:
        cloud = MemoryCloud(application, server, operator)
        bucket = {"name": platform.state.bucket, "location": "EU", "versioning": {"enabled": True}}
        bucket["iamConfiguration"] = {"uniformBucketLevelAccess": {"enabled": True}}
        cloud.post(
            "serviceusage.googleapis.com",
            f"/v1/projects/{platform.state.project}/services/storage.googleapis.com:enable",
            {},
        )
        cloud.post("storage.googleapis.com", f"/storage/v1/b?project={platform.state.project}", bucket)
        yield cloud
    finally:
        server.stop()


@dataclass(frozen=True)
class Root:
    """A rendered root with its state on disk (the backend is left out; a test has no bucket for it)."""

    folder: Path
    cloud: MemoryCloud

    def run(self, *arguments: str) -> str:
        mirror = self.folder / "mirror"
        mirror.mkdir(exist_ok=True)
        settings = self.folder / "cli.tfrc"
        settings.write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n',
            encoding="utf-8",
        )
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TF_CLI_CONFIG_FILE": str(settings),
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_REATTACH_PROVIDERS": self.cloud.server.reattach_json,
        }
        done = subprocess.run(
            ["terraform", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def plan(self, *arguments: str) -> dict[str, Any]:
        self.run("plan", "-out=plan.bin", "-parallelism=30", *arguments)
        document: dict[str, Any] = json.loads(self.run("show", "-json", "plan.bin"))
        return document

    def apply(self) -> None:
        self.run("apply", "-parallelism=30", "plan.bin")

    def state(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.run("show", "-json"))
        return document


def rendered_root(base: Path, cloud: MemoryCloud, team: Team, name: str, **variant: Any) -> Root:
    render(team, variant.pop("ids", IDS), **variant).write(base)
    folder = base / "envs" / name
    (folder / "backend.tf").unlink()
    root = Root(folder, cloud)
    root.run("init")
    return root
