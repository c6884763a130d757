"""Jobs: defaults, executions whose tasks are really run, retries, cancelling; v2 and v1 show the same."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from provisioner.sandbox.google.run.instances import instances_of
from provisioner.sandbox.google.services.run_rollout import order_failure
from tests.sandbox.identity.cloud import PROJECT, Answer
from tests.sandbox.run.region import HELLO, JOBS_V1, PARENT, RUNTIME, V2, Region, layer, push, until, waiting

JOB = f"{PARENT}/jobs/nightly"
TASK = f"""#!{sys.executable} -IS
import os, sys
place = os.environ["PLACE"] + "/" + os.environ["CLOUD_RUN_TASK_INDEX"] + "." + os.environ["CLOUD_RUN_TASK_ATTEMPT"]
open(place, "w").write(" ".join(sys.argv[1:]) + os.environ["CLOUD_RUN_TASK_COUNT"] + os.environ["CLOUD_RUN_JOB"])
"""


def _create(region: Region, image: str = HELLO, container: dict[str, Any] | None = None, **template: Any) -> Answer:
    task = {"containers": [{"image": image} | (container or {})], "serviceAccount": RUNTIME}
    outer = {key: template.pop(key) for key in ("taskCount", "parallelism") if key in template}
    body = {"template": outer | {"template": task | template}}
    return region.cloud.call("POST", f"{V2}/{PARENT}/jobs?jobId=nightly", body)


def _program(region: Region, more: str = "") -> str:
    region.run_processes()
    return push(region.cloud, [layer({"app/task": TASK + more})], {"Entrypoint": ["/app/task"]})


def _place(region: Region) -> list[dict[str, str]]:
    return [{"name": "PLACE", "value": str(region.cloud.world.folder)}]


def _run(region: Region, body: dict[str, Any] | None = None) -> dict[str, Any]:
    return region.done(region.cloud.ok("POST", f"{V2}/{JOB}:run", body or {}))


def test_a_job_gets_defaults_and_must_have_its_image(region: Region) -> None:
    assert "response" in _create(region).body
    job = region.cloud.ok("GET", f"{V2}/{JOB}")
    task = job["template"]["template"]
    assert (job["template"]["taskCount"], task["maxRetries"], task["timeout"]) == (1, 3, "600s")
    assert task["containers"][0]["resources"]["limits"] == {"cpu": "1000m", "memory": "512Mi"}
    assert job["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
    missing = f"europe-west1-docker.pkg.dev/{PROJECT}/images/none:v1"
    body = {"template": {"template": {"containers": [{"image": missing}], "serviceAccount": RUNTIME}}}
    failed = region.cloud.ok("PATCH", f"{V2}/{JOB}", body)
    assert f"Image '{missing}' not found." in failed["error"]["message"]
    assert region.cloud.call("PATCH", f"{V2}/{JOB}", body | {"etag": '"old"'}).status == 409


def test_tasks_are_run_with_their_variables_and_overrides(region: Region) -> None:
    _create(region, _program(region), {"env": _place(region), "args": ["a"]}, taskCount=2)
    done = _run(region)["response"]
    assert (done["succeededCount"], done["taskCount"]) == (2, 2)
    assert {path.name: path.read_text() for path in region.cloud.world.folder.glob("?.?")} == {
        "0.0": "a2nightly",
        "1.0": "a2nightly",
    }
    override = {"containerOverrides": [{"args": ["b", "c"]}], "taskCount": 1}
    _run(region, {"overrides": override})
    assert (region.cloud.world.folder / "0.0").read_text() == "b c1nightly"
    job = region.cloud.ok("GET", f"{V2}/{JOB}")
    assert (job["executionCount"], job["latestCreatedExecution"]["completionStatus"]) == (2, "EXECUTION_SUCCEEDED")


def test_a_task_that_fails_is_tried_again_and_then_fails_the_execution(region: Region) -> None:
    image = _program(region, "sys.exit(7)\n")
    _create(region, image, {"env": _place(region)}, maxRetries=1)
    failed = _run(region)
    name = region.cloud.ok("GET", f"{V2}/{JOB}")["latestCreatedExecution"]["name"]
    text = f"Task {name}-task0 failed with message: The container exited with an error."
    assert failed["error"]["message"] == text
    assert sorted(path.name for path in region.cloud.world.folder.glob("?.?")) == ["0.0", "0.1"]
    task = region.cloud.ok("GET", f"{V2}/{JOB}/executions/{name}/tasks")["tasks"][0]
    assert (task["lastAttemptResult"]["exitCode"], task["retried"]) == (7, 1)
    completed = region.cloud.ok("GET", f"{JOBS_V1}/executions/{name}")["status"]["conditions"][0]
    expected = {"type": "Completed", "status": "False", "reason": "NonZeroExitCode", "message": text}
    assert expected.items() <= completed.items()


def test_a_task_that_takes_too_long_is_ended(region: Region) -> None:
    image = _program(region, "import threading; threading.Event().wait()\n")
    _create(region, image, {"env": _place(region)}, maxRetries=0, timeout="1s")
    assert "The configured timeout of 1 seconds was reached." in _run(region)["error"]["message"]


def test_an_execution_that_a_restart_interrupted_goes_on(region: Region) -> None:
    begun, marker = region.cloud.world.folder / "begun", region.cloud.world.folder / "go"
    _create(region, _program(region, waiting(begun, marker)), {"env": _place(region)}, maxRetries=0)
    operation = region.cloud.ok("POST", f"{V2}/{JOB}:run", {})
    until(begun.exists)
    instances = instances_of(region.cloud.world)
    region.cloud.restart()
    until(lambda: not instances.working)
    assert "completionTime" not in region.cloud.ok("GET", f"{V2}/{operation['metadata']['name']}")
    marker.touch()
    assert region.done(operation)["response"]["succeededCount"] == 1


def test_an_execution_can_be_cancelled_but_not_deleted_while_it_runs(region: Region) -> None:
    image = _program(region, "import threading; threading.Event().wait()\n")
    _create(region, image, {"env": _place(region)})
    begun = region.cloud.ok("POST", f"{V2}/{JOB}:run", {})
    name = begun["metadata"]["name"]
    until((region.cloud.world.folder / "0.0").exists)
    assert region.cloud.call("DELETE", f"{V2}/{name}").status == 400
    region.cloud.ok("POST", f"{V2}/{name}:cancel", {})
    assert region.done(begun)["error"]["message"] == "Execution was cancelled."
    shown = region.cloud.ok("GET", f"{V2}/{name}")
    assert (shown["cancelledCount"], shown["conditions"][0]["executionReason"]) == (1, "CANCELLED")
    assert region.cloud.call("POST", f"{V2}/{name}:cancel", {}).status == 400
    assert region.cloud.call("DELETE", f"{V2}/{name}").status == 200


def test_without_processes_an_execution_succeeds_unless_a_failure_is_ordered(region: Region) -> None:
    _create(region)
    assert _run(region)["response"]["succeededCount"] == 1
    with region.cloud.world.store.transaction() as tx:
        order_failure(tx, HELLO, "out of memory")
    assert "out of memory" in _run(region)["error"]["message"]


def test_gcloud_s_api_makes_the_same_jobs(region: Region) -> None:
    template = {
        "metadata": {"annotations": {"run.googleapis.com/execution-environment": "gen2"}},
        "spec": {
            "taskCount": 3,
            "parallelism": 2,
            "template": {
                "spec": {
                    "containers": [{"image": HELLO, "env": [{"name": "A", "value": "1"}]}],
                    "maxRetries": 0,
                    "timeoutSeconds": "300",
                    "serviceAccountName": RUNTIME,
                }
            },
        },
    }
    body = {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Job",
        "metadata": {"name": "nightly", "labels": {"team": "a"}},
        "spec": {"template": template},
    }
    made = region.cloud.ok("POST", f"{JOBS_V1}/jobs", body)
    job = region.cloud.ok("GET", f"{V2}/{JOB}")
    task = job["template"]["template"]
    assert (job["template"]["taskCount"], job["template"]["parallelism"], task["maxRetries"]) == (3, 2, 0)
    assert (task["timeout"], task["executionEnvironment"]) == ("300s", "EXECUTION_ENVIRONMENT_GEN2")
    assert made["spec"]["template"]["spec"]["template"]["spec"]["timeoutSeconds"] == "300"
    made["spec"]["template"]["spec"]["taskCount"] = 1
    region.cloud.ok("PUT", f"{JOBS_V1}/jobs/nightly", made)
    stale = region.cloud.call("PUT", f"{JOBS_V1}/jobs/nightly", made)
    assert stale.status == 409
    execution = region.cloud.ok("POST", f"{JOBS_V1}/jobs/nightly:run", {})
    name = execution["metadata"]["name"]
    listed = region.cloud.ok("GET", f"{JOBS_V1}/tasks?labelSelector=run.googleapis.com/execution={name}")
    assert [item["metadata"]["labels"]["run.googleapis.com/runningState"] for item in listed["items"]] == ["Succeeded"]
    everywhere = region.cloud.ok("GET", f"{JOBS_V1.replace('europe-west1-run', 'run')}/jobs")
    assert [item["metadata"]["name"] for item in everywhere["items"]] == ["nightly"]
    assert region.cloud.ok("DELETE", f"{JOBS_V1}/jobs/nightly")["status"] == "Success"
    assert region.cloud.call("GET", f"{JOBS_V1}/executions/{name}").status == 404


def test_overrides_need_a_permission_of_their_own(region: Region) -> None:
    _create(region)
    binding = {"role": "roles/run.invoker", "members": ["user:ann@example.com"]}
    region.cloud.ok("POST", f"{V2}/{JOB}:setIamPolicy", {"policy": {"bindings": [binding]}})
    ann = region.cloud.user_token("ann@example.com")
    assert region.cloud.call("POST", f"{V2}/{JOB}:run", {}, token=ann).status == 200
    override = {"overrides": {"taskCount": 2}}
    assert region.cloud.call("POST", f"{V2}/{JOB}:run", override, token=ann).status == 403
    assert region.cloud.call("POST", f"{JOBS_V1}/jobs/nightly:run", override, token=ann).status == 403


@pytest.mark.parametrize(
    ("template", "status"),
    [
        ({"taskCount": 10_001}, 400),
        ({"maxRetries": 11}, 400),
        ({"timeout": "0.5s"}, 400),
        ({"timeout": "700000s"}, 400),
    ],
)
def test_what_a_job_may_not_ask_for(region: Region, template: dict[str, Any], status: int) -> None:
    assert _create(region, **template).status == status
    assert region.cloud.call("GET", f"{V2}/{JOB}").status == 404
