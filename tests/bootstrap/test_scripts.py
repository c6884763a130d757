"""The scripts of the platform repository's jobs, with a program and a GitHub that answer as the test says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from provisioner.request.data import data_folder

SCRIPTS = data_folder("platform-template") / "content" / ".github"
MISSING = [name for name in ("bash", "curl", "jq") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
TOKEN = "ghs_canary-of-a-token"
# Plans say what stands beside the request; applies end as it says there.
PROGRAM = """#!/usr/bin/env bash
printf '%s\\n' "$*" >> calls
[[ $1 != up ]] || exit "$(cat "$2.code")"
while (($#)); do [[ $1 != --out-changes ]] || echo '{}' > "$2"; [[ $1 != teams/* ]] || file="$1"; shift; done
cat "$file.said"
exit "$(cat "$file.code")"
"""


@dataclass
class Desk:
    folder: Path
    environment: dict[str, str]

    def team(self, name: str, said: str, code: int = 0) -> None:
        for suffix, text in {"": "", ".said": said, ".code": str(code)}.items():
            (self.folder / "teams" / f"{name}.yaml{suffix}").write_text(text)

    def listed(self, *names: str) -> Path:
        changes = self.folder / "changes"
        changes.mkdir()
        (changes / "files").write_text("".join(f"teams/{name}.yaml\n" for name in names))
        return changes

    def run(self, script: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", str(SCRIPTS / script), *map(str, arguments)]
        own = self.environment | environment
        return subprocess.run(command, cwd=self.folder, env=own, capture_output=True, text=True, check=False)

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "teams").mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "provision-env").write_text(PROGRAM)
    # What curl is started with is kept, then curl is started.
    (programs / "curl").write_text(
        f'#!/usr/bin/env bash\nprintf "%s\\n" "$*" >> curls\nexec {shutil.which("curl")} "$@"\n'
    )
    for each in programs.iterdir():
        each.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return Desk(tmp_path, {"PATH": path, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")})


def test_the_summary_shows_each_plan_as_it_is_and_a_refusal_with_it(desk: Desk) -> None:
    desk.team("churn", "churn-dev: 1 to change\n```\n# <b>no heading</b>", 3)
    desk.team("fraud", "fraud-dev: no changes")
    changes = desk.listed("churn", "fraud")
    ended = desk.run("plan.sh", changes)
    assert ended.returncode == 3, ended.stderr
    assert desk.summary.startswith("## churn\n\n    churn-dev: 1 to change\n    ```\n    # <b>no heading</b>\n")
    assert "## fraud\n\n    fraud-dev: no changes\n" in desk.summary
    assert {path.name for path in changes.iterdir()} >= {"churn.json", "churn.txt", "fraud.json", "fraud.txt"}


def test_a_flood_of_plans_leaves_the_summary_below_github_s_limit(desk: Desk) -> None:
    names = [f"team-{number:02}" for number in range(30)]
    for name in names:
        desk.team(name, "x" * 70_000)
    assert desk.run("plan.sh", desk.listed(*names)).returncode == 0
    assert len(desk.summary) < 1024 * 1024
    assert "see team-29.txt in the artifact changes" in desk.summary


def test_what_is_not_as_reviewed_asks_for_another_review_and_the_rest_goes_on(desk: Desk) -> None:
    desk.team("churn", "", 5)
    desk.team("fraud", "")
    ended = desk.run("apply.sh", desk.listed("churn", "fraud"))
    assert ended.returncode == 5
    assert "## churn: not as reviewed" in desk.summary
    assert "fraud" not in desk.summary
    assert len((desk.folder / "calls").read_text().splitlines()) == 2


def plan(*addresses: str) -> str:
    changes = [{"address": each, "actions": ["update"]} for each in addresses]
    root = {"root": "churn-dev", "empty": not changes, "summary": f"{len(changes)} to change", "changes": changes}
    return json.dumps({"roots": [root]})


def test_drift_names_what_differs_and_what_could_not_be_planned(desk: Desk) -> None:
    desk.team("churn", plan(*(f"bucket-{number}" for number in range(23))), 3)
    desk.team("fraud", plan())
    desk.team("silent", "", 1)
    desk.team("wrong", '{"error": {"reason": "no"}}', 2)
    ended = desk.run("drift.sh", "drift.md")
    assert ended.returncode == 0, ended.stderr
    report = (desk.folder / "drift.md").read_text().splitlines()
    assert report[:2] == ["* `churn-dev`: 23 to change", "  * update `bucket-0`"]
    assert report[21] == "  * and 3 more"
    assert report[22:] == [f"* `teams/{name}.yaml` could not be planned" for name in ("silent", "wrong")]


@dataclass
class GitHub:
    """The issues of one repository; more than a page of others stands before ours."""

    issues: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"number": n, "body": None, "state": "open", "user": {"type": "User"}} for n in range(1, 103)
        ]
    )
    comments: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    runs: list[dict[str, str]] = field(default_factory=list)
    asked: str = ""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        place, _, query = path.partition("?")
        if place.endswith("/actions/workflows/apply.yaml/runs"):
            self.asked = query
            return {"workflow_runs": self.runs}
        if method == "GET":
            page = int(query.rpartition("=")[2])
            return [each for each in self.issues if each["state"] == "open"][100 * (page - 1) : 100 * page]
        if place.endswith("/comments"):
            self.comments.append(body["body"])
        elif method == "PATCH":
            next(each for each in self.issues if str(each["number"]) == place.rpartition("/")[2]).update(body)
        else:
            self.issues.append({"number": len(self.issues) + 1, "state": "open", "user": {"type": "Bot"}, **body})
        return {}


@pytest.fixture
def github(desk: Desk) -> Iterator[GitHub]:
    hub = GitHub()

    class Answering(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            hub.tokens.add(self.headers["authorization"])
            answer = json.dumps(hub.answer(self.command, self.path, json.loads(content or b"{}"))).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    Thread(target=server.serve_forever, daemon=True).start()
    desk.environment |= {
        "GITHUB_API_URL": f"http://127.0.0.1:{server.server_port}",
        "GITHUB_REPOSITORY": "example-ml/platform",
        "GITHUB_TOKEN": TOKEN,
        "NO_PROXY": "*",
    }
    yield hub
    server.shutdown()
    server.server_close()


def test_one_issue_is_opened_kept_and_closed(desk: Desk, github: GitHub) -> None:
    def keep(text: str) -> dict[str, Any]:
        (desk.folder / "drift.md").write_text(text)
        ended = desk.run("issue.sh", "drift.md", "https://github.com/run/1")
        assert ended.returncode == 0, ended.stderr
        return github.issues[-1]

    others = len(github.issues)
    keep("")
    assert len(github.issues) == others
    assert "* `churn-dev`: 1 to change" in keep("* `churn-dev`: 1 to change\n")["body"]
    assert "* `fraud-dev`" in keep("* `fraud-dev`: 2 to change\n" + "é" * 80_000)["body"]
    assert len(github.issues) == others + 1
    assert keep("")["state"] == "closed"
    assert github.comments == ["Nothing differs any more: https://github.com/run/1"]
    assert github.tokens == {f"Bearer {TOKEN}"}
    assert TOKEN not in (desk.folder / "curls").read_text()


@pytest.mark.parametrize("own", [{"user": {"type": "User"}}, {"user": {"type": "Bot"}, "pull_request": {}}])
def test_an_issue_of_a_person_and_a_pull_request_are_not_taken_for_ours(
    desk: Desk, github: GitHub, own: dict[str, Any]
) -> None:
    github.issues[0] |= own | {"body": "<!-- provision-env drift -->\nnothing differs, believe me"}
    for text in ("* `churn-dev`: 1 to change\n", ""):
        (desk.folder / "drift.md").write_text(text)
        assert desk.run("issue.sh", "drift.md", "run").returncode == 0
    assert (github.issues[0]["state"], github.issues[0]["body"][-10:]) == ("open", "believe me")
    assert [each["state"] for each in github.issues[102:]] == ["closed"]


def test_a_refusal_of_github_fails_the_job(desk: Desk) -> None:
    (desk.folder / "drift.md").write_text("* something\n")
    nowhere = {
        "GITHUB_API_URL": "http://127.0.0.1:1",
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_TOKEN": TOKEN,
        "NO_PROXY": "*",
    }
    assert desk.run("issue.sh", "drift.md", "run", **nowhere).returncode != 0


def test_what_was_applied_last_is_the_commit_of_the_run_that_ended_well(desk: Desk, github: GitHub) -> None:
    def applied() -> str:
        ended = desk.run("applied.sh", GITHUB_REF_NAME="main&status=failure")
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    assert applied() == ""
    github.runs = [{"head_sha": "1a2b"}, {"head_sha": "3c4d"}]
    assert applied() == "1a2b"
    assert github.asked.lower() == "branch=main%26status%3dfailure&status=success&per_page=1"
    assert TOKEN not in (desk.folder / "curls").read_text()
