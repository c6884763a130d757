"""Secrets stay where they belong: planted values and real tokens are looked for after everything has been run."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from provisioner.cli.forms import FORMS
from tests.cli.program import Ended, Person
from tests.e2e.canaries import Watcher, canary, open_to_others, sung
from tests.e2e.desk import Desk, new_desk

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-canaries")]

PROJECT = "example-aviary-dev"
ROOT = """
variable "token" {
  type      = string
  sensitive = true
}

variable "project" {
  type = string
}

resource "google_secret_manager_secret" "this" {
  project   = var.project
  secret_id = "from-terraform"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "this" {
  secret      = google_secret_manager_secret.this.id
  secret_data = var.token
}
"""
# Notes what it was called with, then is what it stands for.
_SHIM = """#!/bin/sh
printf '%s\\n' "$0" "$@" >> "{log}.arguments"
env >> "{log}.environment"
exec "{program}" "$@"
"""


@dataclass
class Story:
    """What was run, what it said, and where everything lies."""

    desk: Desk
    person: Person
    canaries: dict[str, str]
    watcher: Watcher
    noted: Path
    said: dict[str, Ended] = field(default_factory=dict)
    comments: str = ""

    def runs(self, *arguments: str | Path, code: int = 0) -> Ended:
        ended = self.person.runs(*arguments)
        self.said[f"{len(self.said)} {' '.join(map(str, arguments))}"] = ended
        assert ended.code == code, f"{arguments}: {ended}"
        return ended

    def call(self, method: str, url: str, document: object = None) -> Any:
        """Call an API without a process whose arguments would hold what is sent."""
        token = "github" if "github.com" in url else "google"
        headers = {"Authorization": f"Bearer {self.canaries[token]}"}
        with requests.Session() as session:
            session.trust_env = False
            session.proxies, session.verify = {"https": self.desk.handle.proxy_url}, str(self.desk.handle.ca_file)
            answer = session.request(method, url, json=document, headers=headers, timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Run everything once, with canaries in every place where a secret can be."""
    folder = tmp_path_factory.mktemp("aviary")
    folder.chmod(0o755)  # pytest closes its own; here only the product's own modes protect anything
    desk = new_desk(folder)
    canaries = {name: canary(name) for name in ("environment", "variable", "payload")}
    noted = folder / "noted"
    person = desk.person.given(MY_PASSWORD=canaries["environment"], PATH=_shimmed(folder, noted))
    watcher = Watcher(canaries)
    whole = Story(desk, person, canaries, watcher, noted)
    try:
        with watcher.watching():
            _brought_up(whole)
            _looked_at(whole)
            _checked(whole)
            _taken_down(whole)
            yield whole
    finally:
        person.runs("sandbox", "stop")


def _shimmed(folder: Path, noted: Path) -> str:
    shims = folder / "shims"
    shims.mkdir()
    for name in ("terraform", "git"):
        program = shutil.which(name)
        assert program is not None
        (shims / name).write_text(_SHIM.format(log=noted, program=program))
        (shims / name).chmod(0o755)
    return f"{shims}:{os.environ['PATH']}"


def _brought_up(story: Story) -> None:
    story.runs("up", story.desk.request("aviary"), "--sandbox", "--yes", "-o", "json")
    given = story.person.runs("sandbox", "env", "-o", "json").document
    story.canaries |= {"google": given["GOOGLE_OAUTH_ACCESS_TOKEN"], "app": given["GITHUB_TOKEN"]}
    story.canaries["github"] = given["GH_TOKEN"]  # a person's: the App may not open issues
    story.watcher.canaries = story.canaries
    secrets = f"https://secretmanager.googleapis.com/v1/projects/{PROJECT}/secrets"
    story.call("POST", f"{secrets}?secretId=model-key", {"replication": {"automatic": {}}})
    payload = base64.b64encode(story.canaries["payload"].encode()).decode()
    story.canaries["encoded payload"] = payload
    story.call("POST", f"{secrets}/model-key:addVersion", {"payload": {"data": payload}})
    using = "services: {scoring: {secrets: {MODEL_KEY: {secret: model-key, version: 1}}}}"
    request = story.desk.request("aviary", using)
    story.runs("plan", request, "-o", "json")
    story.runs("plan", request)
    result = story.runs("up", request, "--yes", "-o", "json")
    story.runs("repo", "verify", request, "--outputs", story.desk.written("outputs.json", result.out))


def _looked_at(story: Story) -> None:
    run = json.loads(story.runs("runs", "list", "-o", "json").out)[0]["id"]
    story.runs("runs", "show", run)
    story.runs("status", "aviary", "-o", "json")
    story.runs("access", "aviary", "--all")
    story.runs("access", "aviary", "--from", "live", "--html", story.desk.folder / "access.html", "-o", "json")
    story.runs("audit", "export")
    story.runs("audit", "verify")
    story.runs("sandbox", "status")


def _checked(story: Story) -> None:
    """Hold somebody's root with a secret in it against the rules, in every form and as a comment."""
    root = story.desk.folder / "foreign"
    root.mkdir()
    (root / "main.tf").write_text(ROOT)
    given = story.person.runs("sandbox", "env", "-o", "json").document
    story.person = story.person.given(**{**given, "GITHUB_TOKEN": given["GH_TOKEN"]})
    own = {"PATH": os.environ["PATH"]}  # what a person's own Terraform gets is hers to decide
    environment = {
        **story.person.environment(),
        **own,
        "TF_VAR_token": story.canaries["variable"],
        "TF_VAR_project": PROJECT,
    }
    for arguments in (("init",), ("plan", "-out=saved.tfplan"), ("apply", "saved.tfplan")):
        done = subprocess.run(
            ["terraform", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    environment["TF_VAR_token"] = story.canaries["variable"] + "-turned"
    subprocess.run(
        ["terraform", "plan", "-out=saved.tfplan"], cwd=root, env=environment, check=True, capture_output=True
    )
    facts = json.loads(story.said[next(name for name in story.said if " status " in name)].out)["repository"]
    api = f"https://api.github.com/repos/{facts['full_name']}"
    number = story.call("POST", f"{api}/issues", {"title": "a change"})["number"]
    for form in FORMS:
        options = ("--comment", f"{facts['full_name']}#{number}") if form == "markdown" else ()
        ended = story.person.runs("check", root / "saved.tfplan", "--root", root, "-o", form, *options)
        assert ended.code in {0, 3}, ended
        story.said[f"check {form}"] = ended
    story.comments = json.dumps(story.call("GET", f"{api}/issues/{number}/comments"))
    shutil.rmtree(root)


def _taken_down(story: Story) -> None:
    story.runs("destroy", "aviary", "--yes", "--delete-data")
    story.runs("audit", "show", "-o", "json")


@pytest.mark.slow
def test_what_is_said_holds_no_secret(story: Story) -> None:
    assert len(story.said) > 15
    assert {name: sung(ended.out + ended.err, story.canaries) for name, ended in story.said.items()} == {
        name: set() for name in story.said
    }
    assert "google\\_secret\\_manager\\_secret\\_version" in story.comments + story.said["check markdown"].out
    assert sung(story.comments, story.canaries) == set()
    assert sung((story.desk.folder / "access.html").read_text(), story.canaries) == set()


@pytest.mark.slow
def test_no_process_is_given_a_secret_as_an_argument(story: Story) -> None:
    assert story.watcher.looks > 10
    assert story.watcher.found == set()
    arguments = story.noted.with_suffix(".arguments").read_text()
    assert {"init", "push"} <= set(arguments.split())
    assert sung(arguments, story.canaries) == set()
    environment = story.noted.with_suffix(".environment").read_text()
    assert story.canaries["google"] in environment  # as it must be: Terraform works with it
    assert story.canaries["environment"] not in environment


@pytest.mark.slow
def test_no_file_that_others_can_read_holds_a_secret(story: Story) -> None:
    assert open_to_others(story.person.state, story.canaries) == {}
    for name in ("runs", "sandbox", "work"):
        assert stat.S_IMODE((story.person.state / name).stat().st_mode) == 0o700
    planted = story.person.state / "planted.log"
    planted.write_text(f"token={story.canaries['google']}")
    planted.chmod(0o644)
    story.person.state.chmod(0o755)
    assert set(open_to_others(story.person.state, story.canaries)) == {planted}
    planted.unlink()


@pytest.mark.slow
def test_logs_books_and_answers_hold_no_secret_whoever_reads_them(story: Story) -> None:
    sandbox, runs = story.person.state / "sandbox", story.person.state / "runs"
    texts = [
        sandbox / "server.log",
        sandbox / "requests.jsonl",
        *runs.rglob("*.json"),
        *story.person.state.rglob("*.log"),
    ]
    assert {str(path): sung(path.read_bytes(), story.canaries) for path in texts} == {
        str(each): set() for each in texts
    }
    for book in (runs / "ledger.sqlite3", runs / "dbos.sqlite3"):
        with sqlite3.connect(book) as connection:
            assert sung("\n".join(connection.iterdump()), story.canaries) == set()
    handle = story.desk.handle
    answers = json.dumps([handle.requests(), handle.status(), handle.control("GET", "faults")])
    assert "secretmanager" in answers
    assert sung(answers, story.canaries) == set()


@pytest.mark.slow
def test_nothing_of_a_run_is_kept_that_holds_values(story: Story) -> None:
    left = [path.name for path in story.person.state.rglob("*") if path.suffix in {".tfplan", ".tfstate", ".bin"}]
    assert [name for name in left if name != "terraform.tfstate"] == []


def test_the_watcher_sees_a_secret_in_an_argument_list() -> None:
    planted = {"planted": canary("planted")}
    watcher = Watcher(planted)
    waiting = [sys.executable, "-c", "import sys; sys.stdin.read()", planted["planted"]]
    with watcher.watching(), subprocess.Popen(waiting, stdin=subprocess.PIPE) as process:
        assert watcher.until_seen("planted")
        process.communicate()


def test_the_finder_tells_what_others_can_read(tmp_path: Path) -> None:
    planted = {"planted": canary("planted")}
    for folder, mode in (("open", 0o755), ("closed", 0o700)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder).chmod(mode)
        for name, own in (("wide", 0o644), ("narrow", 0o600)):
            (tmp_path / folder / name).write_text(f"x {planted['planted']} y")
            (tmp_path / folder / name).chmod(own)
    assert open_to_others(tmp_path, planted) == {tmp_path / "open" / "wide": {"planted"}}
    assert sung("Bearer ya29.sandbox-abcdefghijkl0123", {}) == {"ya29.sand"}
