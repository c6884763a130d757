"""The pipeline's scripts, run as a job runs them, against a gcloud that keeps a service in a file."""

from __future__ import annotations

import http.server
import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.template.teams import PROJECT, answered, example

CONTENT = PROJECT / "repo-template" / "content"
GCLOUD = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path

file = Path(os.environ["FAKE_SERVICE"])
service = json.loads(file.read_text())
arguments = sys.argv[1:]
value = lambda name: arguments[arguments.index(name) + 1]
assert os.environ["CLOUDSDK_AUTH_ACCESS_TOKEN"] == "token-of-deploy"
assert "token-of-deploy" not in " ".join(arguments)
assert (value("--project"), value("--region")) == ("example-prod", "europe-west1")
traffic = service["status"]["traffic"]
if arguments[2] == "describe":
    print(service["status"]["url"] if "--format=value(status.url)" in arguments else json.dumps(service))
elif arguments[2] == "update":
    assert "--no-traffic" in arguments
    if value("--image").endswith("bad"):
        sys.exit("ERROR: (gcloud.run.services.update) Revision is not ready and cannot serve traffic.")
    traffic.append({{"revisionName": "scoring-00002", "tag": value("--tag")}})
elif arguments[2] == "update-traffic":
    tags = {{row["tag"]: row["revisionName"] for row in traffic if "tag" in row}}
    wanted = value("--to-tags" if "--to-tags" in arguments else "--to-revisions")
    shares = dict(pair.split("=") for pair in wanted.split(","))
    for row in traffic:
        row["percent"] = 0
    for name, percent in shares.items():
        row = next(row for row in traffic if row["revisionName"] == tags.get(name, name))
        row["percent"] = int(percent)
file.write_text(json.dumps(service))
"""


class Answering(http.server.BaseHTTPRequestHandler):
    """A service that answers /health with the status its server holds."""

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers["Authorization"]))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def listening() -> Iterator[Any]:
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.status, server.seen = 200, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


class Job:
    """A job's environment with a fake gcloud first on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "service.json"
        self.say({"url": "http://127.0.0.1:1", "traffic": [{"revisionName": "scoring-00001", "percent": 100}]})
        program = folder / "gcloud"
        program.write_text(GCLOUD)
        program.chmod(0o755)
        self.env = {
            "PATH": f"{folder}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "FAKE_SERVICE": str(self.file),
            "SERVICE": "scoring",
            "PROJECT": "example-prod",
            "REGION": "europe-west1",
            "IMAGE": "r/x@sha256:good",
            "REVISION_TAG": "v1-1-0",
            "TRAFFIC": "latest",
            "CLOUDSDK_AUTH_ACCESS_TOKEN": "token-of-deploy",
            "NO_PROXY": "127.0.0.1",
        }

    def say(self, status: dict[str, Any]) -> None:
        self.file.write_text(json.dumps({"status": status}))

    def traffic(self) -> dict[str, int]:
        rows = json.loads(self.file.read_text())["status"]["traffic"]
        return {row["revisionName"]: row["percent"] for row in rows if row.get("percent")}

    def run(self, script: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [str(CONTENT / "pipeline" / script)]
        return subprocess.run(
            command, cwd=CONTENT, env={**self.env, **env}, capture_output=True, text=True, check=False
        )


def test_a_healthy_revision_takes_the_traffic(job: Job) -> None:
    ended = job.run("deploy.sh")
    assert ended.returncode == 0, ended.stderr
    assert job.traffic() == {"scoring-00002": 100}


def test_a_revision_that_is_not_ready_gets_no_traffic(job: Job) -> None:
    ended = job.run("deploy.sh", IMAGE="r/x@sha256:bad")
    assert ended.returncode != 0
    assert "not ready" in ended.stderr
    assert job.traffic() == {"scoring-00001": 100}


def test_a_pinned_champion_keeps_the_traffic(job: Job) -> None:
    ended = job.run("deploy.sh", TRAFFIC="v1-0-0=100")
    assert ended.returncode == 0
    assert job.traffic() == {"scoring-00001": 100}


@pytest.mark.parametrize(("status", "serves"), [(200, "scoring-00002"), (404, "scoring-00001")])
def test_a_failed_smoke_test_goes_back(job: Job, listening: Any, status: int, serves: str) -> None:
    listening.status = status
    url = f"http://127.0.0.1:{listening.server_address[1]}"
    job.say({"url": url, "traffic": [{"revisionName": "scoring-00001", "percent": 100}]})
    ended = job.run("deploy.sh", ID_TOKEN="an-id-token", SMOKE_RETRIES="0")
    assert (ended.returncode == 0) == (status == 200)
    assert job.traffic() == {serves: 100}
    assert set(listening.seen) == {("/health", "Bearer an-id-token")}


def test_operations_split_the_traffic_by_tag(job: Job) -> None:
    rows = [
        {"revisionName": "scoring-00001", "percent": 100, "tag": "v1-0-0"},
        {"revisionName": "scoring-00002", "tag": "v1-1-0"},
    ]
    job.say({"url": "", "traffic": rows})
    ended = job.run("traffic.sh", TRAFFIC="v1-0-0=90,v1-1-0=10")
    assert ended.returncode == 0, ended.stderr
    assert job.traffic() == {"scoring-00001": 90, "scoring-00002": 10}


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"rendered_{name}", CONTENT / "pipeline" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("ref", "reached"),
    [("refs/heads/main", {"dev", "stage", "prod"}), ("refs/heads/other", set()), ("refs/tags/main", set())],
)
def test_only_plan_identities_of_the_branch_are_expected_to_answer(ref: str, reached: set[str]) -> None:
    entries = [
        {
            "environment": one["name"],
            "ref": f"refs/heads/{one['branch']}",
            "provider_variable": f"{one['variable_prefix']}_P",
            "plan_variable": f"{one['variable_prefix']}_A",
            "deploy": one["deploy_service_account"],
            "runtime": one["runtime_service_account"],
        }
        for one in answered(example("fraud-detection"))["environments"]
    ]
    variables = {entry[key]: "x" for entry in entries for key in ("provider_variable", "plan_variable")}
    rows = loaded("verify_access").rows(entries, variables, ref)
    assert len(rows) == 9
    assert {row.environment for row in rows if row.expected} == reached
    assert {row.identity for row in rows if row.expected} <= {"plan"}
