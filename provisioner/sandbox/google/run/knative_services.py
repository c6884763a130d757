"""Services, revisions, configurations and routes in the words of v1, and services back.

https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services and
https://cloud.google.com/run/docs/reference/yaml/v1.
"""

from __future__ import annotations

import json
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument, unimplemented
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.run.knative import LOCATION_LABEL, SERVING, condition, location_labels, metadata
from provisioner.sandbox.google.run.knative_annotations import (
    OF_REVISION,
    OF_SERVICE,
    read_annotations,
    read_labels,
    write_annotations,
)
from provisioner.sandbox.google.run.knative_containers import TAKEN, read_pod, serving, write_pod
from provisioner.sandbox.google.run.names import LAST_OPERATIONS, SERVICES, last
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
_BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
_INGRESS_STATUS = "run.googleapis.com/ingress-status"
_OUTPUT_METADATA = frozenset(
    ("clusterName", "creationTimestamp", "deletionTimestamp", "generation", "namespace", "resourceVersion", "selfLink")
)


def check_object(call: Call, api: str, kind: str) -> str:
    """Return the name in an object that was sent. Raises ApiError INVALID_ARGUMENT if it is none of this kind."""
    body = call.body
    if body.get("apiVersion", api) != api or body.get("kind", kind) != kind:
        raise _invalid("kind", f"expected {kind} of {api}, got {body.get('kind')} of {body.get('apiVersion')}")
    name = body.get("metadata", {}).get("name", "")
    if not name:
        raise _invalid("metadata.name", "Must be set.")
    known = {"name", "labels", "annotations", "uid", *_OUTPUT_METADATA}
    other = sorted(field for field, value in body["metadata"].items() if value and field not in known)
    if other:
        raise unimplemented(f"The sandbox does not implement metadata.{other[0]}.")
    return str(name)


def read_service(body: Json) -> Json:
    """Return a v1 service as the body that v2 would be sent."""
    meta, spec = body.get("metadata", {}), body.get("spec", {})
    service = read_annotations(meta.get("annotations", {}), OF_SERVICE, frozenset())
    labels = read_labels(meta.get("labels", {}))
    service |= {"labels": labels} if labels else {}
    if service.get("binaryAuthorization", {}).get("policy") == "default":
        service["binaryAuthorization"] = {"useDefault": True}
    service["template"] = _read_template(spec.get("template", {}))
    if spec.get("traffic"):
        service["traffic"] = [_read_target(target) for target in spec["traffic"]]
    return service


def show_service(call: Call, service: Document) -> Json:
    """Return a service in the words of v1."""
    meta = metadata(call, service, "services")
    meta["labels"] = location_labels(service)
    meta["annotations"] = write_annotations(_named_policy(service), OF_SERVICE) | {
        "serving.knative.dev/creator": service["creator"],
        "serving.knative.dev/lastModifier": service["lastModifier"],
        "run.googleapis.com/urls": json.dumps(service["urls"], separators=(",", ":")),
    }
    meta["annotations"][_INGRESS_STATUS] = meta["annotations"]["run.googleapis.com/ingress"]
    operation = call.tx.get(LAST_OPERATIONS, service["name"])
    if operation:
        meta["annotations"]["run.googleapis.com/operation-id"] = last(operation["name"])
    return {
        "apiVersion": SERVING,
        "kind": "Service",
        "metadata": meta,
        "spec": {"template": _show_template(service["template"]), "traffic": [*map(_show_target, service["traffic"])]},
        "status": _status(service) | {"address": {"url": service["uri"]}, "url": service["uri"]},
    }


def show_configuration(call: Call, service: Document) -> Json:
    """Return the configuration behind a service: what its revisions are made from."""
    meta = metadata(call, service, "configurations") | {"labels": location_labels(service) | _owned(service)}
    status = _status(service)
    ready = service["conditions"][1] | {"type": "Ready"}
    fields = ("observedGeneration", "latestCreatedRevisionName", "latestReadyRevisionName")
    shown = {field: status[field] for field in fields if field in status} | {"conditions": [condition(ready)]}
    template = _show_template(service["template"])
    return _object("Configuration", meta, {"template": template}, shown)


def show_route(call: Call, service: Document) -> Json:
    """Return the route behind a service: which revisions requests go to."""
    meta = metadata(call, service, "routes") | {"labels": location_labels(service) | _owned(service)}
    status = _status(service)
    ready = service["conditions"][0] | {"type": "Ready"}
    shown = {"observedGeneration": status["observedGeneration"], "conditions": [condition(ready)]}
    shown |= {"traffic": status["traffic"], "url": service["uri"], "address": {"url": service["uri"]}}
    return _object("Route", meta, {"traffic": [*map(_show_target, service["traffic"])]}, shown)


def show_revision(call: Call, revision: Document) -> Json:
    """Return a revision (as it is kept) in the words of v1."""
    shown, template = revision["shown"], revision["template"]
    service = call.tx.get(SERVICES, shown["name"].partition("/revisions/")[0]) or {}
    made = _show_template(template)
    name = last(shown["name"])
    meta = metadata(call, shown, "revisions") | {
        "labels": made["metadata"].get("labels", {}) | _revision_labels(shown, service),
        "annotations": made["metadata"].get("annotations", {}) | {"serving.knative.dev/creator": shown["creator"]},
        "ownerReferences": [_owner(shown, service)],
    }
    conditions = [condition(found) for found in shown["conditions"]]
    status = {"observedGeneration": 1, "conditions": [*conditions, _active(service, name, shown)]}
    status |= {"logUrl": shown["logUri"]} if "logUri" in shown else {}
    status |= {"imageDigest": revision["imageDigest"]} if revision.get("imageDigest") else {}
    return _object("Revision", meta, made["spec"], status)


def _object(kind: str, meta: Json, spec: Json, status: Json) -> Json:
    return {"apiVersion": SERVING, "kind": kind, "metadata": meta, "spec": spec, "status": status}


def _read_template(sent: Json) -> Json:
    meta, spec = sent.get("metadata", {}), sent.get("spec", {})
    annotations = meta.get("annotations", {})
    template = read_annotations(annotations, OF_REVISION, TAKEN) | read_pod(spec, annotations)
    labels = read_labels(meta.get("labels", {}))
    template |= {"labels": labels} if labels else {}
    template |= {"revision": meta["name"]} if meta.get("name") else {}
    for field, name in (("containerConcurrency", "maxInstanceRequestConcurrency"), ("serviceAccountName", _ACCOUNT)):
        if spec.get(field):
            template[name] = spec[field]
    if spec.get("timeoutSeconds"):
        template["timeout"] = f"{spec['timeoutSeconds']}s"
    return template


_ACCOUNT = "serviceAccount"


def _show_template(template: Json) -> Json:
    pod, annotations = write_pod(template)
    annotations |= write_annotations(template, OF_REVISION)
    probe = serving(template["containers"]).get("startupProbe", {})
    default = "tcpSocket" in probe and probe.get("periodSeconds") == probe.get("timeoutSeconds") == 240  # noqa: PLR2004
    labels = template.get("labels", {}) | {"run.googleapis.com/startupProbeType": "Default" if default else "Custom"}
    meta: Json = {"labels": labels} | ({"annotations": annotations} if annotations else {})
    meta |= {"name": template["revision"]} if template.get("revision") else {}
    spec: Json = {
        "containerConcurrency": template["maxInstanceRequestConcurrency"],
        "timeoutSeconds": int(float(template["timeout"].removesuffix("s"))),
        "serviceAccountName": template["serviceAccount"],
    }
    return {"metadata": meta, "spec": spec | pod}


def _read_target(sent: Json) -> Json:
    if sent.get("configurationName"):
        raise _invalid("spec.traffic.configurationName", "Traffic goes to revisions of this very service.")
    target: Json = {key: sent[key] for key in ("percent", "tag") if sent.get(key)}
    if sent.get("revisionName"):
        return target | {"type": _BY_REVISION, "revision": sent["revisionName"]}
    return target | {"type": _LATEST}


def _show_target(target: Json) -> Json:
    shown = {key: target[key] for key in ("percent", "tag") if key in target}
    if target.get("revision"):
        return shown | {"revisionName": target["revision"]}
    return shown | {"latestRevision": True}


def _status(service: Document) -> Json:
    status: Json = {
        "observedGeneration": int(service["observedGeneration"]),
        "conditions": [condition(found) for found in (service["terminalCondition"], *service["conditions"])],
        "latestCreatedRevisionName": last(service["latestCreatedRevision"]),
    }
    latest = last(service.get("latestReadyRevision", ""))
    status |= {"latestReadyRevisionName": latest} if latest else {}
    named = [_show_target(target) for target in service["trafficStatuses"]]
    addresses = [target.get("uri") for target in service["trafficStatuses"]]
    status["traffic"] = [
        ({"revisionName": latest} if latest else {}) | target | ({"url": address} if address else {})
        for target, address in zip(named, addresses, strict=True)
    ]
    return status


def _owned(service: Document) -> dict[str, str]:
    return {"serving.knative.dev/service": last(service["name"]), "serving.knative.dev/serviceUid": service["uid"]}


def _revision_labels(shown: Document, service: Document) -> dict[str, str]:
    labels = {LOCATION_LABEL: shown["name"].split("/")[3], "serving.knative.dev/configuration": shown["service"]}
    labels |= {"serving.knative.dev/service": shown["service"]}
    return labels | ({"serving.knative.dev/serviceUid": service["uid"]} if service else {})


def _owner(shown: Document, service: Document) -> Json:
    return {
        "apiVersion": SERVING,
        "kind": "Configuration",
        "name": shown["service"],
        "uid": service.get("uid", ""),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _active(service: Document, name: str, shown: Document) -> Json:
    """Return the condition that says whether requests may come: traffic, a tag, or the newest revision."""
    named = {target.get("revision") for target in service.get("traffic", [])}
    active = name in named or last(service.get("latestReadyRevision", "")) == name
    found = {"type": "Active", "status": "True" if active else "False", "severity": "Info"}
    found["lastTransitionTime"] = shown["updateTime"]
    return found | ({} if active else {"reason": "Retired", "message": "Revision retired."})


def _named_policy(service: Document) -> Document:
    authorization = service.get("binaryAuthorization", {})
    if not authorization.get("useDefault"):
        return service
    return service | {"binaryAuthorization": authorization | {"policy": "default"}}


def _invalid(place: str, text: str) -> ApiError:
    return invalid_argument(f"{place}: {text}", (place, text))
