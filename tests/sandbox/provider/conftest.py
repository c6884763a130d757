"""Real Terraform attached to a provider that the test serves."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.provider import ProviderServer, serve
from tests.sandbox.provider.world import Cloud

Transport = Callable[[Request], Response]
HEADER = """
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
  }
}
"""


@dataclass(frozen=True)
class Root:
    """A Terraform root folder whose provider is ``server``."""

    folder: Path
    server: ProviderServer
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, body: str) -> None:
        (self.folder / "main.tf").write_text(HEADER + body)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        mirror = self.folder / "mirror"
        mirror.mkdir(exist_ok=True)
        settings = self.folder / "cli.tfrc"
        nothing = f'filesystem_mirror {{\n    path = "{mirror}"\n    include = ["*/*/*"]\n  }}'
        settings.write_text(f"provider_installation {{\n  {nothing}\n}}\n")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TF_CLI_CONFIG_FILE": str(settings),
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_REATTACH_PROVIDERS": self.server.reattach_json,
            **self.environment,
        }
        command = ["terraform", *arguments]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def ok(self, *arguments: str) -> str:
        done = self.run(*arguments, "-no-color") if arguments[0] not in {"show", "state"} else self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def fails(self, *arguments: str) -> str:
        """Return the error text on one line, without Terraform's frame."""
        done = self.run(*arguments, "-no-color")
        assert done.returncode == 1, done.stdout
        return " ".join(done.stderr.replace("│", " ").split())

    def init(self) -> None:
        self.ok("init")

    def apply(self) -> str:
        return self.ok("apply", "-auto-approve")

    def destroy(self) -> str:
        return self.ok("destroy", "-auto-approve")

    def plan(self, *arguments: str) -> dict[str, Any]:
        self.ok("plan", "-out=plan.bin", *arguments)
        document: dict[str, Any] = json.loads(self.ok("show", "-json", "plan.bin"))
        return document

    def actions(self, *arguments: str) -> dict[str, list[str]]:
        """Return what a plan does, no-ops left out."""
        changes = {
            change["address"]: change["change"]["actions"]
            for change in self.plan(*arguments).get("resource_changes", [])
        }
        return {address: actions for address, actions in changes.items() if actions not in (["no-op"], ["read"])}

    def state(self, address: str) -> dict[str, Any]:
        document = json.loads(self.ok("show", "-json"))
        resources = document.get("values", {}).get("root_module", {}).get("resources", [])
        return next(resource["values"] for resource in resources if resource["address"] == address)


MakeRoot = Callable[..., Root]


@pytest.fixture
def make_root(tmp_path: Path) -> Iterator[MakeRoot]:
    """Make roots, each with a provider of its own that ends with the test."""
    with ExitStack() as ends:

        def make(transport: Transport, body: str, **options: Any) -> Root:
            token = getattr(transport, "token", "sandbox-token")
            server = serve(transport, default_token=token, **options)
            ends.callback(server.stop)
            folder = tmp_path / f"root-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            root = Root(folder, server)
            root.write(body)
            root.init()
            return root

        yield make


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)
