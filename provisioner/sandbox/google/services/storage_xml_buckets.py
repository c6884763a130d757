"""Cloud Storage XML API: the lists of a bucket: its objects, in two versions, and its unfinished uploads.

https://cloud.google.com/storage/docs/xml-api/get-bucket-list.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from provisioner.sandbox.google.errors import unimplemented
from provisioner.sandbox.google.method import Call, route
from provisioner.sandbox.google.storage import multipart, xml
from provisioner.sandbox.google.storage.buckets import bucket
from provisioner.sandbox.google.storage.listing import entries
from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.google.storage.resources import bucket_resource
from provisioner.sandbox.http import Response

Fields = list[tuple[str, Any]]
_MOST = 1000
_OTHER_RESOURCES = (
    *("acl", "billing", "compose", "cors", "encryption", "lifecycle", "location", "logging", "object-lock", "policy"),
    *("requestPayment", "storageClass", "tagging", "versioning", "versions", "website", "defaultObjectAcl"),
)
_VERBS = ("GET", "HEAD", "PUT", "DELETE", "POST")


@route(
    xml.PATH_HOST,
    _VERBS,
    r"/(?!(?:storage|upload|download|resumable|batch)/?$)(?P<bucket>[a-z0-9][a-z0-9._-]+)/?",
    name="storage.xml.buckets.get",
    public=True,
    errors=xml.refusal,
)
def at_root(call: Call) -> Response:
    """Answer for ``storage.googleapis.com/<bucket>``."""
    return _answer(call)


@route(xml.BUCKET_HOST, _VERBS, r"/", name="storage.xml.buckets.get", public=True, errors=xml.refusal)
def at_bucket(call: Call) -> Response:
    """Answer for ``<bucket>.storage.googleapis.com``."""
    return _answer(call)


def _answer(call: Call) -> Response:
    xml.enter(call)
    verb = call.request.method
    other = next((name for name in _OTHER_RESOURCES if name in call.params), "")
    if other or verb not in {"GET", "HEAD"}:
        what = f"{verb} of a bucket" + (f" with ?{other}" if other else "")
        raise unimplemented(f"The sandbox's XML API has no {what}; the JSON API has.")
    if verb == "HEAD":
        call.require("storage.buckets.get", bucket_resource(call))
        return Response(200, (("X-Goog-Storage-Class", bucket(call.tx, call.params["bucket"])["storageClass"]),))
    if "uploads" in call.params:
        return multipart.list_uploads(call)
    call.require("storage.objects.list", bucket_resource(call))
    return _list(call)


def _list(call: Call) -> Response:
    params = call.params
    second = params.get("list-type") == "2"
    limit = min(_number(params.get("max-keys", str(_MOST))), _MOST)
    after = _after(params, second=second)
    taken: Fields = []
    last, more = "", False
    for key, found in entries(call, bucket(call.tx, params["bucket"])):
        if after and key <= after:
            continue
        if len(taken) == limit:
            more = True
            break
        taken.append(_entry(found))
        last = key
    fields: Fields = [("Name", params["bucket"]), ("Prefix", params.get("prefix", ""))]
    fields += _second(params, taken, last, limit, more=more) if second else _first(params, last, more=more)
    fields += [("Delimiter", params["delimiter"])] if params.get("delimiter") else []
    return xml.answer("ListBucketResult", [*fields, ("IsTruncated", str(more).lower()), *taken])


def _first(params: dict[str, Any], last: str, *, more: bool) -> Fields:
    return [("Marker", params.get("marker", "")), *([("NextMarker", last)] if more else [])]


def _second(params: dict[str, Any], taken: Fields, last: str, limit: int, *, more: bool) -> Fields:
    fields: Fields = [("KeyCount", len(taken)), ("MaxKeys", limit)]
    fields += [(name, params[key]) for key, name in _ECHOED if params.get(key)]
    token = base64.urlsafe_b64encode(last.encode()).decode()
    return [*fields, *([("NextContinuationToken", token)] if more else [])]


_ECHOED = (("start-after", "StartAfter"), ("continuation-token", "ContinuationToken"))


def _after(params: dict[str, Any], *, second: bool) -> str:
    if not second:
        return str(params.get("marker", ""))
    token = params.get("continuation-token", "")
    if not token:
        return str(params.get("start-after", ""))
    try:
        return base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise invalid("Invalid continuation token.") from None


def _entry(found: Any) -> tuple[str, Fields]:  # noqa: ANN401 - a version or a prefix
    if isinstance(found, str):
        return ("CommonPrefixes", [("Prefix", found)])
    return (
        "Contents",
        [
            ("Key", found["name"]),
            ("Generation", found["generation"]),
            ("MetaGeneration", found["metageneration"]),
            ("LastModified", found["updated"]),
            ("ETag", xml.etag(found)),
            ("Size", found["size"]),
        ],
    )


def _number(text: str) -> int:
    if not text.isdigit():
        raise invalid(f"Invalid max-keys: {text}")
    return int(text)
