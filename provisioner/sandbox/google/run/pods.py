"""What a template's containers and volumes must say before Cloud Run takes it.

https://cloud.google.com/run/docs/reference/rest/v2/Container and …/rest/v2/Volume.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument

Json = dict[str, Any]
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
_HIGHEST_PORT = 65535
# What a source cannot do without.
_SOURCES = {"secret": "secret", "gcs": "bucket", "nfs": "server", "cloudSqlInstance": "instances", "emptyDir": ""}


def without_unspecified(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a body without enum values that mean nothing was said."""
    if isinstance(value, dict):
        return {key: without_unspecified(inner) for key, inner in value.items() if not _unspecified(inner)}
    return [without_unspecified(inner) for inner in value] if isinstance(value, list) else value


def check_pod(template: Json, place: str) -> None:
    """Raise ApiError INVALID_ARGUMENT for containers or volumes that lack something, or name what is not there.

    ``place`` is where the template stands (``service.template``), for the message.
    """
    for where, text in _problems(template):
        raise _violation(f"{place}.{where}", text)


def check_number(place: str, value: float, low: float, high: float) -> None:
    """Raise ApiError INVALID_ARGUMENT unless a value is within its limits."""
    if not low <= value <= high:
        raise _violation(place, f"must be between {low:g} and {high:g}, not {value:g}.")


def _problems(template: Json) -> Iterator[tuple[str, str]]:
    containers, volumes = template.get("containers", []), template.get("volumes", [])
    names = [container["name"] for container in containers if container.get("name")]
    known = [volume.get("name") for volume in volumes]
    if len(set(names)) < len(names) or len(set(known)) < len(known):
        yield "name", "two containers or two volumes have the same name."
    if len([container for container in containers if container.get("ports")]) > 1:
        yield "containers.ports", "only one container may have a port."
    for volume in volumes:
        yield from _volume_problems(volume)
    for container in containers:
        yield from _variable_problems(container)
        yield from _mount_problems(container, known)
        yield from _probe_problems(container)
        missing = set(container.get("dependsOn", [])) - set(names)
        if missing:
            yield "containers.depends_on", f"there is no container {min(missing)!r}."
    if "nodeSelector" in template and not template["nodeSelector"].get("accelerator"):
        yield "node_selector.accelerator", "must be set."


def _volume_problems(volume: Json) -> Iterator[tuple[str, str]]:
    if not volume.get("name"):
        yield "volumes.name", "must be set."
    sources = [kind for kind in volume if kind != "name"]
    if len(sources) != 1:
        yield "volumes", f"volume {volume.get('name')!r} must have exactly one source."
    for kind in sources:
        needed = _SOURCES.get(kind, "")
        if needed and not volume[kind].get(needed):
            yield f"volumes.{kind}.{needed}", "must be set."
        if any(not item.get("path") for item in volume[kind].get("items", [])):
            yield f"volumes.{kind}.items.path", "must be set."


def _variable_problems(container: Json) -> Iterator[tuple[str, str]]:
    names = [variable.get("name", "") for variable in container.get("env", [])]
    if not all(names):
        yield "containers.env.name", "must be set."
    if len(set(names)) < len(names):
        yield "containers.env.name", "a variable is set twice."
    for variable in container.get("env", []):
        source = variable.get("valueSource")
        if source is not None and not source.get("secretKeyRef", {}).get("secret"):
            yield "containers.env.value_source.secret_key_ref.secret", "must be set."


def _mount_problems(container: Json, known: list[str | None]) -> Iterator[tuple[str, str]]:
    for mount in container.get("volumeMounts", []):
        if mount.get("name") not in known:
            yield "containers.volume_mounts.name", f"Volume with name {mount.get('name')!r} not found."
        if not str(mount.get("mountPath", "")).startswith("/"):
            yield "containers.volume_mounts.mount_path", "must be an absolute path."


def _probe_problems(container: Json) -> Iterator[tuple[str, str]]:
    for port in container.get("ports", []):
        if not 0 <= port.get("containerPort", 0) <= _HIGHEST_PORT:
            yield "containers.ports.container_port", f"must be between 1 and {_HIGHEST_PORT}."
    for name in _PROBES:
        probe = container.get(name, {})
        numbers = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold")
        if any(probe.get(field, 0) < 0 for field in numbers):
            yield f"containers.{name}", "numbers must not be negative."
        headers = probe.get("httpGet", {}).get("httpHeaders", [])
        if any(not header.get("name") for header in headers):
            yield f"containers.{name}.http_get.http_headers.name", "must be set."


def _unspecified(value: object) -> bool:
    return isinstance(value, str) and value.endswith("_UNSPECIFIED")


def _violation(place: str, text: str) -> ApiError:
    return invalid_argument(f"{place}: {text}", (place, text))
