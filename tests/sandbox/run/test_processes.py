"""Images that are really started: a good release comes up and answers, a bad one fails its rollout."""

from __future__ import annotations

import json
import os
from pathlib import Path

from provisioner.sandbox.google.run.instances import instances_of
from tests.sandbox.identity.cloud import PROJECT
from tests.sandbox.run.region import PLACE, RUNTIME, SERVER, V1, Region, layer, push, push_server
from tests.sandbox.services.registry import Registry


def test_a_release_comes_up_and_its_process_answers(region: Region) -> None:
    region.run_processes()
    container = {"env": [{"name": "SHOW", "value": "K_SERVICE K_REVISION K_CONFIGURATION GREETING"}]}
    container["env"].append({"name": "GREETING", "value": "good day"})
    begun = region.create(push_server(region.cloud), container).body
    assert "done" not in begun
    done = region.done(begun)
    assert done["response"]["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
    service = region.service()
    assert "reconciling" not in service
    region.open_to_all()
    answer = region.ask("/a/b?c=d")
    seen = json.loads(answer.content)
    revision = service["latestReadyRevision"].rpartition("/")[2]
    assert seen["path"] == "/a/b?c=d"
    assert seen["variables"] == {
        "K_SERVICE": "api",
        "K_CONFIGURATION": "api",
        "K_REVISION": revision,
        "GREETING": "good day",
    }
    assert answer.headers["x-sandbox-answered-by"] == "process"
    assert region.ask("/teapot").status == 418


def test_a_bad_release_fails_in_cloud_runs_words_and_the_good_one_goes_on(region: Region) -> None:
    region.run_processes()
    region.done(region.create(push_server(region.cloud)).body)
    good = region.service()["latestReadyRevision"]
    bad = region.patch(push_server(region.cloud, SERVER.replace("listening", "LISTENING").split("http.server.HTTP")[0]))
    error = region.done(bad.body)["error"]
    assert error["code"] == 9
    revision = region.service()["latestCreatedRevision"].rpartition("/")[2]
    expected = (
        f"Revision '{revision}' is not ready and cannot serve traffic. The user-provided container failed to start and "
        "listen on the port defined provided by the PORT=8080 environment variable within the allocated timeout."
    )
    assert error["message"].startswith(expected)
    assert region.service()["latestReadyRevision"] == good
    assert region.service()["terminalCondition"]["state"] == "CONDITION_FAILED"
    ready = region.v1()["status"]["conditions"][0]
    assert (ready["status"], ready["reason"]) == ("False", "RevisionFailed")
    region.open_to_all()
    assert json.loads(region.ask().content)["variables"] == {"K_SERVICE": "api"}


def test_a_process_that_listens_too_late_fails_its_probe(region: Region) -> None:
    region.run_processes()
    late = SERVER.rpartition("http.server.HTTPServer")[0] + "import threading; threading.Event().wait()\n"
    short = {"startupProbe": {"periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 1, "tcpSocket": {}}}
    assert "error" in region.done(region.create(push_server(region.cloud, late), short).body)


def test_a_command_that_the_image_does_not_have_fails(region: Region) -> None:
    region.run_processes()
    image = push(region.cloud, [layer({"app/x": SERVER})], {"Entrypoint": ["/app/none"]})
    message = region.done(region.create(image).body)["error"]["message"]
    assert 'Application failed to start: exec: "/app/none": no such file or directory' in message


def test_what_cannot_run_here_is_ready_and_says_why(region: Region) -> None:
    region.run_processes()
    arm = push(region.cloud, [layer({"app/x": SERVER})], {"Entrypoint": ["/app/x"]}, architecture="arm64")
    assert "response" in region.create(arm).body
    region.open_to_all()
    assert region.ask().headers["x-sandbox-answered-by"] == "placeholder; it is made for linux/arm64"
    strange = push(region.cloud, [layer({"app/x": "neither ELF nor a script"})], {"Entrypoint": ["/app/x"]})
    assert "response" in region.done(region.patch(strange).body)
    answered = region.ask().headers["x-sandbox-answered-by"]
    assert answered == "placeholder; x is neither a Linux program nor a script"


def test_nothing_is_started_unless_asked_for(region: Region) -> None:
    marker = region.cloud.world.folder / "started"
    program = f"#!/bin/sh\ntouch {marker}\n"
    assert "response" in region.create(push_server(region.cloud, program)).body
    region.open_to_all()
    assert region.ask().headers["x-sandbox-answered-by"] == "placeholder; the setting run_containers is off"
    assert not marker.exists()
    region.run_processes()
    region.done(region.patch(push_server(region.cloud, program), timeout="60s").body)
    assert marker.exists()


def test_secrets_reach_the_container(region: Region) -> None:
    region.run_processes()
    secrets = f"secretmanager.googleapis.com/v1/projects/{PROJECT}/secrets"
    region.cloud.ok("POST", f"{secrets}?secretId=db", {"replication": {"automatic": {}}})
    for data in ("Zmlyc3Q=", "c2Vjb25k"):
        region.cloud.ok("POST", f"{secrets}/db:addVersion", {"payload": {"data": data}})
    binding = {"role": "roles/secretmanager.secretAccessor", "members": [f"serviceAccount:{RUNTIME}"]}
    region.cloud.ok("POST", f"{secrets}/db:setIamPolicy", {"policy": {"bindings": [binding]}})
    reference = {"valueSource": {"secretKeyRef": {"secret": "db", "version": "1"}}}
    latest = {"valueSource": {"secretKeyRef": {"secret": "db", "version": "latest"}}}
    env = [{"name": "SHOW", "value": "OLD NEW"}, {"name": "OLD"} | reference, {"name": "NEW"} | latest]
    region.done(region.create(push_server(region.cloud), {"env": env}).body)
    region.open_to_all()
    assert json.loads(region.ask().content)["variables"] == {"OLD": "first", "NEW": "second"}


def test_a_process_that_ended_is_started_again_and_deleting_ends_it(region: Region) -> None:
    region.run_processes()
    region.done(region.create(push_server(region.cloud)).body)
    region.open_to_all()
    running = instances_of(region.cloud.world)
    (first,) = running.describe().values()
    assert region.ask("/end").status == 503
    assert region.ask().status == 200
    (second,) = running.describe().values()
    assert first["pid"] != second["pid"]
    region.cloud.ok("DELETE", f"run.googleapis.com/v2/{region.service()['name']}")
    assert running.describe() == {}
    assert region.ask().status == 404


def test_the_image_is_the_one_that_the_tag_meant(region: Region) -> None:
    region.run_processes()
    first = push_server(region.cloud)
    content = Registry(region.cloud).send("GET", f"/manifests/{first.partition('@')[2]}").content
    Registry(region.cloud).send(
        "PUT", "/manifests/v1", content, content_type="application/vnd.oci.image.manifest.v1+json"
    )
    region.done(region.create(f"{PLACE}:v1").body)
    Registry(region.cloud).push("v1")
    region.open_to_all()
    region.ask("/end")
    assert region.ask().status == 200
    shown = region.cloud.ok("GET", f"{V1}/revisions/{region.service()['latestReadyRevision'].rpartition('/')[2]}")
    assert shown["status"]["imageDigest"] == first


def test_processes_end_with_the_sandbox(region: Region) -> None:
    region.run_processes()
    region.done(region.create(push_server(region.cloud)).body)
    (found,) = instances_of(region.cloud.world).describe().values()
    assert Path(f"/proc/{found['pid']}").exists() or os.name != "posix"
    region.cloud.world.companions.close()
    assert not list((region.cloud.world.folder / "run").iterdir())
