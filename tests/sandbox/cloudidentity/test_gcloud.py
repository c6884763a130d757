"""gcloud, unmodified, over projects, the hierarchy, IAM and Artifact Registry; and logged in as a job."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.sandbox.cloudidentity.clients import LOCATION, PROJECT, Shell
from tests.sandbox.cloudidentity.layout import image_layout

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("gcloud") is None, reason="there is no gcloud on this machine"),
]
needs_skopeo = pytest.mark.skipif(shutil.which("skopeo") is None, reason="there is no skopeo on this machine")


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


@needs_skopeo
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
