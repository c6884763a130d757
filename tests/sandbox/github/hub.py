"""The sandbox's GitHub on real sockets: api, git and token listeners over plain HTTP, every answer checked."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import github
import httpx

from provisioner.sandbox.front.connection import Connection, serve
from provisioner.sandbox.front.listener import Listener
from provisioner.sandbox.github import (
    github_application,
    mint_job_token,
    operator_tokens,
    seed_github,
    take_on_errands,
)
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.store import Transaction
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import World, open_world

Check = Callable[[Request, Response], None]
HOSTS = ("api.github.com", "github.com", "token.actions.githubusercontent.com")
TEAMS = ({"slug": "fraud", "members": ["ann"]}, {"slug": "platform", "members": ["bea"]})


@dataclass
class Hub:
    """One GitHub with the organisation ``acme``: teams fraud (ann) and platform (bea), member cy."""

    folder: Path
    check: Check
    source: Callable[[], datetime] | None = None
    world: World = field(init=False)
    tokens: Mapping[str, str] = field(init=False)
    listeners: dict[str, Listener] = field(default_factory=dict)
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=60))

    def __post_init__(self) -> None:
        self.world = open_world(MemoryStore(), self.folder / "state", self.source)
        with self.world.store.transaction() as tx:
            users = ("ann", "bea", "cy")
            seed_github(self.world, tx, owner="acme", plan="enterprise", users=users, teams_wanted=TEAMS)
            self.tokens = dict(operator_tokens(self.world, tx))
        take_on_errands(self.world)
        for host in HOSTS:
            self.listeners[host] = Listener(host, partial(self._serve, host))
            self.listeners[host].start()

    def _serve(self, host: str, sock: Any) -> None:
        serve(Connection(sock), self._answer, host, self.listeners[host].stopping.is_set)

    def _answer(self, request: Request) -> Response:
        response = github_application(self.world)(request)
        self.check(request, response)
        return response

    def close(self) -> None:
        self.http.close()
        for listener in self.listeners.values():
            listener.stop(5)

    def url(self, host: str) -> str:
        return f"http://127.0.0.1:{self.listeners[host].port}"

    def write(self, action: Callable[[Transaction], Any]) -> Any:
        with self.world.store.transaction() as tx:
            return action(tx)

    def client(self, token: str = "") -> github.Github:
        auth = github.Auth.Token(token or self.tokens["installation"])
        pauses = {"seconds_between_requests": 0.0, "seconds_between_writes": 0.0}
        return github.Github(auth=auth, base_url=self.url(HOSTS[0]), retry=None, **pauses)  # type: ignore[arg-type]

    def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> httpx.Response:
        chosen = self.tokens["installation"] if token is None else token
        given = {"Authorization": f"Bearer {chosen}"} if chosen else {}
        content = json.dumps(body).encode() if body is not None else None
        sent = {**given, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.http.request(method, self.url(HOSTS[0]) + path, content=content, headers=sent)

    def download(self, host: str, path: str) -> bytes:
        """Fetch from one of GitHub's other hosts as the operator, in-process."""
        request = Request("GET", host, path, headers={"authorization": f"Bearer {self.tokens['installation']}"})
        answer = github_application(self.world)(request)
        assert answer.status == 200, answer.body
        return answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)

    def repository(self, name: str = "model", **more: Any) -> str:
        """Make a private repository; return its path."""
        made = self.call("POST", "/orgs/acme/repos", {"name": name, "private": True, **more})
        assert made.status_code == 201, made.text
        return f"/repos/acme/{name}"

    def git_url(self, repository: str = "acme/model", token: str = "") -> str:
        port = self.listeners[HOSTS[1]].port
        return f"http://x-access-token:{token or self.tokens['installation']}@127.0.0.1:{port}/{repository}.git"

    def id_token(self, context: Mapping[str, str], audience: str = "") -> str:
        """Mint for a job and fetch its id token over HTTP."""
        job = self.write(lambda tx: mint_job_token(self.world, tx, context))
        path = job.request_url.removeprefix(f"https://{HOSTS[2]}") + (
            f"&audience={quote(audience, safe='')}" if audience else ""
        )
        bearer = {"Authorization": f"Bearer {job.request_token}"}
        answer = self.http.get(self.url(HOSTS[2]) + path, headers=bearer)
        assert answer.status_code == 200, answer.text
        value = answer.json()["value"]
        assert answer.json()["count"] == len(value)
        return str(value)


def run_git(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run git with an environment of its own; both outputs in ``stdout``."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        **{f"GIT_{who}_{what}": "x@y" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env=environment,
        check=check,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def working_copy(folder: Path, files: Mapping[str, str], branch: str = "main") -> Path:
    """Make a repository with one commit of these files."""
    folder.mkdir(parents=True, exist_ok=True)
    run_git(folder, "init", "-q", "-b", branch)
    return commit(folder, files)


def commit(folder: Path, files: Mapping[str, str], message: str = "change") -> Path:
    """Write files and commit them."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "-m", message)
    return folder


def push(folder: Path, url: str, *refs: str, check: bool = True) -> str:
    """Push and return what git printed."""
    done = run_git(folder, "push", url, *(refs or ("HEAD:refs/heads/main",)), check=check)
    assert check or done.returncode != 0, done.stdout
    return done.stdout
