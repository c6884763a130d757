"""Clients that nobody here wrote, led in by their environment alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.sandbox.handle import Handle

pytestmark = pytest.mark.e2e
ROOT = """
terraform {
  backend "gcs" {
    bucket = "acme-tfstate"
    prefix = "churn/dev"
  }
}
variable "command" {
  default = "true"
}
resource "terraform_data" "this" {
  triggers_replace = [var.command]
  provisioner "local-exec" {
    command = var.command
  }
}
output "id" {
  value = terraform_data.this.id
}
"""
PYTHON_CLIENTS = """
import io, os
from google.cloud import resourcemanager_v3, storage
from google.oauth2.credentials import Credentials

credentials = Credentials(os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"])
client = storage.Client(project="acme-churn-dev", credentials=credentials)
bucket = client.bucket("acme-churn-dev-data")
bucket.iam_configuration.uniform_bucket_level_access_enabled = True
bucket = client.create_bucket(bucket, location="europe-west1")
bucket.blob("a/b c.txt").upload_from_string("hello")
large = bucket.blob("large", chunk_size=256 * 1024)
large.upload_from_file(io.BytesIO(b"x" * 700_000))
policy = bucket.get_iam_policy(requested_policy_version=3)
policy.bindings.append({"role": "roles/storage.objectViewer", "members": {"user:ada@example.com"}})
policy.version = 3
bucket.set_iam_policy(policy)
print(bucket.location, [blob.name for blob in bucket.list_blobs()], bucket.blob("a/b c.txt").download_as_text())
print(len(large.download_as_bytes()), bucket.test_iam_permissions(["storage.objects.get"]))
bucket.delete(force=True)
projects = resourcemanager_v3.ProjectsClient(credentials=credentials, transport="rest")
found = projects.get_project(name="projects/acme-churn-prod")
print(found.name, found.state.name)
print(projects.test_iam_permissions(resource=found.name, permissions=["storage.buckets.create"]).permissions)
"""


class Shell:
    """Runs programs in the sandbox's environment and nothing of this process's own."""

    def __init__(self, handle: Handle, folder: Path) -> None:
        self.folder = folder
        own = {"PATH": os.environ["PATH"], "HOME": str(folder), "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
        self.environment = own | handle.environment()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


@pytest.fixture
def shell(sandbox: Handle, tmp_path: Path) -> Shell:
    return Shell(sandbox, tmp_path)


@pytest.fixture
def root(shell: Shell) -> Iterator[Shell]:
    if shutil.which("terraform") is None:
        pytest.skip("there is no terraform on this machine")
    (shell.folder / "main.tf").write_text(ROOT)
    started = shell.run("terraform", "init", "-no-color")
    assert started.returncode == 0, started.stderr
    yield shell
    shell.run("terraform", "destroy", "-auto-approve", "-lock=false")


def test_terraform_keeps_its_state_here(root: Shell, sandbox: Handle) -> None:
    assert root.run("terraform", "plan", "-out=p").returncode == 0
    applied = root.run("terraform", "apply", "-no-color", "p")
    assert "1 added" in applied.stdout, applied.stderr
    assert root.run("terraform", "plan", "-detailed-exitcode").returncode == 0
    calls = sandbox.requests(text="default.tfstate", status="200")
    assert {entry["name"] for entry in calls} >= {"storage.xml.objects.get", "storage.objects.insert"}


def test_a_second_terraform_meets_the_lock_and_can_break_it(root: Shell, tmp_path: Path) -> None:
    # The first one holds the lock until somebody writes into the pipe.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    command = f"echo go > {ready}; read line < {pipe}"
    holder = root.start("terraform", "apply", "-auto-approve", f"-var=command={command}")
    assert ready.read_text() == "go\n"
    refused = root.run("terraform", "plan", "-no-color")
    assert refused.returncode == 1
    assert "Error acquiring the state lock" in refused.stderr
    assert "conditionNotMet" in refused.stderr
    found = re.search(r"ID:\s+(\d+)", refused.stderr)
    assert found
    assert "Operation: OperationTypeApply" in refused.stderr
    assert root.run("terraform", "force-unlock", "-force", "12345").returncode == 1
    assert root.run("terraform", "plan", "-no-color").returncode == 1
    unlocked = root.run("terraform", "force-unlock", "-force", found[1])
    assert unlocked.returncode == 0, unlocked.stderr
    assert root.run("terraform", "plan", "-no-color").returncode == 0
    pipe.write_text("done\n")
    output, _ = holder.communicate(timeout=60)
    # Its lock was taken away, which it says; its work is done all the same.
    assert "Creation complete" in output


def test_googles_python_clients(shell: Shell) -> None:
    ended = shell.run(sys.executable, "-W", "ignore", "-c", PYTHON_CLIENTS)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        "EUROPE-WEST1 ['a/b c.txt', 'large'] hello",
        "700000 ['storage.objects.get']",
        "projects/420000000042 ACTIVE",
        "['storage.buckets.create']",
    ]


def test_requests_and_curl(shell: Shell) -> None:
    program = (
        "import os, requests\n"
        "url = 'https://cloudresourcemanager.googleapis.com/v1/projects/acme-churn-prod'\n"
        "token = os.environ['GOOGLE_OAUTH_ACCESS_TOKEN']\n"
        "print(requests.get(url, headers={'Authorization': f'Bearer {token}'}, timeout=30).json()['projectNumber'])\n"
        "try:\n"
        "    requests.get('https://example.org/', timeout=30)\n"
        "except requests.exceptions.ProxyError as error:\n"
        "    print('does not play example.org' in str(error))\n"
    )
    ended = shell.run(sys.executable, "-c", program)
    assert ended.stdout.splitlines() == ["420000000042", "True"], ended.stderr
    if shutil.which("curl"):
        asked = shell.run("curl", "-sS", "https://openidconnect.googleapis.com/v1/userinfo")
        assert '"UNAUTHENTICATED"' in asked.stdout


def test_git_is_led_in(shell: Shell) -> None:
    asked = shell.run("git", "-c", "core.askPass=true", "ls-remote", "https://github.com/acme/none.git")
    assert asked.returncode == 128
    assert "certificate" not in asked.stderr


def test_the_machine_is_left_out(shell: Shell) -> None:
    environment = shell.environment
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS"):
        assert environment[name].endswith("/ca/ca.pem"), name
    assert not any(Path(environment["SSL_CERT_DIR"]).iterdir())
    assert 'include = ["*/*/*"]' in Path(environment["TF_CLI_CONFIG_FILE"]).read_text()
    assert Path(environment["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"]).read_text() == environment["GOOGLE_OAUTH_ACCESS_TOKEN"]
    assert "registry.terraform.io/hashicorp/google" in environment["TF_REATTACH_PROVIDERS"]


def test_it_stays_small(sandbox: Handle) -> None:
    status = Path(f"/proc/{sandbox.pid}/status")
    if not status.exists():
        pytest.skip("this system has no /proc")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text())
    assert found
    assert int(found[1]) < 150_000
