"""An organisation with two folders and a project in the first, as seeding makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from provisioner.sandbox.google.foundations import lay_foundations
from tests.sandbox.identity.cloud import Cloud

Json = dict[str, Any]
ORGANIZATION = "organizations/700000000007"
FOLDER = "folders/888888888888"
PROJECT = "acme-data-dev"
NUMBER = "430000000043"
RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com"
IAM = "iam.googleapis.com/v1"


class Estate(Cloud):
    """The cloud of the identity tests with a whole hierarchy, and short forms to use it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        plan = {
            "organizationId": ORGANIZATION.partition("/")[2],
            "organizationDomain": "acme.example",
            "folderId": FOLDER.partition("/")[2],
            "projects": [{"projectId": PROJECT, "number": NUMBER}],
        }
        with self.world.store.transaction() as tx:
            lay_foundations(self.world, tx, plan)
        self.enable("iam", "artifactregistry")

    def enable(self, *names: str, project: str = PROJECT) -> None:
        body = {"serviceIds": [f"{name}.googleapis.com" for name in names]}
        self.ok("POST", f"serviceusage.googleapis.com/v1/projects/{project}/services:batchEnable", body)

    def bind(self, role: str, *members: str, on: str = f"projects/{PROJECT}", condition: Json | None = None) -> None:
        """Add a grant to the policy of a project, folder or organisation."""
        url = f"{RESOURCE_MANAGER}/v3/{on}"
        policy = self.ok("POST", f"{url}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
        binding = {"role": role, "members": list(members)} | ({"condition": condition} if condition else {})
        policy = {"version": 3, "etag": policy["etag"], "bindings": [*policy.get("bindings", []), binding]}
        self.ok("POST", f"{url}:setIamPolicy", {"policy": policy})

    def done(self, method: str, url: str, body: Any = None, **rest: Any) -> Json:
        """Return what a long-running operation that is done at once results in."""
        operation = self.ok(method, url, body, **rest)
        assert operation["done"], operation
        response: Json = operation["response"]
        return response

    def new_folder(self, name: str, parent: str = ORGANIZATION) -> str:
        made = self.done("POST", f"{RESOURCE_MANAGER}/v3/folders", {"parent": parent, "displayName": name})
        return str(made["name"])
