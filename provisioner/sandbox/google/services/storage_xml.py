"""Cloud Storage XML API: reads of objects at the root of the host, as Google's Go client does them.

https://cloud.google.com/storage/docs/xml-api/get-object-download. Terraform's GCS backend reads state this way.
"""

from __future__ import annotations

from urllib.parse import unquote
from xml.sax.saxutils import escape

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.method import Call, route
from provisioner.sandbox.google.storage import objects, preconditions
from provisioner.sandbox.google.storage.content import download
from provisioner.sandbox.google.storage.resources import object_resource
from provisioner.sandbox.http import Response

_CODES = {
    304: "NotModified",
    400: "InvalidArgument",
    401: "AuthenticationRequired",
    403: "AccessDenied",
    404: "NoSuchKey",
    412: "PreconditionFailed",
    500: "InternalError",
}
_TEXTS = {
    403: "Access denied.",
    404: "The specified key does not exist.",
    412: "At least one of the pre-conditions you specified did not hold.",
}
_NO_BUCKET = "The specified bucket does not exist."
_CONDITION_HEADERS = (
    ("x-goog-if-generation-match", "ifGenerationMatch"),
    ("x-goog-if-metageneration-match", "ifMetagenerationMatch"),
)


def _xml_error(error: ApiError) -> Response:
    missing_bucket = error.message == _NO_BUCKET
    code = "NoSuchBucket" if missing_bucket else _CODES.get(error.code, "InternalError")
    text = _NO_BUCKET if missing_bucket else _TEXTS.get(error.code, error.message)
    details = f"<Message>{escape(text)}</Message><Details>{escape(error.message)}</Details>"
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code>{details}</Error>"
    return Response(error.code, (("Content-Type", "application/xml; charset=UTF-8"),), body.encode())


@route(
    r"storage\.googleapis\.com",
    ("GET", "HEAD"),
    r"/(?!(?:storage|upload|download|resumable|batch)/)(?P<bucket>[a-z0-9][a-z0-9._-]+)/(?P<object>.+)",
    name="storage.xml.objects.get",
    public=True,
    errors=_xml_error,
)
def read(call: Call) -> Response:
    """Return the bytes of an object."""
    bucket_name, name = unquote(call.params["bucket"]), unquote(call.params["object"])
    call.require("storage.objects.get", object_resource(call, name, bucket_name))
    found = objects.version(call.tx, bucket_name, name, call.params.get("generation"))
    headers = call.request.headers
    conditions = {field: headers[header] for header, field in _CONDITION_HEADERS if header in headers}
    preconditions.check(conditions, found)
    return download(call.request, found, objects.content(call.tx, found))
