"""Where a person works: platform.yaml, requests, a home, and the sandbox seen from outside."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.sandbox.handle import Handle, join
from tests.cli.program import EXAMPLES, Ended, Person

_PATIENCE = 60.0

# Calls an API from a process that knows only what `sandbox shell` gives it: METHOD URL [JSON].
_CALL = """
import json, os, sys, urllib.error, urllib.request
method, url, *body = sys.argv[1:]
name = "GITHUB_TOKEN" if "github.com" in url else "GOOGLE_OAUTH_ACCESS_TOKEN"
headers = {"Authorization": "Bearer " + os.environ[name], "Content-Type": "application/json"}
request = urllib.request.Request(url, body[0].encode() if body else None, headers, method=method)
try:
    with urllib.request.urlopen(request) as answer:
        print(json.dumps([answer.status, json.loads(answer.read() or b"null")]))
except urllib.error.HTTPError as error:
    with error:
        print(json.dumps([error.code, error.read().decode()]))
"""


@dataclass(frozen=True)
class Desk:
    """A person and her requests."""

    person: Person
    folder: Path

    def request(self, team: str, extra: str = "", environments: Mapping[str, str] | None = None) -> Path:
        """Write the request of a team with one environment, or with those given (name -> project)."""
        stages = environments or {"dev": f"example-{team}-dev"}
        lines = [f"team: {team}", f"owner: {team}@example.com", "cost_center: cc-1", "data_class: internal"]
        lines += ["environments:", *(f"  {name}: {{project: {project}}}" for name, project in stages.items())]
        return self.written(f"{team}.yaml", "\n".join([*lines, extra]) + "\n")

    def written(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def up(self, request: Path, *options: str) -> Ended:
        return self.person.runs("up", request, "--sandbox", "--yes", *options)

    @property
    def handle(self) -> Handle:
        found = join(self.person.state / "sandbox")
        assert found is not None
        return found

    def call(self, method: str, url: str, document: object = None) -> tuple[int, Any]:
        """Call a Google or GitHub API in the sandbox as its operator."""
        body = [] if document is None else [json.dumps(document)]
        ended = self.person.runs("sandbox", "shell", "python3", "-c", _CALL, method, url, *body)
        assert ended.code == 0, ended
        status, answer = ended.document
        return status, answer

    @contextmanager
    def faults(self, *faults: Mapping[str, Any]) -> Iterator[None]:
        """Let calls in the sandbox go wrong for a while."""
        self.handle.control("PUT", "faults", {"faults": list(faults)})
        yield
        self.lift()

    def lift(self) -> None:
        """Take all faults away; a call that is held up goes on."""
        self.handle.control("DELETE", "faults")

    def until_struck(self) -> None:
        """Wait until the first fault has struck."""
        deadline = time.monotonic() + _PATIENCE
        while not self.handle.control("GET", "faults")["faults"][0]["calls"]:
            assert time.monotonic() < deadline

    def made(self, method: str) -> int:
        """Return how often a method succeeded since the sandbox's server started."""
        return sum(1 for each in self.handle.requests(name=method) if each["status"] == 200)


def new_desk(folder: Path) -> Desk:
    home = folder / "home"
    home.mkdir()
    (folder / "platform.yaml").write_bytes((EXAMPLES / "platform.yaml").read_bytes())
    return Desk(Person(home), folder)
