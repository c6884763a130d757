"""A seeded sandbox with a federated repository, and programs that run in its environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from provisioner.sandbox.handle import Handle

Json = dict[str, Any]
PROJECT = "acme-churn-dev"
DEPLOYER = f"deployer@{PROJECT}.iam.gserviceaccount.com"
LOCATION = "europe-west1"
HOST = f"{LOCATION}-docker.pkg.dev"
_LONGEST_SECONDS = 120


class Shell:
    """Runs programs in the sandbox's environment and nothing of this process's own."""

    def __init__(self, handle: Handle, folder: Path) -> None:
        self.handle = handle
        self.folder = folder
        own = {"PATH": os.environ["PATH"], "HOME": str(folder), "CLOUDSDK_CORE_PROJECT": PROJECT}
        self.environment = own | handle.environment()
        self.token = self.environment["GOOGLE_OAUTH_ACCESS_TOKEN"]

    def run(self, *command: str, without: str = "") -> str:
        """Return what a program prints; ``without`` names a variable it does not get."""
        environment = {name: value for name, value in self.environment.items() if name != without}
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
        assert ended.returncode == 0, (command, ended.stdout, ended.stderr)
        return ended.stdout.strip()

    def gcloud(self, *command: str) -> str:
        """Return what gcloud prints, as the operator."""
        return self.run("gcloud", *command, "--quiet")

    def values(self, field: str, *command: str) -> list[str]:
        """Return one field of every row of a list."""
        return self.gcloud(*command, f"--format=value({field})").splitlines()

    def python(self, program: str, *arguments: str) -> str:
        return self.run(sys.executable, "-W", "ignore", "-c", program, *arguments)

    def call(self, method: str, url: str, body: Any = None, *, token: str = "") -> Json:
        """Send one request over the proxy and return the answer's JSON."""
        answer = requests.request(
            method,
            url,
            json=body,
            headers={"Authorization": f"Bearer {token or self.token}"},
            proxies={"https": self.handle.proxy_url},
            verify=str(self.handle.ca_file),
            timeout=30,
        )
        assert answer.ok, (method, url, answer.status_code, answer.text)
        document: Json = answer.json() if answer.content else {}
        return document

    def job(self) -> tuple[str, str]:
        """Return where a job of the repository asks for its ID token, with the audience, and its request token."""
        context = {"repository": "acme/churn", "event_name": "push", "ref": "refs/heads/main", "actor": "ada"}
        job = self.handle.mint_job_token(context)
        return f"{job.request_url}&audience=https://iam.googleapis.com/{self.provider()}", job.request_token

    def provider(self) -> str:
        found = self.call("GET", f"https://cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}")
        return f"projects/{found['projectNumber']}/locations/global/workloadIdentityPools/gh-pool/providers/github"

    def federate(self) -> None:
        """Let jobs of acme/churn in, as DEPLOYER or as themselves, to look at the project."""
        github = {"name": "churn", "private": True}
        self.call("POST", "https://api.github.com/orgs/acme/repos", github, token=self.environment["GITHUB_TOKEN"])
        services = ["iam", "iamcredentials", "sts", "artifactregistry"]
        body = {"serviceIds": [f"{name}.googleapis.com" for name in services]}
        self.call("POST", f"https://serviceusage.googleapis.com/v1/projects/{PROJECT}/services:batchEnable", body)
        iam = "https://iam.googleapis.com/v1"
        self.call("POST", f"{iam}/projects/{PROJECT}/serviceAccounts", {"accountId": "deployer"})
        provider = self.provider()
        pools, _, rest = provider.partition("/gh-pool")
        self.call("POST", f"{iam}/{pools}?workloadIdentityPoolId=gh-pool", {})
        self.call(
            "POST",
            f"{iam}/{pools}/gh-pool/providers?workloadIdentityPoolProviderId={rest.rpartition('/')[2]}",
            {
                "attributeMapping": {
                    "google.subject": "assertion.repository",
                    "attribute.repository": "assertion.repository",
                },
                "attributeCondition": "assertion.repository == 'acme/churn'",
                "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
            },
        )
        member = f"principalSet://iam.googleapis.com/{pools}/gh-pool/attribute.repository/acme/churn"
        user = {"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [member]}]}
        self.call("POST", f"{iam}/projects/-/serviceAccounts/{DEPLOYER}:setIamPolicy", {"policy": user})
        url = f"https://cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}"
        policy = self.call("POST", f"{url}:getIamPolicy", {})
        browsers = {"role": "roles/browser", "members": [member, f"serviceAccount:{DEPLOYER}"]}
        self.call("POST", f"{url}:setIamPolicy", {"policy": policy | {"bindings": [*policy["bindings"], browsers]}})

    def id_token_file(self) -> Path:
        """Return a file with a fresh ID token of a job of the repository."""
        url, token = self.job()
        path = self.folder / "id-token"
        path.write_text(str(self.call("GET", url, token=token)["value"]))
        return path

    def credentials(self, source: Json, *, impersonate: bool = True) -> Path:
        """Write the file that ``create-cred-config`` would write."""
        base = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
        chain = {"service_account_impersonation_url": f"{base}/{DEPLOYER}:generateAccessToken"}
        document = {
            "type": "external_account",
            "audience": f"//iam.googleapis.com/{self.provider()}",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": source,
        }
        path = self.folder / "credentials.json"
        path.write_text(json.dumps(document | (chain if impersonate else {})))
        return path
