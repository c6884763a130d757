"""The v1 API: the same records as v2's in Knative's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.identity.cloud import NUMBER, PROJECT
from tests.sandbox.run.region import HELLO, NAME, PARENT, RUNTIME, V1, V2, Region

Json = dict[str, Any]
PLACES = f"run.googleapis.com/v1/{PARENT}"

# v2 template -> where v1 says the same; both directions are tested.
SPEC = {
    "containerConcurrency": 5,
    "timeoutSeconds": 60,
    "serviceAccountName": RUNTIME,
    "containers": [
        {
            "image": HELLO,
            "name": "web",
            "command": ["/run"],
            "args": ["--fast"],
            "workingDir": "/srv",
            "ports": [{"name": "h2c", "containerPort": 9000}],
            "env": [{"name": "A", "value": "1"}],
            "resources": {"limits": {"cpu": "2", "memory": "1Gi"}},
            "startupProbe": {"httpGet": {"path": "/up", "port": 9000}, "periodSeconds": 3, "timeoutSeconds": 2,
                             "failureThreshold": 4},
            "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}, {"name": "data", "mountPath": "/data"}],
        }
    ],
    "volumes": [
        {"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "10Mi"}},
        {"name": "data", "csi": {"driver": "gcsfuse.run.googleapis.com", "readOnly": True,
                                 "volumeAttributes": {"bucketName": "b", "mountOptions": "implicit-dirs"}}},
    ],
}  # fmt: skip
TEMPLATE_ANNOTATIONS = {
    "autoscaling.knative.dev/minScale": "1",
    "autoscaling.knative.dev/maxScale": "3",
    "run.googleapis.com/cpu-throttling": "false",
    "run.googleapis.com/startup-cpu-boost": "true",
    "run.googleapis.com/execution-environment": "gen2",
    "run.googleapis.com/sessionAffinity": "true",
    "run.googleapis.com/vpc-access-egress": "all-traffic",
    "run.googleapis.com/network-interfaces": '[{"network":"n","subnetwork":"s"}]',
    "run.googleapis.com/cloudsql-instances": "p:r:i",
    "run.googleapis.com/client-name": "gcloud",
    "example.com/own": "kept",
}
ANNOTATIONS = {
    "run.googleapis.com/ingress": "internal",
    "run.googleapis.com/description": "what it is for",
    "run.googleapis.com/custom-audiences": '["https://a.example"]',
    "run.googleapis.com/minScale": "1",
    "run.googleapis.com/launch-stage": "BETA",
    "run.googleapis.com/binary-authorization": "default",
    "example.com/own": "kept",
}


def _object(spec: Json | None = None, **metadata: Any) -> Json:
    template = spec or {"containers": [{"image": HELLO}], "serviceAccountName": RUNTIME}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "api", "namespace": PROJECT} | metadata,
        "spec": {"template": {"metadata": {}, "spec": template}},
    }


def _full() -> Json:
    body = _object(SPEC, annotations=ANNOTATIONS, labels={"team": "a"})
    body["spec"]["template"]["metadata"] = {"annotations": TEMPLATE_ANNOTATIONS, "labels": {"x": "y"}}
    return body


def test_what_v1_creates_v2_shows_in_its_own_fields(region: Region) -> None:
    region.cloud.ok("POST", f"{V1}/services", _full())
    service = region.service()
    assert (service["ingress"], service["launchStage"]) == ("INGRESS_TRAFFIC_INTERNAL_ONLY", "BETA")
    assert (service["description"], service["customAudiences"]) == ("what it is for", ["https://a.example"])
    assert (service["scaling"], service["labels"]) == ({"minInstanceCount": 1}, {"team": "a"})
    assert (service["binaryAuthorization"], service["annotations"]) == (
        {"useDefault": True},
        {"example.com/own": "kept"},
    )
    template = service["template"]
    assert (template["maxInstanceRequestConcurrency"], template["timeout"]) == (5, "60s")
    assert template["scaling"] == {"minInstanceCount": 1, "maxInstanceCount": 3}
    assert template["vpcAccess"] == {
        "egress": "ALL_TRAFFIC",
        "networkInterfaces": [{"network": "n", "subnetwork": "s"}],
    }
    assert (template["executionEnvironment"], template["sessionAffinity"]) == ("EXECUTION_ENVIRONMENT_GEN2", True)
    container = template["containers"][0]
    assert container["resources"] == {
        "limits": {"cpu": "2", "memory": "1Gi"},
        "cpuIdle": False,
        "startupCpuBoost": True,
    }
    assert container["volumeMounts"][-1] == {"name": "cloudsql", "mountPath": "/cloudsql"}
    assert template["volumes"][1]["gcs"] == {"bucket": "b", "mountOptions": ["implicit-dirs"], "readOnly": True}
    assert template["volumes"][2]["cloudSqlInstance"] == {"instances": ["p:r:i"]}


def test_what_v1_reads_it_may_write_back_without_a_change(region: Region) -> None:
    made = region.cloud.ok("POST", f"{V1}/services", _full())
    shown = region.v1()
    assert shown == made
    assert ANNOTATIONS.items() <= shown["metadata"]["annotations"].items()
    assert TEMPLATE_ANNOTATIONS.items() <= shown["spec"]["template"]["metadata"]["annotations"].items()
    spec = shown["spec"]["template"]["spec"]
    assert spec["containers"][0]["env"] == SPEC["containers"][0]["env"]  # type: ignore[index]
    assert (spec["volumes"], spec["containers"][0]["volumeMounts"]) == (
        SPEC["volumes"],
        SPEC["containers"][0]["volumeMounts"],  # type: ignore[index]
    )
    before = region.service()
    region.cloud.ok("PUT", f"{V1}/services/api", shown)
    after = region.service()
    assert after["template"] == before["template"]
    assert after["latestCreatedRevision"] == before["latestCreatedRevision"]
    assert (before["generation"], after["generation"]) == ("1", "2")


def test_what_v2_creates_v1_shows(region: Region) -> None:
    region.create()
    shown = region.v1()
    assert shown["metadata"]["namespace"] == NUMBER
    assert json.loads(shown["metadata"]["annotations"]["run.googleapis.com/urls"]) == region.service()["urls"]
    assert shown["metadata"]["labels"] == {"cloud.googleapis.com/location": "europe-west1"}
    assert [(found["type"], found["status"]) for found in shown["status"]["conditions"]] == [
        ("Ready", "True"),
        ("RoutesReady", "True"),
        ("ConfigurationsReady", "True"),
    ]
    assert shown["status"]["traffic"][0]["revisionName"] == shown["status"]["latestReadyRevisionName"]
    everywhere = region.cloud.ok("GET", f"{PLACES.replace('europe-west1', '-')}/services")
    assert [item["metadata"]["name"] for item in everywhere["items"]] == ["api"]


def test_a_resource_version_that_was_overtaken_conflicts(region: Region) -> None:
    made = region.cloud.ok("POST", f"{V1}/services", _object())
    region.cloud.ok("PUT", f"{V1}/services/api", made)
    stale = region.cloud.call("PUT", f"{V1}/services/api", made)
    version, current = made["metadata"]["resourceVersion"], region.v1()["metadata"]["resourceVersion"]
    text = f"Conflict for resource 'api': version '{version}' was specified but current version is '{current}'."
    assert (stale.status, stale.message) == (409, text)
    del made["metadata"]["resourceVersion"]
    assert region.cloud.call("PUT", f"{V1}/services/api", made).status == 200


def test_dry_runs_answer_and_change_nothing(region: Region) -> None:
    shown = region.cloud.ok("POST", f"{V1}/services?dryRun=all", _object())
    assert shown["status"]["latestReadyRevisionName"].startswith("api-00001-")
    assert region.cloud.call("GET", f"{V1}/services/api").status == 404
    assert region.cloud.call("POST", f"{V1}/services?dryRun=some", _object()).status == 400
    assert region.cloud.call(
        "POST", f"{V2}/{PARENT}/services?serviceId=api&validateOnly=true", region.body(HELLO)
    ).body["done"]
    assert region.cloud.call("GET", f"{V2}/{NAME}").status == 404


def test_revisions_are_chosen_by_label_and_paged_newest_first(region: Region) -> None:
    for number in (1, 2, 3):
        body = _object()
        body["spec"]["template"]["metadata"] = {"name": f"api-r{number}", "labels": {"n": str(number)}}
        region.cloud.call("POST", f"{V1}/services", body)
        region.cloud.call("PUT", f"{V1}/services/api", body)

    def names(query: str) -> list[str]:
        listed = region.cloud.ok("GET", f"{V1}/revisions", query={"labelSelector": query})
        return sorted(item["metadata"]["name"] for item in listed["items"])

    assert names("serving.knative.dev/service = api") == ["api-r1", "api-r2", "api-r3"]
    assert names("serving.knative.dev/service=other") == []
    assert names("serving.knative.dev/service, n in (1, 3)") == ["api-r1", "api-r3"]
    assert names("n notin (1),n!=3") == ["api-r2"]
    assert names("!n") == []
    assert region.cloud.call("GET", f"{V1}/revisions", query={"labelSelector": "a=b=c"}).status == 400
    first = region.cloud.ok("GET", f"{V1}/revisions?limit=2")
    rest = region.cloud.ok("GET", f"{V1}/revisions", query={"limit": "2", "continue": first["metadata"]["continue"]})
    assert (len(first["items"]), len(rest["items"]), "continue" in rest["metadata"]) == (2, 1, False)
    active = {item["metadata"]["name"]: item["status"]["conditions"][-1] for item in first["items"] + rest["items"]}
    assert {name: found["status"] for name, found in active.items()} == {
        "api-r1": "False",
        "api-r2": "False",
        "api-r3": "True",
    }
    assert region.cloud.call("DELETE", f"{V1}/revisions/api-r3").status == 400
    assert region.cloud.ok("DELETE", f"{V1}/revisions/api-r1")["status"] == "Success"
    assert region.cloud.call("GET", f"{V2}/{NAME}/revisions/api-r1").status == 404


def test_configurations_routes_and_locations_are_there(region: Region) -> None:
    region.create()
    for kind in ("configurations", "routes"):
        shown = region.cloud.ok("GET", f"{V1}/{kind}/api")
        assert shown["metadata"]["labels"]["serving.knative.dev/service"] == "api"
        assert region.cloud.ok("GET", f"{V1}/{kind}")["items"] == [shown]
    locations = region.cloud.ok("GET", f"run.googleapis.com/v1/projects/{PROJECT}/locations")["locations"]
    assert {"locationId": "europe-west1", "displayName": "Belgium"}.items() <= locations[6].items()


def test_an_operation_says_the_service_in_the_words_of_its_api(region: Region) -> None:
    region.cloud.ok("POST", f"{V1}/services", _object())
    name = region.v1()["metadata"]["annotations"]["run.googleapis.com/operation-id"]
    first = region.cloud.ok("POST", f"europe-west1-run.googleapis.com/v1/{PARENT}/operations/{name}:wait", {})
    assert first["response"]["kind"] == "Service"
    second = region.cloud.ok("GET", f"{V2}/{PARENT}/operations/{name}")
    assert second["response"]["uri"] == first["response"]["status"]["url"]
    assert [found["name"] for found in region.cloud.ok("GET", f"{V2}/{PARENT}/operations")["operations"]] == [
        second["name"]
    ]
    region.cloud.ok("DELETE", f"{V2}/{second['name']}")
    assert region.cloud.call("GET", f"{V2}/{second['name']}").status == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"kind": "Route"}, 400),
        ({"metadata": {}}, 400),
        ({"metadata": {"name": "api", "generateName": "x"}}, 501),
        ({"metadata": {"name": "api", "annotations": {"run.googleapis.com/ingress": "sideways"}}}, 400),
        ({"metadata": {"name": "api", "annotations": {"run.googleapis.com/unheard-of": "x"}}}, 501),
        (
            {"spec": {"template": {"spec": {"containers": [{"image": HELLO, "securityContext": {"runAsUser": 1}}]}}}},
            501,
        ),
        ({"spec": {"template": {"spec": {"containers": [{"image": HELLO, "unheardOf": 1}]}}}}, 400),
        ({"spec": {"template": {"spec": {"containers": []}}}}, 400),
    ],
)
def test_what_is_not_understood_is_refused(region: Region, change: Json, status: int) -> None:
    assert region.cloud.call("POST", f"{V1}/services", _object() | change).status == status
    assert region.cloud.call("GET", f"{V1}/services/api").status == 404


def test_v2_refuses_annotations_that_it_has_fields_for(region: Region) -> None:
    body = region.body(HELLO) | {"annotations": {"run.googleapis.com/ingress": "all"}}
    assert region.cloud.call("POST", f"{V2}/{PARENT}/services?serviceId=api", body).status == 400


def test_iam_decides_in_v1_too(region: Region) -> None:
    region.create()
    ann = region.cloud.user_token("ann@example.com")
    assert region.cloud.call("GET", f"{V1}/services/api", token=ann).status == 403
    binding = {"role": "roles/run.viewer", "members": ["user:ann@example.com"]}
    region.cloud.ok("POST", f"{PLACES}/services/api:setIamPolicy", {"policy": {"bindings": [binding]}})
    assert region.cloud.call("GET", f"{V1}/services/api", token=ann).status == 200
    assert region.cloud.call("PUT", f"{V1}/services/api", _object(), token=ann).status == 403
    assert region.cloud.call("GET", f"{V1}/services", token=ann).status == 403


_MOUNT = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}


@pytest.mark.parametrize(
    "change",
    [
        {"containers": [{"image": HELLO, "env": [{"value": "x"}]}]},
        {"containers": [{"image": HELLO, "env": [{"name": "A"}, {"name": "A"}]}]},
        {"containers": [{"image": HELLO, "env": [{"name": "A", "valueSource": {"secretKeyRef": {"version": "1"}}}]}]},
        {"containers": [{"image": HELLO} | _MOUNT]},
        {"containers": [{"image": HELLO} | _MOUNT], "volumes": [{"name": "v"}]},
        {"containers": [{"image": HELLO}], "volumes": [{"name": "v", "gcs": {}}]},
        {"containers": [{"image": HELLO, "dependsOn": ["none"]}]},
        {"containers": [{"image": HELLO, "name": "a"}, {"image": HELLO, "name": "a"}]},
        {"containers": [{"image": HELLO, "ports": [{"containerPort": 70000}]}]},
        {"timeout": "3601s"},
        {"maxInstanceRequestConcurrency": 1001},
        {"scaling": {"minInstanceCount": 5, "maxInstanceCount": 4}},
    ],
)
def test_a_template_that_cannot_be_is_refused(region: Region, change: Json) -> None:
    body = region.body(HELLO)
    body["template"] |= change
    assert region.cloud.call("POST", f"{V2}/{PARENT}/services?serviceId=api", body).status == 400
    assert region.cloud.call("GET", f"{V2}/{NAME}").status == 404
