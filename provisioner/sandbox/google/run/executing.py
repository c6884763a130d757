"""Tasks that are really run, each a process of this machine; or, where none may be started, the switch's verdict."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.run.decisions import Decision
from provisioner.sandbox.google.run.executions import PENDING, end_execution, end_task
from provisioner.sandbox.google.run.images import ImageError
from provisioner.sandbox.google.run.instances import Instances, instances_of
from provisioner.sandbox.google.run.materials import Materials, gather
from provisioner.sandbox.google.run.names import EXECUTIONS, TASKS, last
from provisioner.sandbox.google.run.programs import MissingError
from provisioner.sandbox.google.run.stopping import stop
from provisioner.sandbox.google.services.run_rollout import image_digest
from provisioner.sandbox.store import Document
from provisioner.sandbox.world import World

Json = dict[str, Any]
_LOG = logging.getLogger(__name__)
_AT_ONCE = 4
_FAILED = "The container exited with an error."
_UNKNOWN = 2


def execute(call: Call, execution: Document, decision: Decision) -> None:
    """Run an execution in the background, or end it at once where nothing is started for it."""
    if decision.state == "starting":
        resume(call.world, execution["name"])
        return
    message = decision.failure.message if decision.failure else ""
    for name, _ in list(call.tx.scan(TASKS, f"{execution['name']}/tasks/")):
        end_task(call.tx, name, _result(1, message) if message else {}, 0, call.now)
    end_execution(call.tx, execution["name"], call.now)


def resume(world: World, name: str) -> None:
    """Work on an execution, unless somebody does; tasks that have ended are not run again."""
    instances = instances_of(world)
    instances.later(name, partial(_run, instances, world, name))


def cancel(call: Call, name: str) -> None:
    """End an execution and its processes."""
    end_execution(call.tx, name, call.now, cancelled=True)
    stop(call, name)


def _run(instances: Instances, world: World, name: str) -> None:
    with world.store.transaction() as tx:
        execution = tx.get(EXECUTIONS, name)
        if execution is None or tx.get(PENDING, name) is None:
            return
        open_tasks = [key for key, task in tx.scan(TASKS, f"{name}/tasks/") if "completionTime" not in task]
    at_once = min(execution["parallelism"] or _AT_ONCE, _AT_ONCE)
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="task") as workers:
        for task in open_tasks:
            workers.submit(_run_task, instances, world, execution, task)
    if instances.ended:
        return  # the next server goes on with it
    now = world.clock.now()
    with world.store.transaction() as tx:
        end_execution(tx, name, now)


def _run_task(instances: Instances, world: World, execution: Document, name: str) -> None:
    attempt = 0
    try:
        result, attempt = _attempts(instances, world, execution, name)
    except MissingError as error:
        result = _result(127, f"Application failed to start: {error}")
    except ImageError as error:
        _LOG.info("%s is not run: %s", name, error)
        result = {}
    except Exception:  # noqa: BLE001 - it would leave an execution without an end
        _LOG.log(logging.DEBUG if instances.ended else logging.ERROR, "%s could not be run", name, exc_info=True)
        result = _result(1, "An internal error occurred.")
    if not instances.ended and _under_way(world, execution["name"]):
        now = world.clock.now()
        with world.store.transaction() as tx:
            end_task(tx, name, result, attempt, now)
    instances.clear(name)


def _attempts(instances: Instances, world: World, execution: Document, name: str) -> tuple[Json, int]:
    """Run a task until it succeeds or may not be tried again; return its last result and the number of retries."""
    result: Json = {}
    attempt = 0
    for attempt in range(execution["template"]["maxRetries"] + 1):
        if instances.ended or not _under_way(world, execution["name"]):
            break
        result = _attempt(instances, world, execution, name, attempt)
        if not result:
            break
    return result, attempt


def _attempt(instances: Instances, world: World, execution: Document, name: str, attempt: int) -> Json:
    """Run a task once; return its result, empty when it succeeded."""
    materials = _materials(world, execution)
    index = int(name.rpartition("-task")[2])
    variables = {
        "CLOUD_RUN_JOB": execution["job"],
        "CLOUD_RUN_EXECUTION": last(execution["name"]),
        "CLOUD_RUN_TASK_INDEX": str(index),
        "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
        "CLOUD_RUN_TASK_COUNT": str(execution["taskCount"]),
    }
    seconds = float(execution["template"]["timeout"].removesuffix("s"))
    code, lines = instances.complete(name, materials, variables, seconds)
    if code == 0:
        return {}
    _LOG.info("%s ended with %s; its last lines: %s", name, code, lines)
    if code is None:
        return _result(0, f"The configured timeout of {seconds:g} seconds was reached.")
    return _result(code, _FAILED)


def _materials(world: World, execution: Document) -> Materials:
    template = execution["template"]
    image = template["containers"][0]["image"]
    with world.store.transaction() as tx:
        return gather(tx, execution["name"].split("/")[1], image_digest(tx, image) or image, template)


def _under_way(world: World, name: str) -> bool:
    with world.store.transaction() as tx:
        return tx.get(PENDING, name) is not None


def _result(code: int, message: str) -> Json:
    status = {"status": {"code": _UNKNOWN, "message": message}}
    if code < 0:
        return {"termSignal": -code} | status
    return ({"exitCode": code} if code else {}) | status
