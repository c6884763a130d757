"""Jobs on this machine against a real server: their own way into the cloud, artifacts, images, and a sudden end."""

from __future__ import annotations

import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.sandbox.handle import ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed
from tests.sandbox.actions.bench import needs_act
from tests.sandbox.actions.site import API, Site, alive

pytestmark = [pytest.mark.e2e, needs_act]
PROJECT, NUMBER, REPOSITORY = "acme-jobs-dev", "420000000077", "acme/model"
PLAN = SeedPlan(
    organisation_id="123456789012",
    organisation_domain="example.com",
    folder_id=None,
    billing_account="000000-111111-222222",
    projects=(SeedProject(PROJECT, NUMBER),),
    state_bucket="",
    state_project="",
    state_location="",
    github_owner="acme",
)
ACCOUNT = f"deploy@{PROJECT}.iam.gserviceaccount.com"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/github"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    handle = ensure(folder / "state", idle_seconds=300)
    seed(handle, PLAN)
    handle.control("PATCH", "settings", {"actions": "act"})
    site = Site(handle, folder)
    site.made(f"{API}/orgs/acme/repos", {"name": "model", "private": True})
    yield site
    site.http.close()
    handle.stop()


@pytest.fixture(scope="module")
def trusting(site: Site) -> Site:
    """A project whose account ``deploy`` pushes of the repository may become, to write images and read a bucket."""
    for service in ("iam", "iamcredentials", "sts", "artifactregistry"):
        site.made(
            f"https://serviceusage.googleapis.com/v1/projects/{PROJECT}/services/{service}.googleapis.com:enable", {}
        )
    iam = "https://iam.googleapis.com/v1/projects"
    site.made(f"{iam}/{PROJECT}/serviceAccounts", {"accountId": "deploy"})
    pools = f"{iam}/{PROJECT}/locations/global/workloadIdentityPools"
    site.made(f"{pools}?workloadIdentityPoolId=github", {})
    provider = {
        "attributeMapping": {"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"},
        "attributeCondition": "assertion.repository_owner == 'acme' && assertion.event_name == 'push'",
        "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
    }
    site.made(f"{pools}/github/providers?workloadIdentityPoolProviderId=jobs", provider)
    member = f"principalSet://iam.googleapis.com/{POOL}/attribute.repository/{REPOSITORY}"
    policy = {"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [member]}]}
    site.made(f"{iam}/{PROJECT}/serviceAccounts/{ACCOUNT}:setIamPolicy", {"policy": policy})
    place = f"https://artifactregistry.googleapis.com/v1/projects/{PROJECT}/locations/europe-west1"
    site.made(f"{place}/repositories?repositoryId=images", {"format": "DOCKER"})
    grant = {"bindings": [{"role": "roles/artifactregistry.writer", "members": [f"serviceAccount:{ACCOUNT}"]}]}
    site.made(f"{place}/repositories/images:setIamPolicy", {"policy": grant})
    return site


AUTH = f"""
      - id: auth
        uses: google-github-actions/auth@7c6bc770dae815cd3e89ee6cdf493a5fab2cc093
        with:
          workload_identity_provider: {POOL}/providers/jobs
          service_account: {ACCOUNT}
          token_format: access_token
"""
IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/images/model"
RELEASE = f"""
name: release
on: push
permissions: {{contents: read}}
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
        with: {{persist-credentials: false, fetch-depth: 0}}
      - run: git log --oneline && ! git push origin HEAD:refs/heads/other
      - uses: actions/upload-artifact@cf430e030ddbb5b0abf93d22962f4752f3646cd9
        with: {{name: sources, path: "app\\nDockerfile", if-no-files-found: error}}
  push:
    needs: build
    runs-on: ubuntu-24.04
    permissions: {{contents: read, id-token: write}}
    outputs: {{digest: "${{{{ steps.image.outputs.digest }}}}"}}
    steps:
      - uses: actions/download-artifact@9000827ccba6bdab643e8b6fd33ac0654aef8333
        with: {{name: sources, path: context}}
{AUTH}
      - uses: docker/setup-buildx-action@f87e5991a6d7451dcb8d9637bfbc97413f497069
      - uses: docker/login-action@dbcb813823bdd20940b903addbd779551569679f
        with:
          registry: europe-west1-docker.pkg.dev
          username: oauth2accesstoken
          password: ${{{{ steps.auth.outputs.access_token }}}}
      - id: image
        uses: docker/build-push-action@c3c9e263c25d99ce0380d002d59b67737d91b0dc
        with: {{context: context, push: true, tags: "{IMAGE}:v1"}}
      - run: test -f "$GOOGLE_APPLICATION_CREDENTIALS" && test "$GOOGLE_CLOUD_PROJECT" = {PROJECT}
  refused:
    runs-on: ubuntu-24.04
    steps:
{AUTH}
"""
FILES = {
    ".github/workflows/release.yaml": RELEASE,
    "app/main.py": "print('hello')\n",
    "Dockerfile": 'FROM scratch\nARG WHO=me\nENV WHO=$WHO\nCOPY app/ /app/\nWORKDIR /app\nCMD ["main.py"]\n',
}


def test_a_job_reaches_the_cloud_by_its_own_identity_alone(trusting: Site) -> None:
    trusting.push(REPOSITORY, FILES)
    (run,) = trusting.until(REPOSITORY)
    said = trusting.report(REPOSITORY, run["id"])
    jobs = trusting.jobs(REPOSITORY, run["id"])
    assert {name: job["conclusion"] for name, job in jobs.items()} == {
        "build": "success",
        "push": "success",
        "refused": "failure",
    }, said
    assert "did not inject $ACTIONS_ID_TOKEN_REQUEST_TOKEN" in trusting.log(REPOSITORY, jobs["refused"]["id"])
    assert "ya29." not in said
    token = trusting.tokens["google"]
    manifest = trusting.ask("GET", f"https://{IMAGE.replace('/', '/v2/', 1)}/manifests/v1", token=token).json()
    config = trusting.ask("GET", f"https://{IMAGE.replace('/', '/v2/', 1)}/blobs/{manifest['config']['digest']}").json()
    assert config["config"] == {"Env": ["WHO=me"], "WorkingDir": "/app", "Cmd": ["main.py"]}
    assert len(manifest["layers"]) == 1
    (artifact,) = trusting.get(f"{API}/repos/{REPOSITORY}/actions/artifacts")["artifacts"]
    archive = trusting.ask("GET", artifact["archive_download_url"], follow_redirects=True)
    assert len(archive.content) == artifact["size_in_bytes"]
    callers = {entry["name"] for entry in trusting.handle.requests(host="sts.googleapis.com")}
    assert callers == {"sts.token"}


SLOW = """
on: push
jobs:
  slow:
    runs-on: x
    steps:
      - run: |
          setsid sleep 300 &
          echo "$! $$" > PIPE
          sleep 300
"""


def test_a_sudden_end_leaves_no_process_and_a_cancelled_run(tmp_path: Path) -> None:
    handle = ensure(tmp_path / "state", idle_seconds=300)
    seed(handle, PLAN)
    handle.control("PATCH", "settings", {"actions": "act"})
    site = Site(handle, tmp_path)
    site.made(f"{API}/orgs/acme/repos", {"name": "slow", "private": True})
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    site.push("acme/slow", {".github/workflows/slow.yaml": SLOW.replace("PIPE", str(pipe))})
    processes = [int(number) for number in pipe.read_text().split()]
    assert all(alive(number) for number in processes)
    os.kill(handle.pid, signal.SIGKILL)
    deadline = time.monotonic() + 15
    while any(alive(number) for number in processes):
        assert time.monotonic() < deadline
    again = Site(ensure(tmp_path / "state", idle_seconds=300), tmp_path)
    (run,) = again.until("acme/slow")
    assert (run["status"], run["conclusion"]) == ("completed", "cancelled")
    assert not any(path.is_file() for path in (tmp_path / "state" / "actions").rglob("*"))
    again.handle.stop()
    site.http.close()
    again.http.close()


PATIENT = """
on: push
jobs:
  a:
    runs-on: x
    steps: [{run: 'echo begun > PIPE; read line < PIPE'}]
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system has no file descriptors of processes")
def test_a_job_at_work_keeps_the_sandbox_awake(tmp_path: Path) -> None:
    handle = ensure(tmp_path / "state", idle_seconds=1.5)
    seed(handle, PLAN)
    handle.control("PATCH", "settings", {"actions": "act"})
    site = Site(handle, tmp_path)
    site.made(f"{API}/orgs/acme/repos", {"name": "patient", "private": True})
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    site.push("acme/patient", {".github/workflows/a.yaml": PATIENT.replace("PIPE", str(pipe))})
    assert pipe.read_text() == "begun\n"
    site.http.close()
    ended = select.poll()
    ended.register(os.pidfd_open(handle.pid), select.POLLIN)
    assert ended.poll(4000) == []
    pipe.write_text("done\n")
    assert ended.poll(30_000) != []


@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")
@pytest.mark.slow
def test_gcloud_signs_in_with_the_credentials_file(trusting: Site) -> None:
    head = "on: push\npermissions: {id-token: write}\njobs:\n  a:\n    runs-on: x\n    steps:\n"
    listing = "gcloud artifacts repositories list --location=europe-west1"
    steps = ("uses: google-github-actions/setup-gcloud@v3", f"run: {listing}")
    text = head + AUTH + "".join(f"      - {step}\n" for step in steps)
    trusting.made(f"{API}/orgs/acme/repos", {"name": "signs-in", "private": True})
    member = f"principalSet://iam.googleapis.com/{POOL}/attribute.repository/acme/signs-in"
    policy = {"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [member]}]}
    accounts = f"https://iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts"
    trusting.made(f"{accounts}/{ACCOUNT}:setIamPolicy", {"policy": policy})
    manager = f"https://cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}"
    known = trusting.made(f"{manager}:getIamPolicy", {})
    viewer = {"role": "roles/artifactregistry.reader", "members": [f"serviceAccount:{ACCOUNT}"]}
    trusting.made(f"{manager}:setIamPolicy", {"policy": {**known, "bindings": [*known.get("bindings", []), viewer]}})
    trusting.push("acme/signs-in", {".github/workflows/a.yaml": text})
    (run,) = trusting.until("acme/signs-in")
    assert run["conclusion"] == "success", trusting.report("acme/signs-in", run["id"])
    assert "images" in trusting.report("acme/signs-in", run["id"])
