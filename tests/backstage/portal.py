"""A Backstage backend as an adopter runs it: the minimal one, in a process of its own, asked over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.cli.program import PROJECT, Person

TOKEN = "try-out-token-0123456789"
TEMPLATE = "template:default/model-platform"
INSTALLED = "PROVISION_ENV_TEST_NODE_MODULES"
"""Names a node_modules made from the same lock file, to spare a developer the minute that `npm ci` takes."""
_PATIENCE = 240.0


@dataclass(frozen=True)
class Portal:
    """A running backend; ``folder`` holds what the adopter copied."""

    http: httpx.Client
    folder: Path

    def post(self, path: str, document: Any = None) -> httpx.Response:
        return self.http.post(f"/api/scaffolder/v2/{path}", json=document or {})

    def start(self, values: dict[str, Any]) -> str:
        answer = self.post("tasks", {"templateRef": TEMPLATE, "values": values})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def task(self, task: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/api/scaffolder/v2/tasks/{task}").json()
        return found

    def events(self, task: str, after: int = 0) -> Iterator[dict[str, Any]]:
        """Yield what the task's page shows, until the task has ended."""
        path = f"/api/scaffolder/v2/tasks/{task}/eventstream?after={after}"
        with self.http.stream("GET", path) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    event = json.loads(line.removeprefix("data: "))
                    yield event
                    if event["type"] == "completion":
                        return

    def ended(self, task: str, after: int = 0) -> tuple[str, dict[str, Any], str]:
        """Wait for the end; returns the status, the outputs and the log."""
        seen = list(self.events(task, after))
        log = "\n".join(event["body"].get("message", event["type"]) for event in seen)
        return self.task(task)["status"], seen[-1]["body"].get("output", {}), log

    def entity(self, path: str) -> dict[str, Any]:
        """Wait until the catalog knows an entity."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            answer = self.http.get(f"/api/catalog/entities/by-name/{path}")
            if answer.status_code == 200:
                found: dict[str, Any] = answer.json()
                return found
            time.sleep(0.2)
        raise AssertionError(f"the catalog does not know {path}")


def install(person: Person, platform: Path, folder: Path) -> Path:
    """Do what the documentation says; returns the folder of the backend."""
    written = person.runs("schema", "backstage", "--platform", platform, "--into", folder)
    assert written.code == 0, written
    backend = folder / "minimal"
    installed = os.environ.get(INSTALLED)
    if installed:
        shutil.copytree(installed, backend / "node_modules", symlinks=True, copy_function=os.link)
        module = backend / "node_modules" / "@provision-env" / "backstage-scaffolder-module"
        shutil.rmtree(module, ignore_errors=True)
        shutil.copytree(folder / "scaffolder-module", module)
        return backend
    ended = subprocess.run(["npm", "ci"], cwd=backend, capture_output=True, text=True, check=False, timeout=900)
    assert ended.returncode == 0, ended.stderr
    return backend


@contextmanager
def running(person: Person, backend: Path, platform: Path, variables: dict[str, str]) -> Iterator[Portal]:
    """Start the backend and wait until it knows the template."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    programs = person.home / "bin"
    programs.mkdir(exist_ok=True)
    program = programs / "provision-env"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={PROJECT} exec {person.command[0]} -m provisioner "$@"\n')
    program.chmod(0o755)
    own = {"PORT": str(port), "BACKSTAGE_TOKEN": TOKEN, "PLATFORM": str(platform)}
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    log = backend.parent / "backend.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            ["node", "index.js", "--config", "app-config.yaml"],
            cwd=backend,
            env={**person.environment(), **variables, **own, **path},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        headers = {"Authorization": f"Bearer {TOKEN}"}
        try:
            _until_ready(process, port, log)
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=_PATIENCE, trust_env=False
            ) as http:
                portal = Portal(http, backend.parent)
                portal.entity("template/default/model-platform")
                yield portal
        finally:
            process.terminate()
            process.wait(timeout=60)


def _until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/.backstage/health/v1/readiness", trust_env=False, timeout=30)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code == 200:
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text())
