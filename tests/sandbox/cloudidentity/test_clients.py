"""Identity as clients that nobody here wrote use it: Google's auth and client libraries, gcloud, skopeo."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.sandbox.cloudidentity.clients import DEPLOYER, PROJECT, Shell
from tests.sandbox.cloudidentity.layout import image_layout

pytestmark = pytest.mark.e2e
needs_gcloud = pytest.mark.skipif(shutil.which("gcloud") is None, reason="there is no gcloud on this machine")
needs_skopeo = pytest.mark.skipif(shutil.which("skopeo") is None, reason="there is no skopeo on this machine")
# Loads credentials the way every Google library does, and asks for the project with them.
FEDERATED = """
import sys
import google.auth
from google.auth.transport.requests import AuthorizedSession
credentials, _ = google.auth.load_credentials_from_file(
    sys.argv[1], scopes=["https://www.googleapis.com/auth/cloud-platform"])
answer = AuthorizedSession(credentials).get(
    f"https://cloudresourcemanager.googleapis.com/v1/projects/{sys.argv[2]}")
print(answer.status_code, answer.json().get("projectId"))
"""
# The Google Cloud library signs its own tokens with the key; the other session exchanges the key for a token.
KEY_FILE = """
import sys
from google.auth.transport.requests import AuthorizedSession
from google.cloud import resourcemanager_v3
from google.oauth2 import service_account
client = resourcemanager_v3.ProjectsClient.from_service_account_file(sys.argv[1], transport="rest")
print(client.get_project(name=f"projects/{sys.argv[2]}").project_id)
credentials = service_account.Credentials.from_service_account_file(
    sys.argv[1], scopes=["https://www.googleapis.com/auth/cloud-platform"])
session = AuthorizedSession(credentials)
print(session.get(f"https://cloudresourcemanager.googleapis.com/v1/projects/{sys.argv[2]}").status_code)
bearer = service_account.IDTokenCredentials.from_service_account_file(sys.argv[1], target_audience="https://api.example")
session = AuthorizedSession(bearer)
bearer.refresh(session._auth_request)
print(len(bearer.token.split(".")))
"""
DOWNSCOPED = """
import sys
from google.auth import downscoped
from google.cloud import storage
from google.oauth2 import service_account
owner = service_account.Credentials.from_service_account_file(
    sys.argv[1], scopes=["https://www.googleapis.com/auth/cloud-platform"])
client = storage.Client(project=sys.argv[2], credentials=owner)
for name in ("acme-in", "acme-out"):
    client.create_bucket(name, location="EU").blob("x").upload_from_string("hello")
rule = downscoped.AccessBoundaryRule(
    available_resource="//storage.googleapis.com/projects/_/buckets/acme-in",
    available_permissions=["inRole:roles/storage.objectViewer"])
boundary = downscoped.CredentialAccessBoundary([rule])
narrow = downscoped.Credentials(source_credentials=owner, credential_access_boundary=boundary)
client = storage.Client(project=sys.argv[2], credentials=narrow)
print(client.bucket("acme-in").blob("x").download_as_text())
try:
    client.bucket("acme-out").blob("x").download_as_text()
except Exception as error:
    print(error.code)
"""


@pytest.mark.parametrize("impersonate", [True, False], ids=["as-account", "as-itself"])
def test_a_job_s_token_file_is_enough_for_google_s_library(shell: Shell, *, impersonate: bool) -> None:
    path = shell.credentials({"file": str(shell.id_token_file())}, impersonate=impersonate)
    assert shell.python(FEDERATED, str(path), PROJECT) == f"200 {PROJECT}"


def test_the_library_fetches_the_token_from_github_itself(shell: Shell) -> None:
    url, token = shell.job()
    form = {"type": "json", "subject_token_field_name": "value"}
    source = {"url": url, "headers": {"Authorization": f"bearer {token}"}, "format": form}
    assert shell.python(FEDERATED, str(shell.credentials(source)), PROJECT) == f"200 {PROJECT}"


def test_the_library_runs_a_program_for_the_token(shell: Shell) -> None:
    answer = {
        "version": 1,
        "success": True,
        "token_type": "urn:ietf:params:oauth:token-type:jwt",
        "id_token": shell.id_token_file().read_text(),
    }
    program = shell.folder / "job_id_token.py"
    program.write_text(f"print({json.dumps(json.dumps(answer))})")
    source = {"executable": {"command": f"{sys.executable} {program}", "timeout_millis": 30000}}
    shell.environment["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"] = "1"
    assert shell.python(FEDERATED, str(shell.credentials(source)), PROJECT) == f"200 {PROJECT}"


@pytest.fixture(scope="module")
def key_file(shell: Shell) -> str:
    """A key of the account, which may also do anything with the project's buckets."""
    url = f"https://iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts/{DEPLOYER}/keys"
    path = shell.folder / "key.json"
    path.write_bytes(base64.b64decode(shell.call("POST", url, {})["privateKeyData"]))
    project = f"https://cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}"
    policy = shell.call("POST", f"{project}:getIamPolicy", {})
    policy["bindings"].append({"role": "roles/storage.admin", "members": [f"serviceAccount:{DEPLOYER}"]})
    shell.call("POST", f"{project}:setIamPolicy", {"policy": policy})
    return str(path)


def test_google_s_libraries_with_a_key_file(shell: Shell, key_file: str) -> None:
    assert shell.python(KEY_FILE, key_file, PROJECT).splitlines() == [PROJECT, "200", "3"]


def test_google_s_library_narrows_a_token(shell: Shell, key_file: str) -> None:
    assert shell.python(DOWNSCOPED, key_file, PROJECT).splitlines() == ["hello", "403"]


@needs_gcloud
def test_gcloud_calls_as_a_job(shell: Shell) -> None:
    # As google-github-actions/auth sets it up; it comes before the operator's token.
    path = str(shell.credentials({"file": str(shell.id_token_file())}))
    variables = ("env", f"CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE={path}")
    command = ("gcloud", "projects", "describe", PROJECT, "--format=value(projectId)")
    assert shell.run(*variables, *command, without="CLOUDSDK_AUTH_ACCESS_TOKEN_FILE") == PROJECT


@needs_skopeo
def test_skopeo_pushes_and_reads(shell: Shell, images: str, tmp_path: Path) -> None:
    digest = image_layout(tmp_path / "image")
    credentials = f"oauth2accesstoken:{shell.token}"
    place = f"docker://{images}/team/api"
    options = ("--insecure-policy", "copy", "--preserve-digests", f"--dest-creds={credentials}")
    shell.run("skopeo", *options, f"oci:{tmp_path / 'image'}:v1", f"{place}:v1")
    shown = json.loads(shell.run("skopeo", "inspect", f"--creds={credentials}", f"{place}:v1"))
    assert (shown["Digest"], shown["RepoTags"]) == (digest, ["v1"])
