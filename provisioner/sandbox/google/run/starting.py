"""Rollouts that end when their process has come up or failed to; begun again after a restart of the server.

The request that began one is answered before: its operation is pending, its service reconciling.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from provisioner.sandbox.google import operations
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.run.images import ImageError
from provisioner.sandbox.google.run.instances import Instances, TooManyError, instances_of
from provisioner.sandbox.google.run.materials import Materials, gather
from provisioner.sandbox.google.run.names import REVISIONS, SERVICES, last
from provisioner.sandbox.google.run.programs import MissingError
from provisioner.sandbox.google.run.revisions import conclude
from provisioner.sandbox.google.services.run_rollout import Failure
from provisioner.sandbox.store import Document
from provisioner.sandbox.world import World

Json = dict[str, Any]
_LOG = logging.getLogger(__name__)
_ROLLOUTS = "google/run.rollouts"  # by revision -> {"operation"}: under way
_TYPE = "type.googleapis.com/google.cloud.run.v2.Service"
_GUIDE = "https://cloud.google.com/run/docs/troubleshooting#container-failed-to-start"


def begin(call: Call, revision: str, operation: str) -> None:
    """Start a revision's process; service and operation are brought up to date when that has come out."""
    call.tx.put(_ROLLOUTS, revision, {"operation": operation})
    # The worker's first step waits for the store, and so for the end of this request.
    _begin(call.world, revision)


def resume(world: World) -> None:
    """Begin those rollouts again that an earlier server left unfinished; those under way are left alone."""
    with world.store.transaction() as tx:
        for revision, _ in tx.scan(_ROLLOUTS):
            _begin(world, revision)


def refreshed(call: Call, service: Document) -> Document:
    """Return a service as it is; if it waits for a process, make sure that somebody works on that."""
    if service.get("reconciling"):
        resume(call.world)
    return service


def start(world: World, revision: str) -> Failure | None:
    """Start the process of a revision and wait for it; return why it has not come up, or None.

    Raises ImageError when this machine cannot run it.
    """
    return _start(instances_of(world), world, revision)


def _start(instances: Instances, world: World, revision: str) -> Failure | None:
    materials, variables = _materials(world, revision)
    try:
        up, lines = instances.serve(revision, materials, variables)
    except MissingError as error:
        return _failed(revision, f"Application failed to start: {error}")
    except TooManyError:
        return Failure("RESOURCE_EXHAUSTED", "RESOURCES_UNAVAILABLE", "No instance could be started: all are busy.")
    if up:
        return None
    _LOG.info("%s did not come up; its last lines: %s", revision, lines)
    port = (materials.container.get("ports") or [{}])[0].get("containerPort", 8080)
    return _failed(
        revision,
        "The user-provided container failed to start and listen on the port defined provided by the "
        f"PORT={port} environment variable within the allocated timeout. This can happen when the container port is "
        "misconfigured or if the timeout is too short. The health check timeout can be extended. Logs for this "
        "revision might contain more information.",
    )


def _begin(world: World, revision: str) -> None:
    instances = instances_of(world)
    instances.later(revision, partial(_roll_out, instances, world, revision))


def _roll_out(instances: Instances, world: World, revision: str) -> None:
    with world.store.transaction() as tx:
        if tx.get(_ROLLOUTS, revision) is None:
            return
    failure, why = None, ""
    try:
        failure = _start(instances, world, revision)
    except ImageError as error:
        why = str(error)
    except Exception:  # noqa: BLE001 - it would leave a rollout without an end
        if not instances.ended:
            _LOG.exception("%s could not be started", revision)
        failure = Failure("INTERNAL", "INTERNAL", "An internal error occurred.")
    if instances.ended:
        return  # the next server begins it again
    _conclude(world, revision, failure, why)


def _conclude(world: World, revision: str, failure: Failure | None, why: str) -> None:
    now = world.clock.now()
    with world.store.transaction() as tx:
        rollout = tx.get(_ROLLOUTS, revision)
        if rollout is None:
            return
        tx.delete(_ROLLOUTS, revision)
        kept = tx.get(REVISIONS, revision)
        if kept is not None and why:
            tx.put(REVISIONS, revision, kept | {"decision": {"runs": False, "why": why}})
        service = conclude(tx, revision, failure, now)
        if service is not None:
            result = failure.error(last(revision)) if failure else {"@type": _TYPE, **service}
            operations.finish(tx, "run", rollout["operation"], result)


def _materials(world: World, revision: str) -> tuple[Materials, dict[str, str]]:
    with world.store.transaction() as tx:
        kept = tx.get(REVISIONS, revision)
        service = tx.get(SERVICES, revision.partition("/revisions/")[0])
        if kept is None or service is None:
            raise ImageError("it is deleted")
        image = kept.get("imageDigest") or kept["template"]["containers"][0]["image"]
        materials = gather(tx, revision.split("/")[1], image, kept["template"])
    name = last(service["name"])
    return materials, {"K_SERVICE": name, "K_CONFIGURATION": name, "K_REVISION": last(revision)}


def _failed(revision: str, text: str) -> Failure:
    _, project, _, _, _, service, _, short = revision.split("/")
    logs = (
        f"https://console.cloud.google.com/logs/viewer?project={project}&resource=cloud_run_revision/service_name/"
        f"{service}/revision_name/{short}"
    )
    return Failure(
        "FAILED_PRECONDITION",
        "HEALTH_CHECK_CONTAINER_ERROR",
        f"{text}\n\nLogs URL: {logs}\nFor more troubleshooting guidance, see {_GUIDE}",
    )
