"""Does a new revision come up? Decided by its image, its secrets, and what the tester ordered.

The texts are those of the real service: they end in a person's terminal as the reason why an apply failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.hierarchy import find_project, project_policies
from provisioner.sandbox.google.identity.authorization import granted
from provisioner.sandbox.google.identity.members import EVERYONE
from provisioner.sandbox.google.method import Call, Caller, Resource
from provisioner.sandbox.google.services.docker_images import REPOSITORIES, Image, resolve
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
VERDICTS = "google/run.verdicts"  # image reference -> {"message"}: revisions of it do not come up
_PUBLIC = "us-docker.pkg.dev/cloudrun/container/"
_SECRETS = "google/secretmanager.secrets"
_REGISTRY = "artifactregistry.googleapis.com"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a revision is not ready: canonical code of the operation's error, the condition's reason, the text."""

    status: str
    reason: str
    message: str

    def error(self, revision: str) -> ApiError:
        """Return the error the operation ends with."""
        return ApiError(self.status, f"Revision '{revision}' is not ready and cannot serve traffic. {self.message}")

    def error_of_job(self, job: str) -> ApiError:
        """Return the error with which the change of a job ends."""
        return ApiError(self.status, f"Job '{job}' is not ready and cannot be executed. {self.message}")


def order_failure(tx: Transaction, image: str, message: str) -> None:
    """Make every later revision of an image (exact reference) fail; an empty message takes the order back."""
    if message:
        tx.put(VERDICTS, image, {"message": message})
    else:
        tx.delete(VERDICTS, image)


def find_failure(call: Call, project: Document, template: Json) -> Failure | None:
    """Return why a revision of this template does not become ready, or None."""
    images = [_image_failure(call, project, container["image"]) for container in template["containers"]]
    account = template["serviceAccount"]
    secrets = [_secret_failure(call, project, reference, account) for reference in _secrets(template)]
    return next((failure for failure in (*images, *secrets) if failure), None)


def _image_failure(call: Call, project: Document, image: str) -> Failure | None:
    ordered = call.tx.get(VERDICTS, image)
    if ordered:
        return Failure("FAILED_PRECONDITION", "HEALTH_CHECK_CONTAINER_ERROR", ordered["message"])
    if image.startswith(_PUBLIC):
        return None
    found = repository_image(call.tx, image)
    if found is None:
        return Failure("NOT_FOUND", "CONTAINER_MISSING", f"Image '{image}' not found.")
    own_project = found[0].repository.split("/")[1] == project["projectId"]
    if not own_project and not _agent_may_read(call, project, found[0].repository):
        return Failure("PERMISSION_DENIED", "CONTAINER_PERMISSION_DENIED", _unreadable(project, image))
    if resolve(call.tx, *found) is None:
        return Failure("NOT_FOUND", "CONTAINER_MISSING", f"Image '{image}' not found.")
    return None


def image_digest(tx: Transaction, reference: str) -> str:
    """Return a reference with the digest it stands for now; empty for an image that is not kept here."""
    found = repository_image(tx, reference)
    manifest = resolve(tx, *found) if found else None
    if found is None or manifest is None:
        return ""
    host, project, repository, _ = reference.split("/", 3)
    return f"{host}/{project}/{repository}/{found[0].name}@{manifest['digest']}"


def repository_image(tx: Transaction, reference: str) -> tuple[Image, str] | None:
    """Return (image, tag or digest) of a reference into an existing repository of the sandbox, or None."""
    host, _, rest = reference.partition("/")
    parts = rest.split("/", 2)
    if not host.endswith("-docker.pkg.dev") or len(parts) != 3:  # noqa: PLR2004 - project, repository, image
        return None
    project, repository, image = parts
    name = f"projects/{project}/locations/{host.removesuffix('-docker.pkg.dev')}/repositories/{repository}"
    if tx.get(REPOSITORIES, name) is None:
        return None
    path, at, digest = image.partition("@")
    path, _, tag = path.partition(":")
    return Image(name, path), digest if at else tag or "latest"


def _agent(project: Document) -> str:
    return f"service-{project['projectNumber']}@serverless-robot-prod.iam.gserviceaccount.com"


def _agent_may_read(call: Call, project: Document, repository: str) -> bool:
    """Tell whether the service agent of a project may pull from a repository of another."""
    owner = find_project(call.tx, repository.split("/")[1])
    if owner is None:
        return False
    policies = (f"//{_REGISTRY}/{repository}", *project_policies(call.tx, owner))
    resource = Resource(repository, f"{_REGISTRY}/Repository", _REGISTRY, policies)
    wanted = ["artifactregistry.repositories.downloadArtifacts"]
    return bool(granted(call.tx, _account(_agent(project)), wanted, resource, call.now))


def _unreadable(project: Document, image: str) -> str:
    return (
        f"Google Cloud Run Service Agent {_agent(project)} must have permission to read the image, {image}. Ensure "
        "that the provided container image URL is correct and that the above account has permission to access the "
        "image. If you just enabled the Cloud Run API, the permissions might take a few minutes to propagate."
    )


def _secrets(template: Json) -> Iterator[Json]:
    """Yield every reference to a secret (``secret``, perhaps ``version``) in variables and volumes."""
    for container in template["containers"]:
        for variable in container.get("env", []):
            if "secretKeyRef" in variable.get("valueSource", {}):
                yield {"secret": ""} | variable["valueSource"]["secretKeyRef"]
    for volume in template.get("volumes", []):
        if "secret" in volume:
            yield {"secret": volume["secret"].get("secret", "")}


def _secret_failure(call: Call, project: Document, reference: Json, account: str) -> Failure | None:
    if _may_read_secret(call, project, reference["secret"], account):
        return None
    return Failure("PERMISSION_DENIED", "SECRETS_ACCESS_CHECK_FAILED", _secret_text(project, reference, account))


def _may_read_secret(call: Call, project: Document, secret: str, account: str) -> bool:
    name = secret if "/" in secret else f"projects/{project['projectNumber']}/secrets/{secret}"
    owner = find_project(call.tx, name.split("/")[1])
    if owner is None:
        return False
    full = f"projects/{owner['projectNumber']}/secrets/{name.rpartition('/')[2]}"
    if call.tx.get(_SECRETS, full) is None:
        return False
    policies = (f"//secretmanager.googleapis.com/{full}", *project_policies(call.tx, owner))
    kind = "secretmanager.googleapis.com/SecretVersion"
    resource = Resource(f"{full}/versions/latest", kind, "secretmanager.googleapis.com", policies)
    wanted = ["secretmanager.versions.access"]
    return bool(granted(call.tx, _account(account), wanted, resource, call.now))


def _secret_text(project: Document, reference: Json, account: str) -> str:
    name = f"projects/{project['projectNumber']}/secrets/{reference['secret'].rpartition('/')[2]}"
    return (
        f"Permission denied on secret: {name}/versions/{reference.get('version', 'latest')} for Revision service "
        f"account {account}. The service account used must be granted the 'Secret Manager Secret Accessor' role "
        "(roles/secretmanager.secretAccessor) at the secret, project or higher level."
    )


def _account(email: str) -> Caller:
    member = f"serviceAccount:{email}"
    return Caller(member, frozenset((member, *EVERYONE)), email=email)
