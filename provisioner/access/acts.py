"""What an account does once a job has become it: things it must be able to do, and things it must not.

Every act is harmless when it succeeds: a list, or a question about a permission.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from provisioner.access.decision import Decision
from provisioner.access.model import UNKNOWN, AccessModel, Grant
from provisioner.request.resolve import EnvironmentSpec, Team

HOLDERS: Mapping[str, frozenset[str]] = {
    permission: frozenset(f"roles/{name}" for name in names.split())
    for permission, names in {
        "run.services.list": "owner editor viewer iam.securityAdmin iam.securityReviewer run.admin run.developer "
        "run.sourceDeveloper run.viewer",
        "run.services.create": "owner editor run.admin run.developer run.sourceDeveloper",
        "iam.serviceAccountKeys.create": "owner editor",
        "iam.serviceAccounts.getAccessToken": "iam.serviceAccountTokenCreator iam.workloadIdentityUser",
        "resourcemanager.folders.setIamPolicy": "iam.securityAdmin",
        "resourcemanager.organizations.setIamPolicy": "iam.securityAdmin",
        "resourcemanager.projects.setIamPolicy": "owner iam.securityAdmin resourcemanager.projectIamAdmin",
        "storage.objects.get": "run.sourceDeveloper storage.admin storage.folderAdmin storage.legacyObjectReader "
        "storage.objectAdmin storage.objectUser storage.objectViewer",
        "storage.objects.list": "iam.securityAdmin iam.securityReviewer run.sourceDeveloper storage.admin "
        "storage.folderAdmin storage.legacyBucketReader storage.legacyBucketWriter storage.objectAdmin "
        "storage.objectUser storage.objectViewer",
    }.items()
}
"""Which predefined roles hold the permissions that are tried (Google's role reference, August 2026)."""


@dataclass(frozen=True, slots=True)
class Act:
    """One request. ``scopes`` are the places where a grant would allow it, as ``Grant.scope`` names them.

    ``asks`` marks a question in place of the deed: ``testIamPermissions`` answers with what the caller holds, so that
    nothing is made where a role too many would let it be made. ``on`` is the type of what is asked for, as conditions
    name it; a grant that counts on another type only allows nothing here.
    """

    name: str
    permission: str
    scopes: tuple[str, ...]
    url: str
    allowed: bool
    asks: bool = False
    on: str = ""


_ONLY_ON = re.compile(r"resource\.type == ['\"](?P<type>[^'\"]+)['\"]")


def reading(spec: EnvironmentSpec, *, allowed: bool = True, name: str = "") -> Act:
    """List the services of an environment: what both plan and deploy need, and nobody else's may."""
    return Act(
        name or "lists its services",
        "run.services.list",
        (f"project:{spec.project}",),
        _services(spec),
        allowed,
    )


def acts(kind: str, spec: EnvironmentSpec, team: Team) -> Iterator[Act]:
    """Yield what is tried as an account beyond reading its own services."""
    if kind == "plan":
        yield Act(
            "may create a service",
            "run.services.create",
            (f"project:{spec.project}",),
            f"https://cloudresourcemanager.googleapis.com/v1/projects/{spec.project}:testIamPermissions",
            allowed=False,
            asks=True,
        )
    if kind != "runtime":
        yield _state(spec, team, allowed=kind == "plan")
        for other in team.environments:
            if other.project != spec.project:
                yield reading(other, allowed=False, name=f"lists the services of {other.name}")
            if other.name != spec.name:
                yield _state(other, team, allowed=False)


def _state(spec: EnvironmentSpec, team: Team, *, allowed: bool) -> Act:
    bucket, prefix = team.platform.state.bucket, f"{spec.names.state_prefix}/"
    return Act(
        f"lists the state of {spec.name}",
        "storage.objects.list",
        (f"bucket:{bucket}", f"folder:{bucket}/{prefix.rstrip('/')}", f"project:{team.platform.state.project}"),
        f"https://storage.googleapis.com/storage/v1/b/{bucket}/o?prefix={quote(prefix, safe='')}",
        allowed,
    )


def _services(spec: EnvironmentSpec) -> str:
    return f"https://run.googleapis.com/v2/projects/{spec.project}/locations/{spec.region}/services"


def permitted(model: AccessModel, email: str, act: Act, reached: Decision) -> Decision:
    """Decide an act from the grants that the account holds; ``reached`` is how the job became the account."""
    found = [_allows(grant, email, act) for grant in model.grants]
    if True in found:
        return reached
    where: Mapping[str, Any] = {"stage": "call", "detail": act.permission, "provider": reached.provider}
    if None in found:
        return Decision(reached=None, reason="unknown", **where)
    return Decision(reached=False, reason="no-permission", **where)


def _allows(grant: Grant, email: str, act: Act) -> bool | None:
    everybody = ("allUsers", "allAuthenticatedUsers")
    held = grant.member in {f"serviceAccount:{email}", *everybody, UNKNOWN}
    there = grant.scope in act.scopes or grant.scope.endswith(UNKNOWN)
    only_on = _ONLY_ON.fullmatch(grant.condition)
    if not (held and there) or (act.on and only_on and only_on["type"] != act.on):
        return False
    certain = grant.member != UNKNOWN and not grant.scope.endswith(UNKNOWN) and not grant.conditional
    if grant.role.startswith("roles/"):
        return grant.role in HOLDERS[act.permission] and (True if certain else None)
    return None
