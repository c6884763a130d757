"""Clouds that look real: a person there has a proxy, a certificate authority and credentials, and nothing of ours.

What an administrator sets up once for a real platform is set up here through the same public APIs: a pool that trusts
the platform repository's workflows, an account they become, its roles, a GitHub App with a downloaded key.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from provisioner.request.resolve import Team
from provisioner.sandbox.handle import Handle
from provisioner.sandbox.seed import seed
from provisioner.wiring.place import seed_plan
from provisioner.wiring.providers import this_system
from tests.cli.program import Person
from tests.sandbox.provider.plugin import build_mirror

ACCOUNT = "toolkit"
REPOSITORY = "example-ml/platform"
ROLES = ("roles/owner", "roles/storage.admin", "roles/iam.workloadIdentityPoolAdmin", "roles/billing.admin")
SERVICES = (
    "artifactregistry", "billingbudgets", "cloudbilling", "cloudresourcemanager", "iam", "iamcredentials", "monitoring",
    "run", "serviceusage", "storage", "sts",
)  # fmt: skip
"""Enabled in the account's own project: calls of a service account count there."""
WAY_OUT = (
    "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO",
)  # fmt: skip
"""All that a person takes from `provision-env sandbox env`: proxy and certificates, as behind a company's proxy."""


@dataclass(frozen=True)
class Land:
    """The clouds as their administrator sees them."""

    handle: Handle
    folder: Path
    team: Team

    @property
    def email(self) -> str:
        return f"{ACCOUNT}@{self.team.platform.state.project}.iam.gserviceaccount.com"

    def settle(self) -> None:
        """Do what has to exist before anybody runs anything."""
        seed(self.handle, seed_plan(self.team, projects=True))
        project, organisation = self.team.platform.state.project, self.team.platform.organisation.id
        services = {"serviceIds": [f"{name}.googleapis.com" for name in SERVICES]}
        self.google("POST", f"https://serviceusage.googleapis.com/v1/projects/{project}/services:batchEnable", services)
        iam = f"https://iam.googleapis.com/v1/projects/{project}"
        self.google("POST", f"{iam}/serviceAccounts", {"accountId": ACCOUNT})
        pools = f"{iam}/locations/global/workloadIdentityPools"
        self.google("POST", f"{pools}?workloadIdentityPoolId=platform", {})
        self.google("POST", f"{pools}/platform/providers?workloadIdentityPoolProviderId=github", self._provider())
        member = f"principalSet://iam.googleapis.com/{self._pool()}/attribute.repository/{REPOSITORY}"
        self.grant(f"{iam}/serviceAccounts/{self.email}", member, "roles/iam.workloadIdentityUser")
        manager = "https://cloudresourcemanager.googleapis.com/v3"
        self.grant(f"{manager}/organizations/{organisation}", f"serviceAccount:{self.email}", *ROLES)
        self.github("POST", "/orgs/example-ml/repos", {"name": "platform", "private": True, "auto_init": True})

    def person(self, home: Path) -> Person:
        """Return somebody whose machine knows the way out, who they are at Google, and the App's key."""
        key, application = self.folder / "app.pem", self.handle.control("GET", "github/app")
        key.write_text(application["privateKey"])
        key.chmod(0o600)
        way = {name: value for name, value in self.handle.environment().items() if name in WAY_OUT}
        return Person(home).given(
            **way,
            TF_CLI_CONFIG_FILE=str(self._terraform()),
            GOOGLE_APPLICATION_CREDENTIALS=str(self._credentials()),
            GOOGLE_IMPERSONATE_SERVICE_ACCOUNT=self.email,
            PROVISION_ENV_GITHUB_APP_ID=application["appId"],
            PROVISION_ENV_GITHUB_APP_PRIVATE_KEY_FILE=str(key),
        )

    def google(self, method: str, url: str, body: object = None) -> Any:
        return self._call(method, url, self.handle.environment()["GOOGLE_OAUTH_ACCESS_TOKEN"], body)

    def github(self, method: str, path: str, body: object = None) -> Any:
        return self._call(method, f"https://api.github.com{path}", self.handle.environment()["GITHUB_TOKEN"], body)

    def grant(self, resource: str, member: str, *roles: str) -> None:
        """Add a member to a policy."""
        policy = self.google("POST", f"{resource}:getIamPolicy")
        policy["bindings"] = [*policy.get("bindings", []), *({"role": role, "members": [member]} for role in roles)]
        self.google("POST", f"{resource}:setIamPolicy", {"policy": policy})

    def _provider(self) -> dict[str, Any]:
        mapping = {"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"}
        return {
            "attributeMapping": mapping,
            "attributeCondition": f"assertion.repository == '{REPOSITORY}'",
            "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
        }

    def _pool(self) -> str:
        project = self.team.platform.state.project
        found = self.google("GET", f"https://cloudresourcemanager.googleapis.com/v3/projects/{project}")
        return f"{found['name']}/locations/global/workloadIdentityPools/platform"

    def _credentials(self) -> Path:
        """Write what google-github-actions/auth writes for a job: it fetches a new token whenever one is needed."""
        context = {"repository": REPOSITORY, "event_name": "workflow_dispatch", "ref": "refs/heads/main"}
        job, provider = self.handle.mint_job_token(context), f"{self._pool()}/providers/github"
        document = {
            "type": "external_account",
            "audience": f"//iam.googleapis.com/{provider}",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": {
                "url": f"{job.request_url}&audience=https://iam.googleapis.com/{provider}",
                "headers": {"Authorization": f"Bearer {job.request_token}"},
                "format": {"type": "json", "subject_token_field_name": "value"},
            },
        }
        file = self.folder / "gha-creds.json"
        file.write_text(json.dumps(document))
        return file

    def _terraform(self) -> Path:
        """Write the settings of a company that has its own mirror; Terraform installs the provider as any other."""
        mirror, file = build_mirror(self.folder / "mirror", this_system()), self.folder / "terraform.tfrc"
        file.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
        return file

    def _call(self, method: str, url: str, token: str, body: object) -> Any:
        answer = requests.request(
            method,
            url,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            proxies={"https": self.handle.proxy_url},
            verify=str(self.handle.ca_file),
            timeout=60,
        )
        assert answer.ok, (url, answer.text)
        return answer.json() if answer.content else None


HAS_TERRAFORM = shutil.which("terraform") is not None
