"""Kinds of repositories: formats, modes, and what each may say when it is made.

https://cloud.google.com/artifact-registry/docs/repositories. Docker and generic repositories hold what is pushed
here; of the others the sandbox keeps the repository and its settings, not packages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.errors import failed_precondition, invalid_argument, unimplemented
from provisioner.sandbox.google.services.docker_images import REPOSITORIES
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
STANDARD, VIRTUAL, REMOTE = "STANDARD_REPOSITORY", "VIRTUAL_REPOSITORY", "REMOTE_REPOSITORY"
_MODES = {"MODE_UNSPECIFIED": STANDARD, STANDARD: STANDARD, VIRTUAL: VIRTUAL, REMOTE: REMOTE}
_UPSTREAMS = {
    "DOCKER": "dockerRepository",
    "MAVEN": "mavenRepository",
    "NPM": "npmRepository",
    "PYTHON": "pythonRepository",
    "APT": "aptRepository",
    "YUM": "yumRepository",
}
_CONFIGS = {"dockerConfig": "DOCKER", "mavenConfig": "MAVEN"}
_MOST_CLEANUP_POLICIES = 10


def checked_kind(tx: Transaction, parent: str, body: Mapping[str, Any]) -> str:
    """Return the mode of a new repository. Raises ApiError for settings that do not belong to its format or mode.

    ``parent`` is the location (``projects/p/locations/l``).
    """
    kind, mode = body.get("format", ""), _MODES.get(body.get("mode", STANDARD), "")
    if kind in {"", "FORMAT_UNSPECIFIED"}:
        raise invalid_argument("a repository format must be specified", ("repository.format", "must be specified"))
    if not mode:
        raise unimplemented(f"The sandbox has no repositories of mode {body['mode']}.")
    for config, wanted in _CONFIGS.items():
        if body.get(config) and kind != wanted:
            raise invalid_argument(f"{config} is only valid for repositories of format {wanted}.", (config, wanted))
    virtual, remote = body.get("virtualRepositoryConfig"), body.get("remoteRepositoryConfig")
    if (virtual is not None and mode != VIRTUAL) or (remote is not None and mode != REMOTE):
        raise invalid_argument(f"The configuration does not fit a repository of mode {mode}.", ("mode", mode))
    if mode == REMOTE:
        _check_remote(kind, remote or {})
    check_upstreams(tx, parent, kind, virtual or {})
    check_cleanup(body.get("cleanupPolicies") or {})
    return mode


def check_upstreams(tx: Transaction, parent: str, kind: str, virtual: Mapping[str, Any]) -> None:
    """Raise ApiError unless each upstream of a virtual repository is there, of its format and location."""
    policies = virtual.get("upstreamPolicies") or []
    if len({policy.get("id") for policy in policies}) < len(policies):
        raise invalid_argument("The ids of upstream policies must be unique.", ("upstream_policies", "id"))
    for policy in policies:
        name = policy.get("repository", "")
        found = tx.get(REPOSITORIES, name)
        if (
            found is None
            or found["format"] != kind
            or name.rpartition("/repositories/")[0].split("/")[3:] != [parent.split("/")[3]]
        ):
            raise failed_precondition(f"The upstream repository {name!r} is no {kind} repository of this location.")


def check_cleanup(policies: Mapping[str, Any]) -> None:
    """Raise ApiError for cleanup policies that say nothing or too much."""
    if len(policies) > _MOST_CLEANUP_POLICIES:
        raise invalid_argument(f"A repository has at most {_MOST_CLEANUP_POLICIES} cleanup policies.")
    for key, policy in policies.items():
        kinds = [name for name in ("condition", "mostRecentVersions") if name in policy]
        if policy.get("id", key) != key:
            raise invalid_argument(f"The id of the cleanup policy {key!r} is not its key.", ("cleanup_policies", key))
        if policy.get("action") not in {"DELETE", "KEEP"} or len(kinds) != 1:
            raise invalid_argument(
                f"The cleanup policy {key!r} needs an action and one rule.", ("cleanup_policies", key)
            )
        if kinds == ["mostRecentVersions"] and policy["action"] != "KEEP":
            raise invalid_argument("Most recent versions can only be kept.", ("cleanup_policies", key))


def shown_config(repository: Document) -> Json:
    """Return the fields that the server adds by format and mode."""
    _, project, _, location, _, name = repository["name"].split("/")
    return {"registryUri": f"{location}-{repository['format'].lower()}.pkg.dev/{project}/{name}"}


def _check_remote(kind: str, remote: Mapping[str, Any]) -> None:
    wanted = _UPSTREAMS.get(kind)
    given = [name for name in (*_UPSTREAMS.values(), "commonRepository") if name in remote]
    if wanted is None or len(given) != 1 or given[0] not in {wanted, "commonRepository"}:
        raise invalid_argument(
            f"A remote repository of format {kind} needs its upstream.", ("remote_repository_config", str(wanted))
        )
