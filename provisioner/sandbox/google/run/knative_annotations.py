"""Annotations of the v1 API and the v2 fields that say the same.

https://cloud.google.com/run/docs/reference/yaml/v1 and gcloud's own names (googlecloudsdk/api_lib/run).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.google.errors import invalid_argument, unimplemented

Json = dict[str, Any]
_RUN = "run.googleapis.com"
_SYSTEM = ("run.googleapis.com/", "cloud.googleapis.com/", "serving.knative.dev/", "autoscaling.knative.dev/")
# Written by the server alone; clients that read, change and write send them back.
_OUTPUT_ONLY = frozenset(
    (
        "run.googleapis.com/ingress-status",
        "run.googleapis.com/operation-id",
        "run.googleapis.com/urls",
        "run.googleapis.com/creator",
        "run.googleapis.com/lastModifier",
        "serving.knative.dev/creator",
        "serving.knative.dev/lastModifier",
        "run.googleapis.com/startupProbeType",
        "cloud.googleapis.com/location",
        "run.googleapis.com/lastUpdatedTime",
    )
)


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation: its name, the path of the v2 field, and how the text is read and written."""

    name: str
    path: tuple[str, ...]
    read: Callable[[str], Any] = str
    write: Callable[[Any], str] = str


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower() == "true"


def _said(value: object) -> str:
    return "true" if value else "false"


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _choice(values: Mapping[str, str]) -> tuple[Callable[[str], str], Callable[[Any], str]]:
    back = {field: text for text, field in values.items()}

    def read(text: str) -> str:
        if text not in values:
            raise ValueError(text)
        return values[text]

    return read, lambda field: back[field]


_INGRESS = _choice(
    {
        "all": "INGRESS_TRAFFIC_ALL",
        "none": "INGRESS_TRAFFIC_NONE",
        "internal": "INGRESS_TRAFFIC_INTERNAL_ONLY",
        "internal-and-cloud-load-balancing": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
    }
)
_EGRESS = _choice({"all": "ALL_TRAFFIC", "all-traffic": "ALL_TRAFFIC", "private-ranges-only": "PRIVATE_RANGES_ONLY"})
_GENERATION = _choice({"gen1": "EXECUTION_ENVIRONMENT_GEN1", "gen2": "EXECUTION_ENVIRONMENT_GEN2"})
_SCALING = _choice({"automatic": "AUTOMATIC", "manual": "MANUAL"})

_CLIENT = (Annotation(f"{_RUN}/client-name", ("client",)), Annotation(f"{_RUN}/client-version", ("clientVersion",)))
_AUTHORIZATION = (
    Annotation(f"{_RUN}/binary-authorization", ("binaryAuthorization", "policy")),
    Annotation(f"{_RUN}/binary-authorization-breakglass", ("binaryAuthorization", "breakglassJustification")),
)
OF_JOB = (*_CLIENT, *_AUTHORIZATION, Annotation(f"{_RUN}/launch-stage", ("launchStage",)))
OF_SERVICE = (
    *OF_JOB,
    Annotation(f"{_RUN}/description", ("description",)),
    Annotation(f"{_RUN}/ingress", ("ingress",), *_INGRESS),
    Annotation(f"{_RUN}/custom-audiences", ("customAudiences",), json.loads, _compact),
    Annotation(f"{_RUN}/default-url-disabled", ("defaultUriDisabled",), _boolean, _said),
    Annotation(f"{_RUN}/invoker-iam-disabled", ("invokerIamDisabled",), _boolean, _said),
    Annotation(f"{_RUN}/iap-enabled", ("iapEnabled",), _boolean, _said),
    Annotation(f"{_RUN}/minScale", ("scaling", "minInstanceCount"), int),
    Annotation(f"{_RUN}/maxScale", ("scaling", "maxInstanceCount"), int),
    Annotation(f"{_RUN}/scalingMode", ("scaling", "scalingMode"), *_SCALING),
    Annotation(f"{_RUN}/manualInstanceCount", ("scaling", "manualInstanceCount"), int),
)
OF_TASKS = (
    Annotation(f"{_RUN}/vpc-access-connector", ("vpcAccess", "connector")),
    Annotation(f"{_RUN}/vpc-access-egress", ("vpcAccess", "egress"), *_EGRESS),
    Annotation(f"{_RUN}/network-interfaces", ("vpcAccess", "networkInterfaces"), json.loads, _compact),
    Annotation(f"{_RUN}/execution-environment", ("executionEnvironment",), *_GENERATION),
    Annotation(f"{_RUN}/encryption-key", ("encryptionKey",)),
    Annotation(f"{_RUN}/gpu-zonal-redundancy-disabled", ("gpuZonalRedundancyDisabled",), _boolean, _said),
)
OF_REVISION = (
    *_CLIENT,
    *OF_TASKS,
    Annotation("autoscaling.knative.dev/minScale", ("scaling", "minInstanceCount"), int),
    Annotation("autoscaling.knative.dev/maxScale", ("scaling", "maxInstanceCount"), int),
    Annotation(f"{_RUN}/sessionAffinity", ("sessionAffinity",), _boolean, _said),
    Annotation(f"{_RUN}/health-check-disabled", ("healthCheckDisabled",), _boolean, _said),
    Annotation(f"{_RUN}/mesh", ("serviceMesh", "mesh")),
)


def read_annotations(sent: Mapping[str, str], table: tuple[Annotation, ...], taken: frozenset[str]) -> Json:
    """Return the v2 fields that annotations stand for, the plain ones under ``annotations``.

    ``taken`` are names that the caller reads itself. Raises ApiError INVALID_ARGUMENT for a value that is none, and
    UNIMPLEMENTED, by name, for a system annotation that nobody here knows.
    """
    known = {row.name: row for row in table}
    fields: Json = {}
    plain = {}
    for name, text in sent.items():
        if name in known:
            _put(fields, known[name].path, _read(known[name], text))
        elif name in _OUTPUT_ONLY or name in taken:
            continue
        elif name.startswith(_SYSTEM):
            raise unimplemented(f"The sandbox does not implement the annotation {name}.")
        else:
            plain[name] = text
    return fields | ({"annotations": plain} if plain else {})


def write_annotations(record: Json, table: tuple[Annotation, ...]) -> dict[str, str]:
    """Return the annotations of a record: its plain ones and those that stand for fields."""
    found = dict(record.get("annotations", {}))
    for row in table:
        value = _get(record, row.path)
        if value is not None:
            found.setdefault(row.name, row.write(value))
    return found


def read_labels(sent: Mapping[str, str]) -> dict[str, str]:
    """Return labels without those that the server writes."""
    return {name: value for name, value in sent.items() if name not in _OUTPUT_ONLY}


def _read(row: Annotation, text: str) -> object:
    try:
        return row.read(text)
    except ValueError:
        place = f"metadata.annotations[{row.name}]"
        raise invalid_argument(f"{place}: Invalid value: {text!r}", (place, f"Invalid value: {text!r}")) from None


def _put(fields: Json, path: tuple[str, ...], value: object) -> None:
    for part in path[:-1]:
        fields = fields.setdefault(part, {})
    fields[path[-1]] = value


def _get(record: Json, path: tuple[str, ...]) -> object:
    found: Any = record
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return found
