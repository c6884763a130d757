"""A sandbox server whose GitHub executes workflows, seen from outside by plain requests."""

from __future__ import annotations

import ssl
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from provisioner.sandbox.handle import Handle
from tests.sandbox.github.hub import commit, run_git, working_copy

_PATIENCE = 100.0
API = "https://api.github.com"


@dataclass
class Site:
    """The operator of one sandbox: ``ask`` calls any API of it, ``push`` a repository's main branch."""

    handle: Handle
    folder: Path
    http: httpx.Client = field(init=False)
    tokens: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=str(self.handle.ca_file))
        self.http = httpx.Client(proxy=self.handle.proxy_url, verify=context, trust_env=False, timeout=60)
        credentials = self.handle.control("GET", "credentials")
        self.tokens = {"google": credentials["googleToken"], **credentials["github"]}

    def ask(self, method: str, url: str, body: Any = None, token: str = "", **options: Any) -> httpx.Response:
        kind = "user" if "github.com" in url else "google"
        headers = {"Authorization": f"Bearer {token or self.tokens[kind]}", "User-Agent": "tests"}
        return self.http.request(method, url, json=body, headers=headers, **options)

    def get(self, url: str) -> Any:
        answer = self.ask("GET", url)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def made(self, url: str, body: Any) -> Any:
        answer = self.ask("POST", url, body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def push(self, repository: str, files: Mapping[str, str], branch: str = "main") -> None:
        copy = self.folder / repository.replace("/", "--")
        if (copy / ".git").exists():
            commit(copy, files)
        else:
            working_copy(copy, files)
        place = f"https://x-access-token:{self.tokens['user']}@github.com/{repository}.git"
        through = ["-c", f"http.proxy={self.handle.proxy_url}", "-c", f"http.sslCAInfo={self.handle.ca_file}"]
        run_git(copy, *through, "push", place, f"HEAD:refs/heads/{branch}")

    def runs(self, repository: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"{API}/repos/{repository}/actions/runs")["workflow_runs"]
        return found

    def until(
        self, repository: str, *resting: str, count: int = 1, patience: float = _PATIENCE
    ) -> list[dict[str, Any]]:
        """Return the runs (newest first) once there are so many and none is under way."""
        deadline = time.monotonic() + patience
        while True:
            self.handle.control("POST", "github/rest", {"seconds": 30})
            found = self.runs(repository)
            if len(found) >= count and all(run["status"] in {"completed", *resting} for run in found):
                return found
            assert time.monotonic() < deadline, [(run["name"], run["status"]) for run in found]

    def jobs(self, repository: str, run: int) -> dict[str, dict[str, Any]]:
        found = self.get(f"{API}/repos/{repository}/actions/runs/{run}/jobs")["jobs"]
        return {job["name"]: job for job in found}

    def log(self, repository: str, job: int) -> str:
        place = f"{API}/repos/{repository}/actions/jobs/{job}/logs"
        return self.ask("GET", place, follow_redirects=True).text

    def report(self, repository: str, run: int) -> str:
        """Return what the jobs of a run said, for a test that failed."""
        return "\n".join(
            f"== {name}: {job['conclusion']}\n{self.log(repository, job['id'])}"
            for name, job in self.jobs(repository, run).items()
        )


def alive(number: int) -> bool:
    """Tell whether a process is there (and is more than an entry that nobody collected)."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(number)], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip()) and not done.stdout.startswith("Z")
