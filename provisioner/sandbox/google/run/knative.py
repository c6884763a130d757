"""What every object of the v1 API has: metadata, conditions, lists, label selectors.

https://cloud.google.com/run/docs/reference/rest/v1/ObjectMeta; selectors:
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from provisioner.sandbox.google.errors import ApiError, invalid_argument, not_found, unimplemented
from provisioner.sandbox.google.hierarchy import project
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.run.names import SERVICE, canonical_name, last, location_of
from provisioner.sandbox.google.wire import page
from provisioner.sandbox.store import Document

Json = dict[str, Any]
SERVING = "serving.knative.dev/v1"
RUN = "run.googleapis.com/v1"
LOCATION_LABEL = "cloud.googleapis.com/location"
_STATES = {"CONDITION_SUCCEEDED": "True", "CONDITION_FAILED": "False"}
_REASONS = {
    "CONTAINER_MISSING": "ContainerMissing",
    "CONTAINER_PERMISSION_DENIED": "ContainerPermissionDenied",
    "HEALTH_CHECK_CONTAINER_ERROR": "HealthCheckContainerError",
    "SECRETS_ACCESS_CHECK_FAILED": "SecretsAccessCheckFailed",
    "REVISION_FAILED": "RevisionFailed",
    "NON_ZERO_EXIT_CODE": "NonZeroExitCode",
    "CANCELLED": "Cancelled",
}
_SET = re.compile(r"\s*([^\s!=,()]+)\s+(in|notin)\s+\(([^)]*)\)\s*")
_EQUAL = re.compile(r"\s*([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)\s*")
_PRESENT = re.compile(r"\s*(!?)\s*([^\s!=,()]+)\s*")
_PIECES = re.compile(r"(?:[^,(]|\([^)]*\))+")


def region_of(call: Call) -> str:
    """Return the region whose endpoint was asked (``europe-west1-run.googleapis.com``), empty for the global one."""
    return call.request.host.removesuffix(f"-{SERVICE}") if call.request.host != SERVICE else ""


def full_name(call: Call, kind: str) -> str:
    """Return ``projects/p/locations/l/<kind>s/x`` of a v1 call, whichever form its name has.

    Raises ApiError NOT_FOUND where a namespace is asked for at the global endpoint, which knows no single object.
    """
    name = str(call.params["name"])
    if name.startswith("projects/"):
        return canonical_name(call.tx, name)
    _, namespace, collection, short = name.split("/")
    if not region_of(call):
        raise not_found(f"Resource '{short}' of kind '{kind}' in project '{namespace}' does not exist.")
    return canonical_name(call.tx, f"projects/{namespace}/locations/{region_of(call)}/{collection}/{short}")


def parent_name(call: Call) -> str:
    """Return ``projects/p/locations/l`` of a v1 call; ``-`` is all locations, which the global endpoint means too."""
    parent = str(call.params["parent"])
    if parent.startswith("projects/"):
        return canonical_name(call.tx, parent)
    return canonical_name(call.tx, f"projects/{parent.partition('/')[2]}/locations/{region_of(call) or '-'}")


def metadata(call: Call, record: Document, kind: str) -> Json:
    """Return an object's metadata without labels and annotations; ``kind`` is the path's word (``services``)."""
    number = project(call.tx, record["name"].split("/")[1])["projectNumber"]
    name = last(record["name"])
    api = SERVING if kind in {"services", "revisions", "routes", "configurations"} else RUN
    return {
        "name": name,
        "namespace": number,
        "selfLink": f"/apis/{api}/namespaces/{number}/{kind}/{name}",
        "uid": record["uid"],
        "resourceVersion": record["etag"].strip('"'),
        "generation": int(record["generation"]),
        "creationTimestamp": record["createTime"],
    }


def location_labels(record: Document) -> dict[str, str]:
    """Return the label that says where an object is, with the record's own."""
    return dict(record.get("labels", {})) | {LOCATION_LABEL: location_of(record["name"])}


def condition(found: Json) -> Json:
    """Return a condition in the words of v1."""
    shown = {"type": found["type"], "status": _STATES.get(found["state"], "Unknown")}
    for field in ("message", "lastTransitionTime"):
        if found.get(field):
            shown[field] = found[field]
    reason = next((found[field] for field in ("reason", "revisionReason", "executionReason") if field in found), "")
    if reason:
        shown["reason"] = _REASONS.get(reason, reason)
    if found.get("severity") == "INFO":
        shown["severity"] = "Info"
    return shown


def knative_list(
    call: Call, kind: str, api: str, rows: Iterable[tuple[str, Document]], show: Callable[[Document], Json]
) -> Json:
    """Return a page of objects: ``limit``, ``continue`` and ``labelSelector`` are honoured."""
    if call.params.get("fieldSelector"):
        raise unimplemented("The sandbox does not implement fieldSelector.")
    chosen = parse_selector(call.params.pop("labelSelector", "") or "")
    call.params["pageToken"] = call.params.pop("continue", "")
    shown = ((key, show(record)) for key, record in rows)
    kept = _kept(shown, chosen)
    items, token = page(call, kept, size="limit")
    return {"apiVersion": api, "kind": f"{kind}List", "metadata": {"continue": token} if token else {}, "items": items}


def parse_selector(text: str) -> list[Callable[[Mapping[str, str]], bool]]:
    """Return the tests of a label selector. Raises ApiError INVALID_ARGUMENT."""
    return [_requirement(piece) for piece in _PIECES.findall(text)] if text.strip() else []


def _kept(
    rows: Iterable[tuple[str, Json]], chosen: list[Callable[[Mapping[str, str]], bool]]
) -> Iterator[tuple[str, Json]]:
    for key, item in rows:
        labels = item["metadata"].get("labels", {})
        if all(test(labels) for test in chosen):
            yield key, item


def _requirement(piece: str) -> Callable[[Mapping[str, str]], bool]:
    if found := _SET.fullmatch(piece):
        values = {value.strip() for value in found[3].split(",")}
        name, inside = found[1], found[2] == "in"
        return lambda labels: (labels.get(name) in values) is inside
    if found := _EQUAL.fullmatch(piece):
        name, wanted, equal = found[1], found[3], found[2] != "!="
        return lambda labels: (labels.get(name) == wanted) is equal
    if found := _PRESENT.fullmatch(piece):
        name, present = found[2], not found[1]
        return lambda labels: (name in labels) is present
    raise _unreadable(piece)


def _unreadable(piece: str) -> ApiError:
    text = f"labelSelector: unable to parse requirement {piece!r}"
    return invalid_argument(text, ("labelSelector", text))
