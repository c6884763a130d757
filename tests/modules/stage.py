"""Real Terraform on the modules, with the stand-in provider on a cloud in memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.sandbox.google.application import google_application
from provisioner.sandbox.google.foundations import lay_foundations
from provisioner.sandbox.google.identity import operator_of
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.provider import ProviderServer, serve
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import open_world

MODULES = Path(__file__).parents[2] / "terraform" / "modules"
BILLING = "01AB23-CD45EF-678901"
STATE_BUCKET = "example-ml-terraform-state"
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
LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'


class Cloud:
    """An organisation with the projects named and the state bucket; a call with its operator's token."""

    def __init__(self, folder: Path, projects: tuple[str, ...]) -> None:
        world = open_world(MemoryStore(), folder)
        named = [
            {"projectId": name, "number": str(420000000001 + index)}
            for index, name in enumerate((*projects, "example-ml-platform"))
        ]
        plan = {"organizationId": "123456789012", "organizationDomain": "example.com", "billingAccount": BILLING}
        with world.store.transaction() as tx:
            lay_foundations(world, tx, {**plan, "projects": named})
        self.application = google_application(world)
        self.token = operator_of(world).token
        location = {
            "name": STATE_BUCKET,
            "location": "EU",
            "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
        }
        self.call("POST", "storage.googleapis.com/storage/v1/b?project=example-ml-platform", location)

    def call(self, method: str, address: str, body: object = None) -> Any:
        host, _, rest = address.partition("/")
        path, _, query = rest.partition("?")
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        content = json.dumps(body).encode() if body is not None else b""
        answer = self.application(Request(method, host, f"/{path}", query, headers, content))
        assert isinstance(answer.body, bytes)
        assert answer.status < 300, answer.body
        return json.loads(answer.body or b"{}")

    def answer(self, request: Request) -> Response:
        return self.application(request)


@dataclass(frozen=True)
class Root:
    """A root folder; its provider talks to the cloud."""

    folder: Path
    server: ProviderServer

    def terraform(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TF_CLI_CONFIG_FILE": os.devnull,
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "TF_REATTACH_PROVIDERS": self.server.reattach_json,
        }
        command = ["terraform", *arguments]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def ok(self, *arguments: str) -> str:
        done = self.terraform(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def errors(self) -> str:
        """Return what a plan that must fail says, on one line and without Terraform's frame."""
        self.ok("init")
        done = self.terraform("plan", "-no-color")
        assert done.returncode == 1, done.stdout
        return " ".join(done.stderr.replace("│", " ").split())

    def plan(self, *arguments: str) -> dict[str, Any]:
        self.ok("init")
        self.ok("plan", "-out=tfplan", *arguments)
        document: dict[str, Any] = json.loads(self.ok("show", "-json", "tfplan"))
        return document

    def apply(self) -> None:
        self.ok("apply", "tfplan")

    def unchanged(self) -> bool:
        done = self.terraform("plan", "-detailed-exitcode", "-no-color")
        assert done.returncode in {0, 2}, done.stderr
        return done.returncode == 0

    def output(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ok("output", "-json", "environment"))
        return found


@contextmanager
def provider(cloud: Cloud) -> Iterator[ProviderServer]:
    server = serve(cloud.answer, default_token=cloud.token)
    try:
        yield server
    finally:
        server.stop()


def module_root(folder: Path, server: ProviderServer, body: str) -> Root:
    """Return a root beside a copy of the modules, so that their examples' sources hold."""
    shutil.copytree(MODULES, folder / "modules")
    root = folder / "modules" / "root"
    root.mkdir()
    (root / "main.tf").write_text(HEADER + body)
    return Root(root, server)


def changes(plan: dict[str, Any]) -> dict[str, list[str]]:
    """Return the actions of every resource that a plan changes."""
    return {
        change["address"]: change["change"]["actions"]
        for change in plan.get("resource_changes", [])
        if change["change"]["actions"] not in (["no-op"], ["read"])
    }
