"""Containers and volumes: what v1 (Knative) and v2 call the same things.

https://cloud.google.com/run/docs/reference/rest/v1/Container and …/v1/RevisionSpec#Volume.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument, unimplemented

Json = dict[str, Any]
_SAME = ("name", "image", "command", "args", "workingDir")
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
_NO_MEANING = frozenset(("imagePullPolicy", "terminationMessagePath", "terminationMessagePolicy"))
_BUCKETS = "gcsfuse.run.googleapis.com"
_THROTTLING = "run.googleapis.com/cpu-throttling"
_BOOST = "run.googleapis.com/startup-cpu-boost"
_ORDER = "run.googleapis.com/container-dependencies"
_SQL = "run.googleapis.com/cloudsql-instances"
_ALIASES = "run.googleapis.com/secrets"
_SQL_VOLUME = "cloudsql"
TAKEN = frozenset((_THROTTLING, _BOOST, _ORDER, _SQL, _ALIASES))


def read_pod(spec: Json, annotations: Mapping[str, str]) -> Json:
    """Return ``containers`` and ``volumes`` of v2 for a v1 spec and its template's annotations."""
    aliases = _aliases(annotations.get(_ALIASES, ""))
    order = _json(_ORDER, annotations.get(_ORDER, "{}"))
    containers = [_read_container(container, aliases) for container in spec.get("containers", [])]
    for container in containers:
        if container.get("name") in order:
            container["dependsOn"] = order[container["name"]]
    _read_cpu(containers, annotations)
    volumes = [_read_volume(volume, aliases) for volume in spec.get("volumes", [])]
    if annotations.get(_SQL) and containers:
        volumes.append({"name": _SQL_VOLUME, "cloudSqlInstance": {"instances": annotations[_SQL].split(",")}})
        serving(containers).setdefault("volumeMounts", []).append({"name": _SQL_VOLUME, "mountPath": "/cloudsql"})
    accelerator = spec.get("nodeSelector", {}).get("run.googleapis.com/accelerator")
    selector = {"nodeSelector": {"accelerator": accelerator}} if accelerator else {}
    return {"containers": containers} | ({"volumes": volumes} if volumes else {}) | selector


def write_pod(template: Json) -> tuple[Json, dict[str, str]]:
    """Return the v1 spec's containers and volumes and the annotations that go with them."""
    annotations = {}
    containers = template.get("containers", [])
    order = {container["name"]: container["dependsOn"] for container in containers if container.get("dependsOn")}
    if order:
        annotations[_ORDER] = json.dumps(order)
    resources = serving(containers).get("resources", {}) if containers else {}
    for name, field, turned in ((_THROTTLING, "cpuIdle", True), (_BOOST, "startupCpuBoost", True)):
        if field in resources:
            annotations[name] = "true" if resources[field] is turned else "false"
    volumes = []
    for volume in template.get("volumes", []):
        if "cloudSqlInstance" in volume:
            annotations[_SQL] = ",".join(volume["cloudSqlInstance"]["instances"])
        else:
            volumes.append(_write_volume(volume))
    spec: Json = {"containers": [_write_container(container) for container in containers]}
    if "nodeSelector" in template:
        spec["nodeSelector"] = {"run.googleapis.com/accelerator": template["nodeSelector"]["accelerator"]}
    return spec | ({"volumes": volumes} if volumes else {}), annotations


def serving(containers: list[Json]) -> Json:
    """Return the container that requests go to: the one with a port, or the only one."""
    return next((container for container in containers if container.get("ports")), containers[0])


def _read_container(sent: Json, aliases: Mapping[str, str]) -> Json:
    container = {key: sent[key] for key in _SAME if sent.get(key)}
    known = {*_SAME, *_PROBES, *_NO_MEANING, "env", "ports", "resources", "volumeMounts"}
    other = sorted(set(sent) - known)
    if other:
        raise unimplemented(f"The sandbox does not implement {', '.join(other)} of a container.")
    if sent.get("env"):
        container["env"] = [_read_variable(variable, aliases) for variable in sent["env"]]
    if sent.get("ports"):
        container["ports"] = [{k: v for k, v in port.items() if k != "protocol"} for port in sent["ports"]]
    if sent.get("resources", {}).get("limits"):
        container["resources"] = {"limits": sent["resources"]["limits"]}
    for name in _PROBES:
        if name in sent:
            container[name] = _read_probe(sent[name], name)
    mounts = [{k: v for k, v in mount.items() if k != "readOnly"} for mount in sent.get("volumeMounts", [])]
    mounts = [mount for mount in mounts if mount.get("name") != _SQL_VOLUME]
    return container | ({"volumeMounts": mounts} if mounts else {})


def _read_variable(sent: Json, aliases: Mapping[str, str]) -> Json:
    source = sent.get("valueFrom")
    if not source:
        return {"name": sent.get("name", ""), "value": sent.get("value", "")}
    if "secretKeyRef" not in source:
        raise unimplemented("The sandbox does not implement configMapKeyRef: Cloud Run has no config maps.")
    reference = source["secretKeyRef"]
    secret = reference.get("name", "")
    value = {"secret": aliases.get(secret, secret), "version": reference.get("key", "latest")}
    return {"name": sent.get("name", ""), "valueSource": {"secretKeyRef": value}}


def _write_variable(variable: Json) -> Json:
    reference = variable.get("valueSource", {}).get("secretKeyRef")
    if reference is None:
        return {key: variable[key] for key in ("name", "value") if key in variable}
    key = {"key": reference.get("version", "latest"), "name": reference["secret"]}
    return {"name": variable["name"], "valueFrom": {"secretKeyRef": key}}


def _read_probe(sent: Json, name: str) -> Json:
    if "exec" in sent:
        raise _invalid(f"{name}.exec", "exec probes are not supported.")
    return {key: value for key, value in sent.items() if key != "successThreshold"}


def _write_container(container: Json) -> Json:
    shown = {key: container[key] for key in (*_SAME, "ports", "volumeMounts", *_PROBES) if key in container}
    mounts = [mount for mount in shown.pop("volumeMounts", []) if mount["name"] != _SQL_VOLUME]
    if mounts:
        shown["volumeMounts"] = mounts
    if container.get("env"):
        shown["env"] = [_write_variable(variable) for variable in container["env"]]
    if container.get("resources", {}).get("limits"):
        shown["resources"] = {"limits": container["resources"]["limits"]}
    return shown


def _read_volume(sent: Json, aliases: Mapping[str, str]) -> Json:
    volume: Json = {"name": sent.get("name", "")}
    if "secret" in sent:
        return volume | {"secret": _read_secret(sent["secret"], aliases)}
    if "csi" in sent:
        return volume | {"gcs": _read_bucket(sent["csi"])}
    for kind in ("emptyDir", "nfs"):
        if kind in sent:
            return volume | {kind: sent[kind]}
    raise _invalid("spec.template.spec.volumes", f"Volume {volume['name']!r} has no source that Cloud Run knows.")


def _read_secret(sent: Json, aliases: Mapping[str, str]) -> Json:
    secret = sent.get("secretName", "")
    items = [{_ITEM.get(key, key): value for key, value in item.items()} for item in sent.get("items", [])]
    mode = {"defaultMode": sent["defaultMode"]} if "defaultMode" in sent else {}
    return {"secret": aliases.get(secret, secret)} | mode | ({"items": items} if items else {})


_ITEM = {"key": "version"}


def _read_bucket(sent: Json) -> Json:
    if sent.get("driver") != _BUCKETS:
        raise _invalid("spec.template.spec.volumes.csi.driver", f"Unsupported driver {sent.get('driver')!r}.")
    attributes = sent.get("volumeAttributes", {})
    found: Json = {"bucket": attributes.get("bucketName", "")}
    if attributes.get("mountOptions"):
        found["mountOptions"] = attributes["mountOptions"].split(",")
    return found | ({"readOnly": sent["readOnly"]} if "readOnly" in sent else {})


def _write_volume(volume: Json) -> Json:
    if "secret" in volume:
        source = volume["secret"]
        items = [{"key" if k == "version" else k: v for k, v in item.items()} for item in source.get("items", [])]
        mode = {"defaultMode": source["defaultMode"]} if "defaultMode" in source else {}
        shown = {"secretName": source["secret"]} | mode | ({"items": items} if items else {})
        return {"name": volume["name"], "secret": shown}
    if "gcs" in volume:
        source = volume["gcs"]
        attributes = {"bucketName": source["bucket"]}
        if source.get("mountOptions"):
            attributes["mountOptions"] = ",".join(source["mountOptions"])
        read_only = {"readOnly": source["readOnly"]} if "readOnly" in source else {}
        return {"name": volume["name"], "csi": {"driver": _BUCKETS, "volumeAttributes": attributes} | read_only}
    return dict(volume)


def _read_cpu(containers: list[Json], annotations: Mapping[str, str]) -> None:
    for name, field in ((_THROTTLING, "cpuIdle"), (_BOOST, "startupCpuBoost")):
        if name in annotations and containers:
            resources = serving(containers).setdefault("resources", {})
            resources[field] = annotations[name].lower() == "true"


def _aliases(text: str) -> dict[str, str]:
    """Read ``alias:projects/1/secrets/name,…``."""
    return dict(pair.split(":", 1) for pair in text.split(",") if ":" in pair)


def _json(name: str, text: str) -> Json:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _invalid(f"metadata.annotations[{name}]", f"Invalid value: {text!r}")
    return found


def _invalid(place: str, text: str) -> ApiError:
    return invalid_argument(f"{place}: {text}", (place, text))
