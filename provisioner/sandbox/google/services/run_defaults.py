"""What Cloud Run fills in and refuses in a service it is sent.

https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services; defaults as the service answers them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument, unimplemented
from provisioner.sandbox.google.run.pods import check_number, check_pod, without_unspecified

Json = dict[str, Any]
USER_FIELDS = (
    "annotations",
    "binaryAuthorization",
    "client",
    "clientVersion",
    "customAudiences",
    "defaultUriDisabled",
    "description",
    "iapEnabled",
    "ingress",
    "invokerIamDisabled",
    "labels",
    "launchStage",
    "scaling",
    "template",
    "traffic",
)
_UNSUPPORTED = frozenset(("buildConfig", "functionalType", "multiRegionSettings", "sshEnabled"))
LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
_SERVICE_ID = re.compile(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?")
_IMAGE = re.compile(
    r"((?:[a-z]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev|docker\.io)/.+|[a-z0-9][a-z0-9._/-]*(:[\w.-]+)?"
)
_TAG = re.compile(r"[a-z]([a-z0-9-]{0,44}[a-z0-9])?")
_PORT = 8080
_WHOLE = 100
_LONGEST = 3600
_CONCURRENT = 1000
_INSTANCES = 10_000


def check_service_id(service_id: str) -> None:
    """Raise ApiError INVALID_ARGUMENT for an id against the rules."""
    if not _SERVICE_ID.fullmatch(service_id):
        text = "lower-case letters, digits and hyphens, a letter first, no hyphen last, under 50 characters"
        raise _violation("service_id", f"Violation in CreateServiceRequest.service_id: {text}: {service_id!r}")


def with_defaults(sent: Json, default_account: str) -> Json:
    """Return the user's part of a service with everything the server fills in. Raises ApiError INVALID_ARGUMENT."""
    unsupported(sent, _UNSUPPORTED, "a service")
    sent = without_unspecified(sent)
    service = {key: sent[key] for key in USER_FIELDS if sent.get(key) not in (None, "", {}, [])}
    service.setdefault("ingress", "INGRESS_TRAFFIC_ALL")
    service.setdefault("launchStage", "GA")
    service.setdefault("traffic", [{"type": LATEST, "percent": _WHOLE}])
    _check_traffic(service["traffic"])
    service["template"] = _template(service.get("template", {}), default_account)
    return service


def unsupported(sent: Json, fields: Iterable[str], kind: str) -> None:
    """Raise ApiError UNIMPLEMENTED, by name, for fields that the sandbox does not play."""
    found = sorted(field for field in fields if sent.get(field))
    if found:
        raise unimplemented(f"The sandbox does not implement {', '.join(found)} of {kind}.")


def container_of_job(sent: Json) -> Json:
    """Return a job's container with what the server fills in. Raises ApiError INVALID_ARGUMENT."""
    return _container(sent, serves=False)


def _template(sent: Json, default_account: str) -> Json:
    containers = sent.get("containers") or []
    if not containers:
        raise _violation("service.template.containers", "Revision template should contain at least 1 container(s).")
    defaults: Json = {
        "maxInstanceRequestConcurrency": 80,
        "timeout": "300s",
        "serviceAccount": default_account,
    }
    template = defaults | {key: value for key, value in sent.items() if value not in (None, "", {}, [], 0)}
    check_pod(template, "service.template")
    template["scaling"] = {"maxInstanceCount": 100} | template.get("scaling", {})
    _check_limits(template)
    single = len(containers) == 1
    template["containers"] = [_container(container, serves=single or "ports" in container) for container in containers]
    return template


def _check_limits(template: Json) -> None:
    place, scaling = "service.template", template["scaling"]
    check_number(f"{place}.timeout", float(template["timeout"].removesuffix("s")), 1, _LONGEST)
    check_number(f"{place}.max_instance_request_concurrency", template["maxInstanceRequestConcurrency"], 1, _CONCURRENT)
    check_number(f"{place}.scaling.max_instance_count", scaling["maxInstanceCount"], 1, _INSTANCES)
    least = scaling.get("minInstanceCount", 0)
    check_number(f"{place}.scaling.min_instance_count", least, 0, scaling["maxInstanceCount"])


def _container(sent: Json, *, serves: bool) -> Json:
    image = sent.get("image", "")
    if not _IMAGE.fullmatch(image.partition("@")[0]):
        raise _violation(
            "service.template.containers.image",
            "Expected an image path like [host/]repo-path[:tag and/or @digest], where host is one of [region.]gcr.io, "
            f"[region-]docker.pkg.dev or docker.io but obtained {image}",
        )
    container = dict(sent)
    container["resources"] = _resources(sent.get("resources", {}))
    if not serves:
        return container
    port = (sent.get("ports") or [{}])[0].get("containerPort", _PORT)
    container["ports"] = [{"name": "http1"} | ((sent.get("ports") or [{}])[0]) | {"containerPort": port}]
    default_probe = {"timeoutSeconds": 240, "periodSeconds": 240, "failureThreshold": 1, "tcpSocket": {"port": port}}
    container["startupProbe"] = _probe(sent["startupProbe"], port) if sent.get("startupProbe") else default_probe
    if sent.get("livenessProbe"):
        container["livenessProbe"] = _probe(sent["livenessProbe"], port)
    return container


def _resources(sent: Json) -> Json:
    return sent | {"limits": {"cpu": "1000m", "memory": "512Mi"} | (sent.get("limits") or {})}


def _probe(sent: Json, port: int) -> Json:
    probe: Json = {"timeoutSeconds": 1, "periodSeconds": 10, "failureThreshold": 3} | sent
    for action in ("httpGet", "tcpSocket", "grpc"):
        if action in probe:
            probe[action] = {"port": port} | probe[action]
    if "httpGet" in probe:
        probe["httpGet"] = {"path": "/"} | probe["httpGet"]
    return probe


def _check_traffic(targets: list[Json]) -> None:
    for target in targets:
        by_revision = target.get("type", BY_REVISION) == BY_REVISION
        if by_revision is not bool(target.get("revision")):
            raise _violation("service.traffic", "A traffic target names a revision exactly when its type is REVISION.")
        if target.get("tag") and not _TAG.fullmatch(target["tag"]):
            raise _violation("service.traffic.tag", f"Invalid traffic tag {target['tag']!r}.")
    total = sum(target.get("percent", 0) for target in targets)
    if total != _WHOLE:
        raise _violation("service.traffic", f"Traffic percentages must add up to 100, not {total}.")


def _violation(field: str, text: str) -> ApiError:
    return invalid_argument(text, (field, text))
