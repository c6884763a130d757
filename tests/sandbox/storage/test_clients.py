"""Storage, keys and datasets as clients use them that nobody here wrote."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed

pytestmark = pytest.mark.e2e
PLAN = SeedPlan(
    organisation_id="123456789012",
    organisation_domain="example.com",
    folder_id="888888888888",
    billing_account="000000-111111-222222",
    projects=(SeedProject("acme-churn-dev"),),
    state_bucket="acme-tfstate",
    state_project="acme-platform",
    state_location="EU",
    github_owner="acme",
)
ROOT = """
terraform {
  backend "gcs" {
    bucket = "acme-tfstate"
    prefix = "storage/clients"
  }
}
variable "value" {}
resource "terraform_data" "this" {
  input = var.value
}
"""
LIBRARY = """
import datetime, os
from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.oauth2.credentials import Credentials

client = storage.Client(project="acme-churn-dev", credentials=Credentials(os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"]))
bucket = client.create_bucket("acme-library", location="europe-west1")
for name in ("a/1", "a/2", "b"):
    bucket.blob(name).upload_from_string(name)
with client.batch():
    for name in ("a/1", "b"):
        bucket.blob(name).metadata = {"seen": "yes"}
        bucket.blob(name).patch()
blob = bucket.blob("public")
blob.upload_from_string("hello", predefined_acl="publicRead")
stranger = storage.Client(project="none", credentials=AnonymousCredentials())
print(stranger.bucket("acme-library").blob("public").download_as_text())
blob.acl.reload()
print(sorted(entry["entity"].split("-")[0] for entry in blob.acl))
joined = bucket.blob("joined")
joined.compose([bucket.blob("a/1"), bucket.blob("b")])
print(joined.download_as_text(), joined.component_count, joined.md5_hash)
print([found.name for found in bucket.list_blobs(match_glob="a/*")])
generation = joined.generation
joined.delete()
print(bucket.restore_blob("joined", generation=generation).size)
token, written, total = bucket.blob("copy").rewrite(bucket.blob("a/2"))
print(token, written == total)
bucket.lifecycle_rules = []
bucket.add_lifecycle_delete_rule(age=3)
bucket.cors = [{"origin": ["*"], "method": ["GET"], "maxAgeSeconds": 60}]
bucket.patch()
print(list(bucket.lifecycle_rules)[0]["condition"], bucket.cors[0]["maxAgeSeconds"])
try:
    bucket.blob("none").download_as_bytes()
except NotFound as error:
    print(error.code, "No such object: acme-library/none" in str(error))
"""
needs_gcloud = pytest.mark.skipif(shutil.which("gcloud") is None, reason="there is no gcloud on this machine")
needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on this machine")


class Shell:
    """Runs programs in the sandbox's environment and nothing of this process's own."""

    def __init__(self, handle: Handle, folder: Path) -> None:
        self.handle = handle
        self.folder = folder
        own = {"PATH": os.environ["PATH"], "HOME": str(folder), "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
        self.environment = own | handle.environment() | {"CLOUDSDK_CORE_PROJECT": "acme-churn-dev"}

    def run(self, *command: str, **more: str) -> str:
        ended = self.attempt(*command, **more)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def attempt(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = self.environment | more
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    started = ensure(tmp_path_factory.mktemp("storage-clients") / "state", idle_seconds=300)
    seed(started, PLAN)
    yield started
    started.stop()


@pytest.fixture
def shell(sandbox: Handle, tmp_path: Path) -> Shell:
    return Shell(sandbox, tmp_path)


def test_the_python_library(shell: Shell) -> None:
    assert shell.run(sys.executable, "-W", "ignore", "-c", LIBRARY).splitlines() == [
        "hello",
        "['allUsers', 'user']",
        "a/1b 2 None",
        "['a/1', 'a/2']",
        "4",
        "None True",
        "{'age': 3} 60",
        "404 True",
    ]
    assert shell.handle.requests(name="batch")


@pytest.mark.slow
@needs_gcloud
def test_gcloud_copies_a_file(shell: Shell) -> None:
    (shell.folder / "hello.txt").write_text("hello\n")
    shell.run("gcloud", "storage", "buckets", "create", "gs://acme-gcloud", "--location=europe-west1")
    shell.run("gcloud", "storage", "cp", "hello.txt", "gs://acme-gcloud/a/hello.txt")
    assert shell.run("gcloud", "storage", "cat", "gs://acme-gcloud/a/hello.txt") == "hello\n"


@needs_gcloud
@pytest.mark.slow
def test_gcloud_storage(shell: Shell) -> None:
    def storage(*words: str, **more: str) -> str:
        return shell.run("gcloud", "storage", *words, **more)

    big = os.urandom(12_000_000)
    (shell.folder / "big.bin").write_bytes(big)
    (shell.folder / "hello.txt").write_text("hello\n")
    uniform = "--uniform-bucket-level-access"
    storage("buckets", "create", "gs://acme-work", "--location=EU", uniform, "--enable-hierarchical-namespace")
    composite = {
        "CLOUDSDK_STORAGE_PARALLEL_COMPOSITE_UPLOAD_ENABLED": "True",
        "CLOUDSDK_STORAGE_PARALLEL_COMPOSITE_UPLOAD_THRESHOLD": "1M",
        "CLOUDSDK_STORAGE_PARALLEL_COMPOSITE_UPLOAD_COMPONENT_SIZE": "5M",
    }
    storage("cp", "big.bin", "gs://acme-work/big.bin", **composite)
    assert storage("objects", "describe", "gs://acme-work/big.bin", "--format=value(component_count)").strip() == "3"
    storage("cp", "gs://acme-work/big.bin", "back.bin")
    assert (shell.folder / "back.bin").read_bytes() == big
    storage("cp", "hello.txt", "gs://acme-work/a/hello.txt")
    storage("mv", "gs://acme-work/a/hello.txt", "gs://acme-work/b/hello.txt")
    assert storage("ls", "--recursive", "gs://acme-work").split().count("gs://acme-work/b/hello.txt") == 1
    storage("buckets", "update", "gs://acme-work", "--update-labels=team=churn", "--soft-delete-duration=8d")
    described = storage("buckets", "describe", "gs://acme-work", "--format=value(labels.team,soft_delete_policy)")
    assert "churn" in described
    assert "691200" in described
    storage("rm", "--recursive", "gs://acme-work/b")
    storage("restore", "gs://acme-work/b/hello.txt")
    storage("rm", "--recursive", "gs://acme-work")
    assert shell.attempt("gcloud", "storage", "ls", "gs://acme-work").returncode == 1


@needs_gcloud
@pytest.mark.slow
def test_gcloud_kms(shell: Shell) -> None:
    def kms(*words: str) -> str:
        return shell.run("gcloud", "kms", *words, "--location=europe-west1")

    (shell.folder / "plain").write_text("secret")
    shell.run("gcloud", "services", "enable", "cloudkms.googleapis.com")
    kms("keyrings", "create", "ring")
    kms("keys", "create", "key", "--keyring=ring", "--purpose=encryption")
    kms("encrypt", "--key=key", "--keyring=ring", "--plaintext-file=plain", "--ciphertext-file=sealed")
    assert kms("decrypt", "--key=key", "--keyring=ring", "--plaintext-file=-", "--ciphertext-file=sealed") == "secret"
    member = "--member=user:ada@example.com"
    kms("keys", "add-iam-policy-binding", "key", "--keyring=ring", member, "--role=roles/cloudkms.viewer")
    kms("keys", "versions", "destroy", "1", "--key=key", "--keyring=ring")
    listed = kms("keys", "versions", "list", "--key=key", "--keyring=ring", "--format=value(state)")
    assert listed.strip() == "DESTROY_SCHEDULED"
    kms("keys", "versions", "restore", "1", "--key=key", "--keyring=ring")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bq") is None, reason="there is no bq on this machine")
def test_bq(shell: Shell) -> None:
    def bq(*words: str) -> str:
        return shell.run("bq", "--project_id=acme-churn-dev", "--headless", *words)

    shell.run("gcloud", "services", "enable", "bigquery.googleapis.com")
    bq("mk", "--dataset", "--location=EU", "--label=env:dev", "acme-churn-dev:sales")
    bq("mk", "--table", "acme-churn-dev:sales.orders", "id:INTEGER,at:TIMESTAMP")
    assert "orders" in bq("ls", "sales")
    assert '"INTEGER"' in bq("show", "--format=prettyjson", "sales.orders")
    bq("update", "--description=Orders", "sales.orders")
    refused = shell.attempt("bq", "--project_id=acme-churn-dev", "--headless", "rm", "-f", "--dataset", "sales")
    assert "is still in use" in refused.stdout + refused.stderr
    bq("rm", "-r", "-f", "--dataset", "sales")


@needs_terraform
def test_a_plan_made_before_somebody_elses_apply_is_stale(shell: Shell) -> None:
    (shell.folder / "main.tf").write_text(ROOT)
    shell.run("terraform", "init", "-no-color")
    shell.run("terraform", "apply", "-auto-approve", "-var=value=one")
    shell.run("terraform", "plan", "-out=mine", "-var=value=two")
    shell.run("terraform", "apply", "-auto-approve", "-var=value=three")
    refused = shell.attempt("terraform", "apply", "-no-color", "mine")
    assert refused.returncode == 1
    assert "Saved plan is stale" in refused.stderr
    listed = shell.handle.requests(name="storage.objects.insert", text="default.tfstate", status="200")
    assert len([entry for entry in listed if "tflock" not in str(entry)]) >= 2
    versions = shell.run(sys.executable, "-W", "ignore", "-c", VERSIONS).split()
    assert len(versions) == len(set(versions)) >= 2
    assert all(re.fullmatch(r"\d{16}", version) for version in versions)


VERSIONS = """
import os
from google.cloud import storage
from google.oauth2.credentials import Credentials

client = storage.Client(project="acme-platform", credentials=Credentials(os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"]))
for blob in client.list_blobs("acme-tfstate", prefix="storage/clients/default.tfstate", versions=True):
    if blob.name.endswith(".tfstate"):
        print(blob.generation)
"""
