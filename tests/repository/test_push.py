"""The first push, with real git to a real smart HTTP server that asks for a password."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import ProvisionError
from provisioner.repository.push import Git

TOKEN = "ghs_push-token-7141"
WHEN = datetime(2026, 11, 1, 12, tzinfo=UTC)
FILES = {
    "README.md": (b"hello\n", 0o100644),
    "run.sh": (b"#!/bin/sh\n", 0o100755),
    "a/b/c.bin": (b"\x00\xff no newline", 0o100644),
    "empty": (b"", 0o100644),
}
LOGGING_GIT = f"""#!{sys.executable}
import json, os, sys
with open(os.environ["TMPDIR"] + "/calls.jsonl", "a") as log:
    log.write(json.dumps({{"argv": sys.argv, "environment": dict(os.environ)}}) + "\\n")
os.execvp("git", ["git", *sys.argv[1:]])
"""


class GitServer(BaseHTTPRequestHandler):
    """Hands authenticated requests to git http-backend (git-http-backend(1))."""

    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self._body())

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _serve(self, body: bytes) -> None:
        wanted = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": self.server.root,  # type: ignore[attr-defined]
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": "app",
        }
        answered = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=True)
        head, _, content = answered.stdout.partition(b"\r\n\r\n")
        self.send_response(200)
        for line in head.decode().split("\r\n"):
            self.send_header(*line.split(": ", 1))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    path = tmp_path / "served" / "example" / "model.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(path)], check=True)
    return path


@pytest.fixture
def url(bare: Path) -> Iterator[str]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), GitServer)
    server.root = str(bare.parents[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/example/model.git"
    server.shutdown()
    thread.join()
    server.server_close()


def seen(bare: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(bare), *arguments], capture_output=True, text=True, check=True).stdout


def test_every_branch_gets_the_same_commit_with_all_files(bare: Path, url: str) -> None:
    commit = Git(TOKEN, dict(os.environ)).push_first(FILES, url, ("main", "develop"), WHEN)
    heads = {line.split()[1]: line.split()[0] for line in seen(bare, "show-ref").splitlines()}
    assert heads == {"refs/heads/main": commit, "refs/heads/develop": commit}
    listed = {line.split("\t")[1]: line.split()[0] for line in seen(bare, "ls-tree", "-r", "main").splitlines()}
    assert listed == {path: f"{mode:o}" for path, (_, mode) in FILES.items()}
    for path, (content, _) in FILES.items():
        shown = subprocess.run(
            ["git", "-C", str(bare), "cat-file", "blob", f"main:{path}"], capture_output=True, check=True
        )
        assert shown.stdout == content
    assert seen(bare, "fsck", "--strict") == ""


def test_pushing_again_changes_nothing(bare: Path, url: str) -> None:
    git = Git(TOKEN, dict(os.environ))
    first = git.push_first(FILES, url, ("main",), WHEN)
    assert git.push_first(FILES, url, ("main",), WHEN) == first
    assert seen(bare, "rev-list", "--count", "main").strip() == "1"


def test_a_branch_with_other_content_is_never_overwritten(bare: Path, url: str) -> None:
    git = Git(TOKEN, dict(os.environ))
    first = git.push_first(FILES, url, ("main",), WHEN)
    with pytest.raises(ProvisionError, match="git push failed"):
        git.push_first({"other": (b"x", 0o100644)}, url, ("develop", "main"), WHEN)
    assert seen(bare, "show-ref").split() == [first, "refs/heads/main"]


def test_the_token_is_in_no_argument_and_no_configuration_of_the_user_counts(url: str, tmp_path: Path) -> None:
    program = tmp_path / "git-logging"
    program.write_text(LOGGING_GIT)
    program.chmod(0o755)
    surroundings = {**os.environ, "TMPDIR": str(tmp_path), "GIT_DIR": "/elsewhere", "AWS_SECRET_ACCESS_KEY": "s"}
    Git(TOKEN, surroundings, str(program)).push_first(FILES, url, ("main",), WHEN)
    calls = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    secret = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    assert [call["argv"][1] for call in calls] == ["init", "fast-import", "rev-parse", "push"]
    for call in calls:
        assert TOKEN not in str(call["argv"])
        assert secret not in str(call["argv"])
        assert (secret in str(call["environment"])) == (call["argv"][1] == "push")
        assert call["environment"]["GIT_CONFIG_GLOBAL"] == "/dev/null"
        assert {"GIT_DIR", "AWS_SECRET_ACCESS_KEY"} & set(call["environment"]) == set()
        assert call["environment"]["HOME"] != os.environ["HOME"]


def test_a_wrong_token_is_told_without_showing_it(url: str) -> None:
    with pytest.raises(ProvisionError, match="git push failed") as caught:
        Git("ghs_wrong-token", dict(os.environ)).push_first(FILES, url, ("main",), WHEN)
    assert "ghs_wrong-token" not in str(caught.value)
    assert "may not push" in caught.value.fix or "git says" in caught.value.fix


def test_what_git_says_never_holds_the_token(tmp_path: Path) -> None:
    program = tmp_path / "git-leaking"
    program.write_text(
        '#!/bin/sh\necho "fatal: $GIT_CONFIG_VALUE_0 https://x:ghs_leak@host refused" >&2\n[ "$1" != push ]\n'
    )
    program.chmod(0o755)
    with pytest.raises(ProvisionError) as caught:
        Git("ghs_leak", dict(os.environ), str(program)).push_first(FILES, "https://h/x.git", ("main",), WHEN)
    assert "ghs_leak" not in str(caught.value)
    assert base64.b64encode(b"x-access-token:ghs_leak").decode() not in str(caught.value)
    assert "***" in caught.value.reason


def test_without_git_the_way_out_is_named() -> None:
    with pytest.raises(ProvisionError, match="not installed") as caught:
        Git(TOKEN, {}, "no-such-git").push_first(FILES, "https://h/x.git", ("main",), WHEN)
    assert "install git" in caught.value.fix
