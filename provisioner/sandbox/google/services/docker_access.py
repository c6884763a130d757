"""Who may use a container registry, and how it refuses."""

from __future__ import annotations

import base64
import json

from provisioner.sandbox.google.errors import ApiError, failed_precondition, not_found, unimplemented
from provisioner.sandbox.google.hierarchy import project as find_project
from provisioner.sandbox.google.hierarchy import service_disabled_error, service_enabled
from provisioner.sandbox.google.identity.authorization import denied
from provisioner.sandbox.google.method import Call, unauthenticated_request
from provisioner.sandbox.google.registry.formats import REMOTE, STANDARD, VIRTUAL
from provisioner.sandbox.google.services.artifactregistry_repositories import SERVICE, repository_resource
from provisioner.sandbox.google.services.docker_images import REPOSITORIES, Image, RegistryError
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.store import Document, Transaction

HOST = r"[a-z0-9-]+-docker\.pkg\.dev"
NAME = r"/v2/(?P<project>[^/]+)/(?P<repository>[^/]+)/(?P<image>.+)"
_CODES = {400: "UNSUPPORTED", 401: "UNAUTHORIZED", 403: "DENIED", 404: "NAME_UNKNOWN", 501: "UNSUPPORTED"}


def allowed_image(call: Call, verb: str) -> Image:
    """Return the image of a request once the caller may do this with its repository. Raises ApiError.

    ``verb`` is the last part of the permission (``downloadArtifacts``).
    """
    return image_at(call, call.params["project"], call.params["repository"], call.params["image"], verb)


def image_at(call: Call, project: str, repository: str, image: str, verb: str) -> Image:
    """Return an image of this host's location once the caller may do this with its repository. Raises ApiError."""
    location = call.request.host.removesuffix("-docker.pkg.dev")
    name = f"projects/{project}/locations/{location}/repositories/{repository}"
    resource = repository_resource(call.tx, name)
    if not service_enabled(call.tx, resource.project, SERVICE):
        raise service_disabled_error(find_project(call.tx, resource.project), SERVICE, "Artifact Registry API")
    permission = f"artifactregistry.repositories.{verb}"
    if not call.holds(permission, resource):
        if call.caller.anonymous:
            raise unauthenticated_request()
        text = f'Permission "{permission}" denied on resource "{resource.name}" (or it may not exist)'
        raise ApiError("PERMISSION_DENIED", text, details=denied(permission, resource).details)
    call.asked.append((permission, resource))
    found = call.tx.get(REPOSITORIES, resource.name)
    if found is None or found["format"] != "DOCKER":
        raise not_found(f'Repository "{repository}" not found')
    _check_mode(found, verb)
    return Image(resource.name, image)


def sources(tx: Transaction, image: Image) -> list[Image]:
    """Return where an image is read from: its repository, or the upstreams of a virtual one by priority."""
    found = tx.get(REPOSITORIES, image.repository) or {}
    policies = found.get("virtualRepositoryConfig", {}).get("upstreamPolicies") or []
    ordered = sorted(policies, key=lambda policy: -int(policy.get("priority", 0)))
    return [image, *(Image(policy["repository"], image.name) for policy in ordered)]


def _check_mode(repository: Document, verb: str) -> None:
    """Raise ApiError for what repositories of other modes do not do, here or at all."""
    mode = repository.get("mode", STANDARD)
    if mode == REMOTE:
        raise unimplemented("The sandbox fetches nothing from the upstream of a remote repository.")
    if mode == VIRTUAL and verb == "uploadArtifacts":
        raise failed_precondition("Cannot upload to a virtual repository.")


def token_of(request: Request) -> str:
    """Return the access token of a request that was authenticated."""
    scheme, _, rest = request.headers["authorization"].partition(" ")
    if scheme.lower() == "basic":
        return base64.b64decode(rest).decode().partition(":")[2]
    return rest.strip()


def refusal(error: ApiError) -> Response:
    """Return an error in the form of the distribution spec."""
    return registry_refusal(RegistryError(_CODES.get(error.code, "UNKNOWN"), error.message, error.code))


def registry_refusal(error: RegistryError) -> Response:
    """Return a registry's own error."""
    body = json.dumps({"errors": [{"code": error.code, "message": error.message}]}).encode()
    return Response(error.status, (("Content-Type", "application/json"),), body)
