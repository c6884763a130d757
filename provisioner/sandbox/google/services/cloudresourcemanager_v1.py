"""Resource Manager v1: projects, as Terraform's provider uses them; organisations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.google.hierarchy import ORGANIZATIONS, PROJECTS, project_policies
from provisioner.sandbox.google.identity.policies import grant
from provisioner.sandbox.google.identity.policy_methods import get_iam_policy, set_iam_policy, test_iam_permissions
from provisioner.sandbox.google.method import Call, Resource, method
from provisioner.sandbox.google.resourcemanager import projects
from provisioner.sandbox.google.resourcemanager.containers import container_resource, find, named
from provisioner.sandbox.google.resourcemanager.liens import check_deletion
from provisioner.sandbox.google.resourcemanager.search import project_filter
from provisioner.sandbox.google.wire import page, random_number
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_TYPE = "type.googleapis.com/google.cloudresourcemanager.v1.Project"
_SERVICE = "cloudresourcemanager.googleapis.com"


def project_of(call: Call, id_or_number: str) -> Resource:
    """Return a project in any state as a thing that permissions are asked for. Raises ApiError PERMISSION_DENIED."""
    found = projects.known(call.tx, id_or_number, call.now)
    return resource_of(call, found)


def resource_of(call: Call, found: Document) -> Resource:
    """Return a project that was found as a thing that permissions are asked for."""
    name = found["projectId"]
    return Resource(
        name=f"projects/{name}",
        kind=f"{_SERVICE}/Project",
        service=_SERVICE,
        policies=project_policies(call.tx, found),
        project=name,
        denial="The caller does not have permission",
    )


def _project(call: Call) -> Resource:
    return project_of(call, call.params.get("projectId") or call.params["resource"])


@method("v1/cloudresourcemanager.projects.create")
def create(call: Call) -> Json:
    """Create a project; its creator becomes owner."""
    made = create_project(call, call.body)
    name = f"operations/cp.{random_number(19)}"
    return operations.succeeded(call, name, {"@type": _TYPE, **projects.shown_v1(made)})


def create_project(call: Call, wanted: Json) -> Document:
    """Check the parent's permission, make the project, make the caller its owner."""
    parent = wanted.get("parent") or {}
    if parent:
        projects.check_parent(call.tx, parent)
        call.require(
            "resourcemanager.projects.create", container_resource(call.tx, f"{parent['type']}s/{parent['id']}")
        )
    elif not call.caller.email or call.caller.member.startswith("serviceAccount:"):
        raise invalid_argument("Service accounts cannot create projects without a parent.")
    made = projects.create(call.tx, wanted, call.now)
    grant(call.tx, project_policies(call.tx, made)[0], "roles/owner", [call.caller.member], call.now)
    return made


@method("v1/cloudresourcemanager.projects.get", permission="resourcemanager.projects.get", on=_project)
def get(call: Call) -> Json:
    """Return a project; a missing one is a 403."""
    return projects.shown_v1(projects.known(call.tx, call.params["projectId"], call.now))


@method("v1/cloudresourcemanager.projects.list")
def list_projects(call: Call) -> Json:
    """Return the projects the caller may see."""
    wanted = project_filter(call.params.get("filter", ""))
    found, token = page(call, visible(call, wanted), default=500)
    answer: Json = {"projects": [projects.shown_v1(entry) for entry in found]} if found else {}
    return answer | ({"nextPageToken": token} if token else {})


def visible(
    call: Call,
    wanted: Callable[[Document], bool],
    among: Iterable[tuple[str, Document]] | None = None,
) -> Iterator[tuple[str, Document]]:
    """Yield (id, project) for those that pass a test and that the caller may get, as far as they are asked for."""
    for key, found in call.tx.scan(PROJECTS) if among is None else among:
        if not wanted(found) or projects.gone(found, call.now):
            continue
        if call.holds("resourcemanager.projects.get", resource_of(call, found)):
            yield key, found


@method("v1/cloudresourcemanager.projects.update", permission="resourcemanager.projects.update", on=_project)
def update(call: Call) -> Json:
    """Replace name and labels."""
    found = projects.known(call.tx, call.params["projectId"], call.now)
    changes = {"name": call.body.get("name") or found["name"], "labels": call.body.get("labels")}
    parent = call.body.get("parent")
    if parent and parent != found.get("parent"):
        raise invalid_argument("The parent of a project is changed by projects.move of v3.")
    return projects.shown_v1(projects.change(call.tx, found, changes, call.now))


@method("v1/cloudresourcemanager.projects.delete", permission="resourcemanager.projects.delete", on=_project)
def delete(call: Call) -> Json:
    """Begin the deletion of a project."""
    found = projects.known(call.tx, call.params["projectId"], call.now)
    check_deletion(call.tx, found)
    projects.delete(call.tx, found, call.now)
    return {}


@method("v1/cloudresourcemanager.projects.undelete", permission="resourcemanager.projects.undelete", on=_project)
def undelete(call: Call) -> Json:
    """Bring a project back."""
    projects.undelete(call.tx, projects.known(call.tx, call.params["projectId"], call.now), call.now)
    return {}


@method("v1/cloudresourcemanager.projects.getAncestry", permission="resourcemanager.projects.get", on=_project)
def get_ancestry(call: Call) -> Json:
    """Return the project and everything above it."""
    found = projects.known(call.tx, call.params["projectId"], call.now)
    names = [name.partition("googleapis.com/")[2].split("/") for name in project_policies(call.tx, found)]
    return {"ancestor": [{"resourceId": {"type": kind.removesuffix("s"), "id": key}} for kind, key in names]}


@method(
    "v1/cloudresourcemanager.projects.getIamPolicy", permission="resourcemanager.projects.getIamPolicy", on=_project
)
def get_policy(call: Call) -> Json:
    """Return a project's policy."""
    return get_iam_policy(call, _project(call))


@method(
    "v1/cloudresourcemanager.projects.setIamPolicy", permission="resourcemanager.projects.setIamPolicy", on=_project
)
def set_policy(call: Call) -> Json:
    """Replace a project's policy."""
    return set_iam_policy(call, _project(call))


@method("v1/cloudresourcemanager.projects.testIamPermissions", on=_project)
def test_permissions(call: Call) -> Json:
    """Return those of the permissions asked for that the caller holds."""
    return test_iam_permissions(call, _project(call))


@method("v1/cloudresourcemanager.organizations.get", permission="resourcemanager.organizations.get", on=named)
def get_organization(call: Call) -> Json:
    """Return an organisation in the fields of v1."""
    return _organization_v1(find(call.tx, call.params["name"]))


@method("v1/cloudresourcemanager.organizations.search")
def search_organizations(call: Call) -> Json:
    """Return the organisations the caller may see."""
    found = [
        _organization_v1(entry)
        for _, entry in call.tx.scan(ORGANIZATIONS)
        if call.holds("resourcemanager.organizations.get", container_resource(call.tx, entry["name"]))
    ]
    return {"organizations": found} if found else {}


def _organization_v1(found: Document) -> Json:
    return {
        "name": found["name"],
        "displayName": found["displayName"],
        "owner": {"directoryCustomerId": found["directoryCustomerId"]},
        "creationTime": found["createTime"],
        "lifecycleState": found["state"],
    }
