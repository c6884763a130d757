"""Identity as clients that nobody here wrote use it: Google's auth and client libraries, gcloud, skopeo."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.sandbox.handle import ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed
from tests.sandbox.cloudidentity.clients import DEPLOYER, HOST, LOCATION, PROJECT, Shell

pytestmark = pytest.mark.e2e
PLAN = SeedPlan(
    organisation_id="123456789012",
    organisation_domain="example.com",
    folder_id="888888888888",
    billing_account="000000-111111-222222",
    projects=(SeedProject(PROJECT),),
    state_bucket="acme-tfstate",
    state_project=PROJECT,
    state_location="EU",
    github_owner="acme",
    users=("ada",),
)
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


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("clients")
    handle = ensure(folder / "state", idle_seconds=300)
    seed(handle, PLAN)
    made = Shell(handle, folder)
    made.federate()
    yield made
    handle.stop()


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


@needs_gcloud
@pytest.mark.slow
def test_gcloud_logs_in_as_a_job(shell: Shell) -> None:
    token, path = str(shell.id_token_file()), str(shell.folder / "gcloud.json")
    create = ("iam", "workload-identity-pools", "create-cred-config", shell.provider())
    shell.gcloud(*create, f"--credential-source-file={token}", f"--output-file={path}")
    # The operator's token would come before any login.
    own = "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"
    shell.run("gcloud", "auth", "login", f"--cred-file={path}", "--quiet", without=own)
    account = shell.run("gcloud", "config", "get", "account", without=own)
    assert account.startswith("principal://iam.googleapis.com/projects/")
    assert account.endswith("/workloadIdentityPools/gh-pool/subject/acme/churn")
    shown = shell.run("gcloud", "projects", "describe", PROJECT, "--format=value(projectId)", without=own)
    assert shown == PROJECT


@needs_gcloud
@pytest.mark.slow
def test_gcloud_and_projects(shell: Shell) -> None:
    shell.gcloud("projects", "create", "acme-new-one", "--folder=888888888888", "--labels=team=data")
    assert "acme-new-one" in shell.values("projectId", "projects", "list", "--filter=labels.team=data")
    ancestors = shell.values("type", "projects", "get-ancestors", "acme-new-one")
    assert ancestors == ["project", "folder", "organization"]
    condition = 'expression=request.time < timestamp("2100-01-01T00:00:00Z"),title=until'
    binding = ("--member=user:ada@example.com", "--role=roles/browser", f"--condition={condition}")
    shell.gcloud("projects", "add-iam-policy-binding", "acme-new-one", *binding)
    titles = shell.gcloud("projects", "get-iam-policy", "acme-new-one", "--format=value(bindings.condition.title)")
    assert "until" in titles
    shell.gcloud("projects", "delete", "acme-new-one")
    assert "acme-new-one" not in shell.values("projectId", "projects", "list")
    shell.gcloud("projects", "undelete", "acme-new-one")
    shown = shell.gcloud("projects", "describe", "acme-new-one", "--format=value(lifecycleState)")
    assert shown == "ACTIVE"


@needs_gcloud
@pytest.mark.slow
def test_gcloud_and_the_hierarchy(shell: Shell) -> None:
    parent = "--organization=123456789012"
    shell.gcloud("resource-manager", "folders", "create", parent, "--display-name=Research")
    folders = dict(
        line.split("\t")
        for line in shell.gcloud(
            "resource-manager", "folders", "list", parent, "--format=value(displayName,name)"
        ).splitlines()
    )
    number = folders["Research"].rpartition("/")[2]
    shell.gcloud("resource-manager", "folders", "move", number, "--folder=888888888888")
    shell.gcloud("resource-manager", "tags", "keys", "create", "env", "--parent=organizations/123456789012")
    shell.gcloud("resource-manager", "tags", "values", "create", "dev", "--parent=123456789012/env")
    target = f"//cloudresourcemanager.googleapis.com/projects/{PROJECT}"
    shell.gcloud(
        "resource-manager", "tags", "bindings", "create", "--tag-value=123456789012/env/dev", f"--parent={target}"
    )
    bound = shell.values("tagValue", "resource-manager", "tags", "bindings", "list", f"--parent={target}")
    assert len(bound) == 1
    constraint = "iam.disableServiceAccountKeyUpload"
    shell.gcloud("resource-manager", "org-policies", "enable-enforce", constraint, f"--project={PROJECT}")
    listed = shell.values("constraint", "resource-manager", "org-policies", "list", f"--project={PROJECT}")
    assert listed == [f"constraints/{constraint}"]
    shown = shell.gcloud("org-policies", "describe", constraint, f"--project={PROJECT}", "--format=value(spec.rules)")
    assert "True" in shown


@needs_gcloud
@pytest.mark.slow
def test_gcloud_and_iam(shell: Shell) -> None:
    shell.gcloud("iam", "service-accounts", "create", "builder", "--display-name=Builder")
    email = f"builder@{PROJECT}.iam.gserviceaccount.com"
    assert email in shell.values("email", "iam", "service-accounts", "list")
    path = str(shell.folder / "builder.json")
    shell.gcloud("iam", "service-accounts", "keys", "create", path, f"--iam-account={email}")
    keys = shell.values("keyType", "iam", "service-accounts", "keys", "list", f"--iam-account={email}")
    assert sorted(keys) == ["SYSTEM_MANAGED", "USER_MANAGED"]
    own = "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"
    shell.run("gcloud", "auth", "activate-service-account", f"--key-file={path}", without=own)
    token = shell.run("gcloud", "auth", "print-identity-token", email, "--audiences=https://x.example", without=own)
    assert len(token.split(".")) == 3
    shell.gcloud("iam", "roles", "create", "looker", f"--project={PROJECT}", "--permissions=run.services.get")
    roles = shell.values("name", "iam", "roles", "list", f"--project={PROJECT}")
    assert roles == [f"projects/{PROJECT}/roles/looker"]
    pools = shell.values("name", "iam", "workload-identity-pools", "list", "--location=global")
    assert [name.rpartition("/")[2] for name in pools] == ["gh-pool"]
    shell.gcloud("iam", "service-accounts", "disable", email)
    shell.gcloud("iam", "service-accounts", "delete", email)


def image_layout(folder: Path) -> str:
    """Write an OCI image layout with one image, tag v1; return the digest of its manifest."""

    def put(content: bytes) -> dict[str, str | int]:
        digest = hashlib.sha256(content).hexdigest()
        (folder / "blobs" / "sha256" / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    (folder / "blobs" / "sha256").mkdir(parents=True)
    prefix = "application/vnd.oci.image"
    layer = bytes(1024)  # two blocks of zeros: an empty tar archive
    diff = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [diff]}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{prefix}.manifest.v1+json",
        "config": {"mediaType": f"{prefix}.config.v1+json", **put(json.dumps(config).encode())},
        "layers": [{"mediaType": f"{prefix}.layer.v1.tar", **put(layer)}],
    }
    entry = {"mediaType": f"{prefix}.manifest.v1+json", **put(json.dumps(manifest).encode())}
    entry["annotations"] = {"org.opencontainers.image.ref.name": "v1"}  # type: ignore[assignment]
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return str(entry["digest"])


@pytest.fixture
def images(shell: Shell) -> Iterator[str]:
    """An empty Docker repository."""
    url = f"https://artifactregistry.googleapis.com/v1/projects/{PROJECT}/locations/{LOCATION}/repositories"
    shell.call("POST", f"{url}?repositoryId=images", {"format": "DOCKER"})
    yield f"{HOST}/{PROJECT}/images"
    shell.call("DELETE", f"{url}/images")


@needs_skopeo
def test_skopeo_pushes_and_reads(shell: Shell, images: str, tmp_path: Path) -> None:
    digest = image_layout(tmp_path / "image")
    credentials = f"oauth2accesstoken:{shell.token}"
    place = f"docker://{images}/team/api"
    options = ("--insecure-policy", "copy", "--preserve-digests", f"--dest-creds={credentials}")
    shell.run("skopeo", *options, f"oci:{tmp_path / 'image'}:v1", f"{place}:v1")
    shown = json.loads(shell.run("skopeo", "inspect", f"--creds={credentials}", f"{place}:v1"))
    assert (shown["Digest"], shown["RepoTags"]) == (digest, ["v1"])


@needs_gcloud
@needs_skopeo
@pytest.mark.slow
def test_gcloud_and_artifacts(shell: Shell, images: str, tmp_path: Path) -> None:
    digest = image_layout(tmp_path / "image")
    target = f"docker://{images}/team/api:v1"
    credentials = f"--dest-creds=oauth2accesstoken:{shell.token}"
    shell.run(
        "skopeo", "--insecure-policy", "copy", "--preserve-digests", credentials, f"oci:{tmp_path / 'image'}:v1", target
    )
    assert shell.values("version", "artifacts", "docker", "images", "list", images) == [digest]
    describe = ("artifacts", "docker", "images", "describe", f"{images}/team/api:v1")
    assert shell.gcloud(*describe, "--format=value(image_summary.digest)") == digest
    shell.gcloud("artifacts", "docker", "tags", "add", f"{images}/team/api:v1", f"{images}/team/api:stable")
    assert len(shell.values("tag", "artifacts", "docker", "tags", "list", f"{images}/team/api")) == 2
    place = ("--repository=files", f"--location={LOCATION}")
    shell.gcloud("artifacts", "repositories", "create", "files", "--repository-format=generic", place[1])
    names = shell.values("name", "artifacts", "repositories", "list", place[1])
    assert sorted(name.rpartition("/")[2] for name in names) == ["files", "images"]
    (tmp_path / "tool.txt").write_text("hello")
    version = ("--package=tool", "--version=1.0", *place)
    shell.gcloud("artifacts", "generic", "upload", *version, f"--source={tmp_path / 'tool.txt'}")
    (tmp_path / "got").mkdir()
    shell.gcloud("artifacts", "generic", "download", *version, f"--destination={tmp_path / 'got'}")
    assert (tmp_path / "got" / "tool.txt").read_text() == "hello"
    policy = [{"name": "old", "action": {"type": "Delete"}, "condition": {"olderThan": "30d", "tagState": "any"}}]
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    shell.gcloud(
        "artifacts", "repositories", "set-cleanup-policies", "images", place[1], f"--policy={tmp_path / 'policy.json'}"
    )
    shell.gcloud("artifacts", "docker", "images", "delete", f"{images}/team/api@{digest}", "--delete-tags")
    assert shell.values("version", "artifacts", "docker", "images", "list", images) == []
