"""Names of Cloud Run: resources, regions, addresses.

Regions: https://cloud.google.com/run/docs/locations. Addresses:
https://cloud.google.com/run/docs/triggering/https-request#deterministic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from uuid import uuid4

from provisioner.sandbox.google.errors import ApiError, not_found
from provisioner.sandbox.google.hierarchy import inside_project, project
from provisioner.sandbox.google.method import Call, Resource
from provisioner.sandbox.store import Document, Transaction

SERVICE = "run.googleapis.com"
SERVICES = "google/run.services"  # by name with the project's id; fields as run v2
REVISIONS = "google/run.revisions"  # by name; {"shown": fields as run v2, "template": what it was made from}
ADDRESSES = "google/run.addresses"  # host -> {"name"} of its service
JOBS = "google/run.jobs"  # by name; fields as run v2
EXECUTIONS = "google/run.executions"  # by name (projects/…/jobs/…/executions/…); fields as run v2
TASKS = "google/run.tasks"  # by name (…/executions/…/tasks/…); fields as run v2
LAST_OPERATIONS = "google/run.last-operations"  # by a service's name -> {"name"}: the operation of its last change
_DENIAL = "Permission '{permission}' denied on resource '%s' (or resource may not exist)."
_KINDS = {"services": "Service", "jobs": "Job"}

# What stands in a service's older address for the region, and the region's name for people.
REGIONS: Mapping[str, tuple[str, str]] = {
    "asia-east1": ("de", "Taiwan"),
    "asia-northeast1": ("an", "Tokyo"),
    "asia-south1": ("el", "Mumbai"),
    "asia-southeast1": ("as", "Singapore"),
    "australia-southeast1": ("ts", "Sydney"),
    "europe-north1": ("lz", "Finland"),
    "europe-west1": ("ew", "Belgium"),
    "europe-west2": ("nw", "London"),
    "europe-west3": ("ey", "Frankfurt"),
    "europe-west4": ("ez", "Netherlands"),
    "europe-west6": ("oa", "Zurich"),
    "northamerica-northeast1": ("nn", "Montréal"),
    "southamerica-east1": ("rj", "São Paulo"),
    "us-central1": ("uc", "Iowa"),
    "us-east1": ("ue", "South Carolina"),
    "us-east4": ("uk", "Northern Virginia"),
    "us-west1": ("uw", "Oregon"),
}


def canonical_name(tx: Transaction, name: str) -> str:
    """Return a resource name with the project's id. Raises ApiError PERMISSION_DENIED for an unknown project."""
    _, owner, rest = name.split("/", 2)
    return f"projects/{project(tx, owner)['projectId']}/{rest}"


def prefix_of(parent: str) -> str:
    """Return what the names under a parent begin with; ``-`` stands for all."""
    return parent.removesuffix("-") if parent.endswith("/-") else f"{parent}/"


def resource_of(tx: Transaction, name: str) -> Resource:
    """Return a service or job as a thing that permissions are asked for; ``name`` may go on below it."""
    own = "/".join(canonical_name(tx, name).split("/")[:6])
    _, owner, _, _, collection, _ = own.split("/")
    kind = f"{SERVICE}/{_KINDS[collection]}"
    found = inside_project(tx, owner, name=own, kind=kind, service=SERVICE, policy=f"//{SERVICE}/{own}")
    return Resource(found.name, found.kind, SERVICE, found.policies, found.project, _DENIAL % own)


def location_resource(tx: Transaction, name: str) -> Resource:
    """Return the project of ``projects/p/…`` as the thing that permissions are asked for in a location."""
    owner = name.split("/")[1]
    own = f"projects/{project(tx, owner)['projectId']}"
    found = inside_project(tx, owner, name=own, kind="cloudresourcemanager.googleapis.com/Project", service=SERVICE)
    place = "/".join([own, *name.split("/")[2:4]])
    return Resource(found.name, found.kind, SERVICE, found.policies, found.project, _DENIAL % place)


def find(tx: Transaction, collection: str, name: str, kind: str) -> Document:
    """Return a record; ``kind`` is what messages call it (SERVICE). Raises ApiError NOT_FOUND."""
    found = tx.get(collection, canonical_name(tx, name))
    if found is None:
        raise missing(name, kind)
    return found


def missing(name: str, kind: str) -> ApiError:
    """404: as Cloud Run says that something of a region is not there."""
    _, owner, _, location, *rest = name.split("/")
    return not_found(
        f"Resource '{rest[-1]}' of kind '{kind}' in region '{location}' in project '{owner}' does not exist."
    )


def find_service(tx: Transaction, name: str) -> Document:
    """Return a service. Raises ApiError NOT_FOUND."""
    return find(tx, SERVICES, name, "SERVICE")


def last(name: str) -> str:
    """Return the last part of a resource name."""
    return name.rpartition("/")[2]


def location_of(name: str) -> str:
    """Return the location in a resource name."""
    return name.split("/")[3]


def operation_name(name: str) -> str:
    """Return a fresh name of an operation in the location of a resource."""
    return f"{'/'.join(name.split('/')[:4])}/operations/{uuid4()}"


def who(call: Call) -> str:
    """Return the caller as ``creator`` and ``lastModifier`` show it."""
    return call.caller.email or call.caller.member


def uris(project_number: str, location: str, service_id: str) -> list[str]:
    """Return the two addresses of a service: the one with the project's number, then the one with a hash."""
    return [
        f"https://{service_id}-{project_number}.{location}.run.app",
        f"https://{service_id}-{address_hash(project_number)}-{short_region(location)}.a.run.app",
    ]


def address_hash(project_number: str) -> str:
    """Return the ten letters that stand for a project in the older addresses."""
    digest = hashlib.sha256(project_number.encode()).digest()
    return "".join("abcdefghijklmnopqrstuvwxyz234567"[byte % 32] for byte in digest[:10])


def short_region(location: str) -> str:
    """Return the letters that stand for a region in the older addresses."""
    return REGIONS[location][0] if location in REGIONS else "".join(part[0] for part in location.split("-"))
