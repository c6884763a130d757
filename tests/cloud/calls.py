"""Calls that put a sandbox into a state."""

from __future__ import annotations

from typing import Any

from provisioner.cloud.session import Session, expected

CRM = "https://cloudresourcemanager.googleapis.com/v1/projects"
IAM = "https://iam.googleapis.com/v1/projects"
STORAGE = "https://storage.googleapis.com/storage/v1/b"
USAGE = "https://serviceusage.googleapis.com/v1"


def do(session: Session, method: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Call and insist on success."""
    return dict(expected(session.call(method, url, body), url).document)


def finish(session: Session, api: str, operation: dict[str, Any]) -> None:
    """Poll an operation to its end; the sandbox's end comes with the polls, not with time."""
    for _ in range(50):
        if operation.get("done"):
            assert "error" not in operation, operation
            return
        operation = do(session, "GET", f"{api}/{operation['name']}")
    raise AssertionError(operation)


def enable(session: Session, project: str, *apis: str) -> None:
    """Enable APIs in a project."""
    names = [f"{api}.googleapis.com" for api in apis]
    finish(
        session, USAGE, do(session, "POST", f"{USAGE}/projects/{project}/services:batchEnable", {"serviceIds": names})
    )


def grant(session: Session, resource: str, role: str, member: str) -> None:
    """Add one binding to a policy."""
    policy = do(session, "POST", f"{resource}:getIamPolicy", {})
    bindings = [*policy.get("bindings", []), {"role": role, "members": [member]}]
    do(session, "POST", f"{resource}:setIamPolicy", {"policy": {**policy, "bindings": bindings}})
