"""The XML that Cloud Storage answers with, and what its headers mean.

https://cloud.google.com/storage/docs/xml-api/reference-headers, .../reference-status.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.storage import checksums
from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.google.storage.signatures import SignatureError, signed_caller
from provisioner.sandbox.http import Response

Json = dict[str, Any]
NO_BUCKET = "The specified bucket does not exist."
PATH_HOST = r"storage\.googleapis\.com"
BUCKET_HOST = r"[a-z0-9][a-z0-9._-]+\.storage\.googleapis\.com"
_SUFFIX = ".storage.googleapis.com"
_NAMESPACE = "http://doc.s3.amazonaws.com/2006-03-01"
_TYPE = ("Content-Type", "application/xml; charset=UTF-8")
_CODES = {
    304: "NotModified",
    400: "InvalidArgument",
    401: "AuthenticationRequired",
    403: "AccessDenied",
    404: "NoSuchKey",
    409: "InvalidRequest",
    412: "PreconditionFailed",
    500: "InternalError",
    501: "NotImplemented",
}
_TEXTS = {
    403: "Access denied.",
    404: "The specified key does not exist.",
    412: "At least one of the pre-conditions you specified did not hold.",
}
_CONDITIONS = (
    ("x-goog-if-generation-match", "ifGenerationMatch"),
    ("x-goog-if-metageneration-match", "ifMetagenerationMatch"),
)
_SETTINGS = (
    ("cache-control", "cacheControl"),
    ("content-disposition", "contentDisposition"),
    ("content-encoding", "contentEncoding"),
    ("content-language", "contentLanguage"),
    ("content-type", "contentType"),
    ("x-goog-custom-time", "customTime"),
    ("x-goog-storage-class", "storageClass"),
    ("x-goog-encryption-kms-key-name", "kmsKeyName"),
)
_LISTS = {
    "authenticated-read": "authenticatedRead",
    "bucket-owner-full-control": "bucketOwnerFullControl",
    "bucket-owner-read": "bucketOwnerRead",
    "private": "private",
    "project-private": "projectPrivate",
    "public-read": "publicRead",
}
_META = "x-goog-meta-"


class XmlError(ApiError):
    """A refusal with its own XML code."""

    def __init__(self, xml_code: str, message: str, *, code: int = 400) -> None:
        super().__init__("NOT_FOUND" if code == 404 else "INVALID_ARGUMENT", message, code=code)  # noqa: PLR2004
        self.xml_code = xml_code


def refusal(error: ApiError) -> Response:
    """Return an error as the XML API words it."""
    if isinstance(error, SignatureError):
        return _error(error.code, error.xml_code, error.message, error.xml_details, error.extra)
    if isinstance(error, XmlError):
        return _error(error.code, error.xml_code, error.message)
    if error.message == NO_BUCKET:
        return _error(error.code, "NoSuchBucket", NO_BUCKET)
    text = _TEXTS.get(error.code, error.message)
    return _error(error.code, _CODES.get(error.code, "InvalidArgument"), text, error.message)


def answer(root: str, fields: Iterable[tuple[str, Any]], status: int = 200) -> Response:
    """Return a document; a field's value is text, or a list of (name, value) fields."""
    body = f"<?xml version='1.0' encoding='UTF-8'?><{root} xmlns='{_NAMESPACE}'>{_inner(fields)}</{root}>"
    return Response(status, (_TYPE,), body.encode())


def enter(call: Call) -> None:
    """Find out who signed a request and which bucket its host or path means; both end up in the call."""
    signer = signed_caller(call)
    if signer is not None:
        call.caller = signer
    if "bucket" not in call.params:
        call.params["bucket"] = call.request.host.removesuffix(_SUFFIX)
    if "object" in call.params:
        call.params["object"] = unquote(call.params["object"])


def conditions(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the preconditions of a request under the names of the JSON API."""
    return {field: headers[header] for header, field in _CONDITIONS if header in headers}


def settings(call: Call) -> Json:
    """Return the metadata that a request's headers give a new object. Raises ApiError."""
    headers = call.request.headers
    found: Json = {field: headers[header] for header, field in _SETTINGS if header in headers}
    metadata = {name[len(_META) :]: value for name, value in headers.items() if name.startswith(_META)}
    if metadata:
        found["metadata"] = metadata
    wanted = headers.get("x-goog-acl", "")
    if wanted and wanted not in _LISTS:
        raise invalid(f"Invalid x-goog-acl header: {wanted}")
    if wanted:
        call.params["predefinedAcl"] = _LISTS[wanted]
    return found | checksums.sent_sums(headers)


def etag(found: Mapping[str, Any]) -> str:
    """Return the entity tag of the XML API: the MD5 in hexadecimal, or the JSON API's where there is none."""
    if "md5Hash" in found:
        return f'"{base64.b64decode(found["md5Hash"]).hex()}"'
    return f'"{found["etag"]}"'


def _error(status: int, code: str, message: str, details: str = "", extra: str = "") -> Response:
    more = f"<Details>{escape(details)}</Details>" if details and details != message else ""
    inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>{more}{extra}"
    return Response(status, (_TYPE,), f"<?xml version='1.0' encoding='UTF-8'?><Error>{inner}</Error>".encode())


def _inner(fields: Iterable[tuple[str, Any]]) -> str:
    return "".join(
        f"<{name}>{_inner(value) if isinstance(value, list) else escape(str(value))}</{name}>" for name, value in fields
    )
