"""A repository in the sandbox's GitHub whose workflows act executes; time passes only when a test says so."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from nacl.public import PublicKey, SealedBox

from provisioner.sandbox.github import github_application
from provisioner.sandbox.github.accounts import find_account
from provisioner.sandbox.github.actions.runner import Runner, errand
from provisioner.sandbox.github.actions.starting import act_program
from provisioner.sandbox.github.callers import issue_classic_token
from provisioner.sandbox.http import Request
from tests.sandbox.github.hub import Hub, commit, push, working_copy

HAS_ACT = act_program() is not None
needs_act = pytest.mark.skipif(not HAS_ACT, reason="act is not installed (go install github.com/nektos/act@v0.2.89)")
_ROUNDS = 40


@dataclass
class Bench:
    """``acme/model`` with a working copy; ``settle`` runs everything that can run."""

    hub: Hub
    copy: Path
    path: str = field(init=False)

    def __post_init__(self) -> None:
        self.hub.world.settings.change({"actions": "act"})
        self.path = self.hub.repository()

    def close(self) -> None:
        runner = self.runner
        self.hub.world.companions.close()
        runner.wait()

    @property
    def runner(self) -> Runner:
        return self.hub.world.companions.get(Runner, lambda: Runner(self.hub.world))

    def push(self, files: Mapping[str, str], *refs: str, message: str = "change", settle: bool = True) -> None:
        """Commit files (a bare name is that of a workflow) and push."""
        placed = {name if "/" in name else f".github/workflows/{name}.yaml": text for name, text in files.items()}
        new = not (self.copy / ".git").exists()
        if new:
            working_copy(self.copy, placed)
        else:
            commit(self.copy, placed, message)
        push(self.copy, self.hub.git_url(), *refs)
        if settle:
            self.settle()

    def settle(self) -> None:
        """Go on until no job is at work and none may start."""
        for _ in range(_ROUNDS):
            errand(self.hub.world)
            if not self.runner.busy:
                return
            self.runner.wait()
        raise AssertionError("the runs never came to rest")

    def go_on(self) -> None:
        """Start what may start, and come back."""
        errand(self.hub.world)

    def fetch(self, place: str) -> httpx.Response:
        """Get an address that REST led to, without a token."""
        split = urlsplit(place)
        request = Request("GET", str(split.hostname), split.path, split.query)
        answer = github_application(self.hub.world)(request)
        assert isinstance(answer.body, bytes)
        return httpx.Response(answer.status, content=answer.body)

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return self.hub.call(method, f"{self.path}/actions/{path}", body, **more)

    def runs(self, **query: str) -> list[dict[str, Any]]:
        """Return the runs, oldest first."""
        words = "&".join(f"{name}={value}" for name, value in query.items())
        found: list[dict[str, Any]] = self.call("GET", f"runs?{words}").json()["workflow_runs"][::-1]
        return found

    def run(self) -> dict[str, Any]:
        """Return the newest run."""
        return self.runs()[-1]

    def jobs(self, run: int | None = None) -> dict[str, dict[str, Any]]:
        """Return the jobs of a run (the newest) by name."""
        number = run or self.run()["id"]
        return {job["name"]: job for job in self.call("GET", f"runs/{number}/jobs").json()["jobs"]}

    def conclusions(self, run: int | None = None) -> dict[str, str]:
        return {name: job["conclusion"] or job["status"] for name, job in self.jobs(run).items()}

    def stored(self, name: str) -> dict[str, Any]:
        """Return the document of a job of the newest run: outputs, annotations and so on."""
        number, repo = self.jobs()[name]["id"], self.hub.call("GET", self.path).json()["id"]
        found: dict[str, Any] = self.hub.write(lambda tx: tx.get("github/run_jobs", f"{repo}/{number:014}"))
        return found

    def log(self, name: str) -> str:
        number = self.jobs()[name]["id"]
        repo = self.hub.call("GET", self.path).json()["id"]
        assert self.call("GET", f"jobs/{number}/logs").status_code == 302, repo
        found: bytes = self.hub.write(lambda tx: tx.get_blob(f"github/job-log/{number}"))
        return found.decode()

    def person(self, login: str) -> str:
        """Return a token of a person."""
        account = self.hub.write(lambda tx: find_account(tx, login))
        token: str = self.hub.write(lambda tx: issue_classic_token(tx, account["id"], ["repo", "workflow"]))
        return token

    def number(self, login: str) -> int:
        """Return a person's number."""
        return int(self.hub.call("GET", f"/users/{login}").json()["id"])

    def secret(self, name: str, value: str, environment: str = "") -> None:
        place = f"{self.path}/environments/{environment}" if environment else f"{self.path}/actions"
        key = self.hub.call("GET", f"{place}/secrets/public-key").json()
        sealed = SealedBox(PublicKey(base64.b64decode(key["key"]))).encrypt(value.encode())
        body = {"encrypted_value": base64.b64encode(sealed).decode(), "key_id": key["key_id"]}
        assert self.hub.call("PUT", f"{place}/secrets/{name}", body).status_code == 201

    @staticmethod
    def encoded(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    def environment(self, name: str, **settings: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.hub.call("PUT", f"{self.path}/environments/{name}", settings).json()
        return found
