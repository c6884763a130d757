"""Cloud Storage XML API: objects, at the root of the host or of the bucket's own host.

https://cloud.google.com/storage/docs/xml-api/reference-methods. Terraform's GCS backend reads state this way; signed
URLs and S3-like clients do everything so.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from provisioner.sandbox.google.errors import unimplemented
from provisioner.sandbox.google.method import Call, route
from provisioner.sandbox.google.storage import multipart, objects, preconditions, writing, xml
from provisioner.sandbox.google.storage.buckets import bucket
from provisioner.sandbox.google.storage.content import download
from provisioner.sandbox.google.storage.encryption import check_readable
from provisioner.sandbox.google.storage.resources import object_resource
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document

_VERBS = ("GET", "HEAD", "PUT", "DELETE", "POST")
_OTHER_RESOURCES = ("acl", "tagging", "retention", "legal-hold", "restore", "compose", "torrent")


@route(
    xml.PATH_HOST,
    _VERBS,
    r"/(?!(?:storage|upload|download|resumable|batch)/)(?P<bucket>[a-z0-9][a-z0-9._-]+)/(?P<object>.+)",
    name="storage.xml.objects.get",
    public=True,
    errors=xml.refusal,
)
def at_root(call: Call) -> Response:
    """Answer for ``storage.googleapis.com/<bucket>/<object>``."""
    return _answer(call)


@route(xml.BUCKET_HOST, _VERBS, r"/(?P<object>.+)", name="storage.xml.objects.get", public=True, errors=xml.refusal)
def at_bucket(call: Call) -> Response:
    """Answer for ``<bucket>.storage.googleapis.com/<object>``."""
    return _answer(call)


def _answer(call: Call) -> Response:
    xml.enter(call)
    for name in _OTHER_RESOURCES:
        if name in call.params:
            raise unimplemented(f"The sandbox's XML API has no ?{name} of objects.")
    verb = call.request.method
    if "uploads" in call.params or "uploadId" in call.params:
        return multipart.answer(call)
    answers: dict[str, Callable[[Call], Response]] = {
        "GET": _read,
        "HEAD": _read,
        "PUT": _write,
        "DELETE": _delete,
    }
    if verb not in answers:
        raise xml.XmlError("MethodNotAllowed", "The specified method is not allowed against this resource.", code=405)
    return answers[verb](call)


def _read(call: Call) -> Response:
    name, generation = call.params["object"], call.params.get("generation")
    call.require("storage.objects.get", object_resource(call))
    found = objects.version(call.tx, call.params["bucket"], name, generation)
    headers = call.request.headers
    preconditions.check(xml.conditions(headers), found)
    if headers.get("if-none-match", "") in {"*", xml.etag(found)}:
        return Response(304, (("ETag", xml.etag(found)),))
    check_readable(call, found)
    answer = download(call.request, found, objects.content(call.tx, found))
    own = tuple((name, xml.etag(found) if name == "ETag" else value) for name, value in answer.headers)
    return Response(answer.status, own, answer.body)


def _write(call: Call) -> Response:
    if "x-goog-copy-source" in call.request.headers:
        return _copy(call)
    name = objects.check_name(call.params["object"])
    planned = _planned(call, name, xml.settings(call))
    return Response(200, _facts(writing.carry_out(call, planned, call.request.body)))


def _copy(call: Call) -> Response:
    headers = call.request.headers
    source_bucket, _, source_name = unquote(headers["x-goog-copy-source"]).removeprefix("/").partition("/")
    name, _, generation = source_name.partition("?generation=")
    generation = headers.get("x-goog-copy-source-generation", generation)
    call.require("storage.objects.get", object_resource(call, name, source_bucket, generation))
    source = objects.version(call.tx, source_bucket, name, generation)
    check_readable(call, source, "x-goog-copy-source-encryption")
    sent = xml.settings(call)
    replaces = headers.get("x-goog-metadata-directive", "COPY").upper() == "REPLACE"
    settings = sent if replaces else objects.copied_settings(source)
    settings |= {key: sent[key] for key in ("storageClass", "kmsKeyName") if key in sent}
    planned = _planned(call, objects.check_name(call.params["object"]), settings)
    made = writing.carry_out(call, planned, objects.content(call.tx, source))
    done = xml.answer("CopyObjectResult", [("LastModified", made["updated"]), ("ETag", xml.etag(made))])
    return Response(200, (*done.headers, *_facts(made)), done.body)


def _planned(call: Call, name: str, settings: dict[str, object]) -> Document:
    return writing.plan(call, call.params["bucket"], name, settings, xml.conditions(call.request.headers))


def _delete(call: Call) -> Response:
    name, generation = call.params["object"], call.params.get("generation")
    call.require("storage.objects.delete", object_resource(call))
    holder = bucket(call.tx, call.params["bucket"])
    found = objects.version(call.tx, holder["name"], name, generation)
    preconditions.check(xml.conditions(call.request.headers), found)
    if generation:
        objects.remove(call, holder, found)
    else:
        objects.retire(call, holder, found)
    return Response(204)


def _facts(made: Document) -> tuple[tuple[str, str], ...]:
    sums = f"crc32c={made['crc32c']}" + (f",md5={made['md5Hash']}" if "md5Hash" in made else "")
    return (
        ("ETag", xml.etag(made)),
        ("X-Goog-Generation", made["generation"]),
        ("X-Goog-Metageneration", made["metageneration"]),
        ("X-Goog-Hash", sums),
        ("X-Goog-Stored-Content-Encoding", made.get("contentEncoding", "identity")),
        ("X-Goog-Stored-Content-Length", made["size"]),
    )
