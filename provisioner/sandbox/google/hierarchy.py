"""The resource hierarchy every other service asks about: projects, folders, organisations."""

from __future__ import annotations

from provisioner.sandbox.google.errors import ApiError, permission_denied
from provisioner.sandbox.google.method import Resource
from provisioner.sandbox.store import Document, Transaction

PROJECTS = "google/projects"  # by project id; fields as cloudresourcemanager v1 (parent: {type, id})
PROJECT_NUMBERS = "google/project-numbers"  # number -> {"projectId"}
FOLDERS = "google/folders"  # by folder number; fields as cloudresourcemanager v3 (parent: "organizations/1")
ORGANIZATIONS = "google/organizations"  # by organisation number; fields as cloudresourcemanager v3
ENABLED_SERVICES = "google/services"  # "<project id>/<service>" -> {}

_SERVICE = "cloudresourcemanager.googleapis.com"


def find_project(tx: Transaction, id_or_number: str) -> Document | None:
    """Return a project by id or number, whatever its lifecycle state, or None."""
    if id_or_number.isdigit():
        pointer = tx.get(PROJECT_NUMBERS, id_or_number)
        id_or_number = pointer["projectId"] if pointer else ""
    return tx.get(PROJECTS, id_or_number)


def project(tx: Transaction, id_or_number: str) -> Document:
    """Return a project that is not deleted. Raises ApiError PERMISSION_DENIED otherwise, as Google does."""
    found = find_project(tx, id_or_number)
    if found is None or found["lifecycleState"] != "ACTIVE":
        raise permission_denied(f"Permission denied on resource project {id_or_number}.", [_consumer(id_or_number)])
    return found


def project_id(tx: Transaction, id_or_number: str) -> str:
    """Return the id of a project that is not deleted. Raises ApiError PERMISSION_DENIED otherwise."""
    return str(project(tx, id_or_number)["projectId"])


def project_number(tx: Transaction, id_or_number: str) -> str:
    """Return the number of a project that is not deleted. Raises ApiError PERMISSION_DENIED otherwise."""
    return str(project(tx, id_or_number)["projectNumber"])


def project_resource(tx: Transaction, id_or_number: str, *, any_state: bool = False) -> Resource:
    """Return the project as a thing that permissions are asked for. Raises ApiError PERMISSION_DENIED.

    ``any_state`` also finds a project that is being deleted (to read or undelete it).
    """
    found = find_project(tx, id_or_number) if any_state else project(tx, id_or_number)
    if found is None:
        raise permission_denied("The caller does not have permission")
    name = found["projectId"]
    return Resource(
        name=f"projects/{name}",
        kind=f"{_SERVICE}/Project",
        service=_SERVICE,
        policies=project_policies(tx, found),
        project=name,
    )


def inside_project(  # noqa: PLR0913 - a resource has this many sides
    tx: Transaction, id_or_number: str, *, name: str, kind: str, service: str, policy: str = ""
) -> Resource:
    """Return a resource that lives in a project: its own policy (if it has one) comes before the project's."""
    found = project(tx, id_or_number)
    own = (policy,) if policy else ()
    return Resource(
        name=name, kind=kind, service=service, policies=own + project_policies(tx, found), project=found["projectId"]
    )


def project_policies(tx: Transaction, found: Document) -> tuple[str, ...]:
    """Return the full names of the project and everything above it, nearest first."""
    own = f"//{_SERVICE}/projects/{found['projectId']}"
    parent = found.get("parent") or {}
    return (own, *parent_policies(tx, f"{parent['type']}s/{parent['id']}" if parent else ""))


def parent_policies(tx: Transaction, parent: str) -> tuple[str, ...]:
    """Return the full names of a folder or organisation and everything above it, nearest first."""
    names = []
    while parent:
        names.append(f"//{_SERVICE}/{parent}")
        kind, _, number = parent.partition("/")
        folder = tx.get(FOLDERS, number) if kind == "folders" else None
        parent = folder["parent"] if folder else ""
    return tuple(names)


def service_enabled(tx: Transaction, project_name: str, service: str) -> bool:
    """Tell whether an API is enabled in a project (by id)."""
    return tx.get(ENABLED_SERVICES, f"{project_name}/{service}") is not None


def service_disabled_error(found: Document, service: str, title: str) -> ApiError:
    """403 SERVICE_DISABLED, as every API answers in a project where it is off."""
    number = found["projectNumber"]
    link = f"https://console.developers.google.com/apis/api/{service}/overview?project={number}"
    text = (
        f"{title} has not been used in project {number} before or it is disabled. Enable it by visiting {link} then "
        "retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and "
        "retry."
    )
    metadata = {
        "activationUrl": link,
        "consumer": f"projects/{number}",
        "containerInfo": number,
        "service": service,
        "serviceTitle": title,
    }
    details: list[Document] = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "SERVICE_DISABLED",
            "domain": "googleapis.com",
            "metadata": metadata,
        },
        {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": text},
        {
            "@type": "type.googleapis.com/google.rpc.Help",
            "links": [{"description": "Google developers console API activation", "url": link}],
        },
    ]
    return ApiError("PERMISSION_DENIED", text, details=details, domain="usageLimits", reason="accessNotConfigured")


def _consumer(id_or_number: str) -> Document:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "CONSUMER_INVALID",
        "domain": "googleapis.com",
        "metadata": {"consumer": f"projects/{id_or_number}"},
    }
