"""gcloud and curl, unmodified, deploy and call; so does the deploy script of generated repositories."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from provisioner.sandbox.handle import ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed
from tests.sandbox.identity.cloud import NUMBER, PROJECT, Cloud
from tests.sandbox.run.live import ROOT, Live
from tests.sandbox.run.region import PARENT, SERVER, V2, push_server
from tests.sandbox.services.registry import create_repository

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("gcloud") is None, reason="there is no gcloud on this machine"),
]
HERE = ("--project", PROJECT, "--region", "europe-west1")
PLAN = SeedPlan(
    organisation_id="900000000001",
    organisation_domain="example.com",
    folder_id="888888888888",
    billing_account="000000-111111-222222",
    projects=(SeedProject(PROJECT, NUMBER),),
    state_bucket="acme-tfstate",
    state_project="acme-platform",
    state_location="EU",
    github_owner="acme",
    users=(),
    teams=(),
)
APIS = ("run", "artifactregistry", "iam", "iamcredentials", "compute")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("run")
    handle = ensure(folder / "state", idle_seconds=300)
    seed(handle, PLAN)
    made = Live(handle, folder)
    for api in APIS:
        made.ok("POST", f"serviceusage.googleapis.com/v1/projects/{PROJECT}/services/{api}.googleapis.com:enable", {})
    create_repository(_cloud(made))
    handle.control("PATCH", "settings", {"run_containers": "process"})
    yield made
    handle.stop()


def _cloud(live: Live) -> Cloud:
    """The registry's helpers ask for no more than ``call`` and ``ok``."""
    return cast("Cloud", live)


def _service(live: Live, name: str) -> dict[str, Any]:
    described = live.gcloud("run", "services", "describe", name, *HERE, "--format=json")
    return cast("dict[str, Any]", json.loads(described))


def _invoker(live: Live, service: str) -> str:
    """Make an account that may invoke a service; return its identity token for the service."""
    accounts = f"iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts"
    email = f"{service}-caller@{PROJECT}.iam.gserviceaccount.com"
    live.ok("POST", accounts, {"accountId": f"{service}-caller"})
    binding = {"role": "roles/run.invoker", "members": [f"serviceAccount:{email}"]}
    live.ok("POST", f"{V2}/{PARENT}/services/{service}:setIamPolicy", {"policy": {"bindings": [binding]}})
    url = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:generateIdToken"
    audience = live.ok("GET", f"{V2}/{PARENT}/services/{service}")["uri"]
    return str(live.ok("POST", url, {"audience": audience, "includeEmail": True})["token"])


def _deployer(live: Live) -> Path:
    """Make an account with what the modules grant for deploying; return a file with its access token."""
    account = f"deploy@{PROJECT}.iam.gserviceaccount.com"
    member = f"serviceAccount:{account}"
    live.ok("POST", f"iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "deploy"})
    project = f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}"
    policy = live.ok("POST", f"{project}:getIamPolicy", {})
    policy.setdefault("bindings", []).append({"role": "roles/run.developer", "members": [member]})
    live.ok("POST", f"{project}:setIamPolicy", {"policy": policy})
    runtime = f"iam.googleapis.com/v1/projects/-/serviceAccounts/{NUMBER}-compute@developer.gserviceaccount.com"
    binding = {"role": "roles/iam.serviceAccountUser", "members": [member]}
    live.ok("POST", f"{runtime}:setIamPolicy", {"policy": {"bindings": [binding]}})
    url = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
    made = live.ok("POST", url, {"scope": ["https://www.googleapis.com/auth/cloud-platform"]})
    file = live.folder / "deploy-token"
    file.write_text(made["accessToken"])
    return file


def test_gcloud_deploys_a_digest_and_curl_calls_it(live: Live) -> None:
    image = push_server(_cloud(live))
    live.gcloud(
        "run", "deploy", "first", *HERE, "--image", image, "--no-allow-unauthenticated", "--set-env-vars=SHOW=X,X=y"
    )
    service = _service(live, "first")
    assert service["status"]["latestReadyRevisionName"] == service["status"]["latestCreatedRevisionName"]
    token = _invoker(live, "first")
    url = f"{service['status']['url']}/who"
    answered = live.run("curl", "--fail", "-sS", "-H", f"Authorization: Bearer {token}", url)
    assert answered.returncode == 0, answered.stderr
    seen = json.loads(answered.stdout)
    assert (seen["path"], seen["variables"]) == ("/who", {"X": "y"})
    assert seen["headers"]["authorization"].endswith(".SIGNATURE_REMOVED_BY_GOOGLE")
    refused = live.run("curl", "-sS", "-o", "page", "-w", "%{http_code}", url)
    assert refused.stdout == "403"
    names = {entry["name"] for entry in live.handle.requests(host="europe-west1-run.googleapis.com")}
    assert "run.namespaces.services.create" in names


@pytest.mark.slow
def test_gcloud_says_why_a_release_is_bad(live: Live) -> None:
    bad = push_server(_cloud(live), "#!/bin/sh\nexit 1\n")
    ended = live.run("gcloud", "run", "deploy", "bad", *HERE, "--image", bad, "--no-allow-unauthenticated", "--quiet")
    assert ended.returncode == 1
    assert "failed to start and listen on the port defined provided by the PORT=8080" in ended.stderr
    (shown,) = (found for found in live.handle.control("GET", "run")["revisions"] if "/services/bad/" in found["name"])
    assert (shown["state"], shown["runs"]) == ("CONDITION_FAILED", True)


@pytest.mark.slow
def test_gcloud_moves_traffic_and_lists_and_deletes(live: Live) -> None:
    image = push_server(_cloud(live))
    live.gcloud("run", "deploy", "moved", *HERE, "--image", image, "--allow-unauthenticated")
    live.gcloud(
        "run", "services", "update", "moved", *HERE, "--no-traffic", "--tag=next", "--set-env-vars=SHOW=K_REVISION"
    )
    before = {
        target["revisionName"]: target.get("percent", 0) for target in _service(live, "moved")["status"]["traffic"]
    }
    assert sorted(before.values()) == [0, 100]
    live.gcloud("run", "services", "update-traffic", "moved", *HERE, "--to-tags=next=100")
    after = _service(live, "moved")["status"]["traffic"]
    tagged = [target for target in after if target.get("tag") == "next"]
    assert {target["revisionName"] for target in after if target.get("percent")} == {tagged[0]["revisionName"]}
    assert live.run("curl", "--fail", "-sS", tagged[0]["url"]).returncode == 0
    revisions = live.gcloud("run", "revisions", "list", "--service=moved", *HERE, "--format=value(name)").split()
    assert len(revisions) == 2
    live.gcloud("run", "services", "update-traffic", "moved", *HERE, "--to-latest", "--clear-tags")
    member = ("--member=user:ann@example.com", "--role=roles/run.viewer")
    assert "ann@" in live.gcloud("run", "services", "add-iam-policy-binding", "moved", *HERE, *member)
    live.gcloud("run", "revisions", "delete", revisions[1], *HERE)
    assert (
        "moved" in live.gcloud("run", "services", "list", "--project", PROJECT, "--format=value(metadata.name)").split()
    )
    exported = live.gcloud("run", "services", "describe", "moved", *HERE, "--format=export")
    (live.folder / "service.yaml").write_text(exported)
    live.gcloud("run", "services", "replace", str(live.folder / "service.yaml"), *HERE)
    live.gcloud("run", "services", "delete", "moved", *HERE)
    missing = live.run("gcloud", "run", "services", "describe", "moved", *HERE)
    assert "Cannot find service [moved]" in missing.stderr


@pytest.mark.slow
def test_gcloud_runs_jobs(live: Live) -> None:
    image = push_server(_cloud(live), "#!/bin/sh\ntest $CLOUD_RUN_TASK_INDEX != ${BAD:-none}\n")
    live.gcloud("run", "jobs", "create", "nightly", *HERE, "--image", image, "--tasks=2", "--max-retries=0")
    live.gcloud("run", "jobs", "execute", "nightly", *HERE, "--wait")
    listed = live.gcloud("run", "jobs", "executions", "list", "--job=nightly", *HERE, "--format=json")
    (execution,) = json.loads(listed)
    assert execution["status"]["succeededCount"] == 2
    failed = live.run(
        "gcloud", "run", "jobs", "execute", "nightly", *HERE, "--wait", "--update-env-vars=BAD=1", "--quiet"
    )
    assert failed.returncode == 1
    assert "execution failed" in failed.stderr
    newest = json.loads(live.gcloud("run", "jobs", "describe", "nightly", *HERE, "--format=json"))
    name = newest["status"]["latestCreatedExecution"]["name"]
    shown = json.loads(live.gcloud("run", "jobs", "executions", "describe", name, *HERE, "--format=json"))
    text = f"Task {name}-task1 failed with message: The container exited with an error."
    assert shown["status"]["conditions"][0]["message"] == text
    assert "nightly" in live.gcloud("run", "jobs", "list", "--project", PROJECT)
    live.gcloud("run", "jobs", "delete", "nightly", *HERE)


@pytest.mark.slow
def test_the_deploy_script_of_generated_repositories(live: Live) -> None:
    content = ROOT / "repo-template" / "content"
    good = push_server(_cloud(live))
    live.gcloud("run", "deploy", "scoring", *HERE, "--image", good, "--no-allow-unauthenticated")
    before = _service(live, "scoring")["status"]["latestReadyRevisionName"]
    job = {
        "SERVICE": "scoring",
        "PROJECT": PROJECT,
        "REGION": "europe-west1",
        "TRAFFIC": "latest",
        "SMOKE_RETRIES": "0",
    }
    job |= {"PATH": f"{Path(shutil.which('python3') or '').parent}:{live.environment['PATH']}"}
    token = _invoker(live, "scoring")
    job |= {"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(_deployer(live))}
    script = str(content / "pipeline" / "deploy.sh")

    def deploy(image: str, tag: str) -> tuple[int, str]:
        ended = live.run(script, folder=content, IMAGE=image, REVISION_TAG=tag, ID_TOKEN=token, **job)
        return ended.returncode, ended.stdout + ended.stderr

    def serving() -> dict[str, int]:
        traffic = _service(live, "scoring")["status"]["traffic"]
        return {target["revisionName"]: target["percent"] for target in traffic if target.get("percent")}

    code, said = deploy(push_server(_cloud(live), SERVER + "\n"), "v1-1-0")
    assert (code, "v1-1-0 serves" in said) == (0, True), said
    (served,) = serving()
    assert served != before
    code, said = deploy(push_server(_cloud(live), "#!/bin/sh\nexit 1\n"), "v1-2-0")
    assert (code, "failed to start and listen" in said) == (1, True), said
    assert serving() == {served: 100}
    sick = SERVER.replace('"/teapot"', '"/health"')
    code, said = deploy(push_server(_cloud(live), sick), "v1-3-0")
    assert (code != 0, "going back to" in said) == (True, True), said
    assert serving() == {served: 100}
