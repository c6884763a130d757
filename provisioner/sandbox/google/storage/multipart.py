"""Multipart uploads of the XML API: parts in any order, joined at the end.

https://cloud.google.com/storage/docs/multipart-uploads.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from html import unescape
from typing import Any

from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.storage import checksums, objects, writing, xml
from provisioner.sandbox.google.storage.buckets import bucket
from provisioner.sandbox.google.storage.expiry import UPLOADS
from provisioner.sandbox.google.storage.resources import bucket_resource, object_resource
from provisioner.sandbox.google.wire import timestamp
from provisioner.sandbox.http import Response
from provisioner.sandbox.store import Document

Json = dict[str, Any]
_SMALLEST = 5 * 1024 * 1024
_MOST_PARTS = 10_000
_PART = re.compile(r"<Part>(.*?)</Part>", re.DOTALL)
_NUMBER, _ETAG = re.compile(r"<PartNumber>\s*(\d+)\s*</PartNumber>"), re.compile(r"<ETag>\s*(.*?)\s*</ETag>", re.DOTALL)


def answer(call: Call) -> Response:
    """Answer for an object with ``?uploads`` or ``?uploadId``."""
    verb, params = call.request.method, call.params
    if verb == "POST" and "uploads" in params:
        return _begin(call)
    if verb == "POST":
        return _complete(call)
    if verb == "PUT":
        return _take(call)
    if verb == "DELETE":
        return _abort(call)
    return _list_parts(call)


def list_uploads(call: Call) -> Response:
    """Return the uploads of a bucket that are neither complete nor given up."""
    call.require("storage.multipartUploads.list", bucket_resource(call))
    inside = f"{call.params['bucket']}/"
    fields: list[tuple[str, Any]] = [("Bucket", call.params["bucket"])]
    for key, upload in call.tx.scan(UPLOADS, inside + call.params.get("prefix", "")):
        own = [("Key", upload["name"]), ("UploadId", key.partition("\n")[2]), ("Initiated", upload["timeCreated"])]
        fields.append(("Upload", own))
    return xml.answer("ListMultipartUploadsResult", [*fields, ("IsTruncated", "false")])


def _begin(call: Call) -> Response:
    name = objects.check_name(call.params["object"])
    call.require("storage.multipartUploads.create", object_resource(call))
    settings = xml.settings(call)
    asked = xml.conditions(call.request.headers)
    planned = writing.plan(call, call.params["bucket"], name, settings, asked)
    identifier = secrets.token_urlsafe(40)
    holder = bucket(call.tx, call.params["bucket"])
    upload = {
        "name": name,
        "plan": planned,
        "timeCreated": timestamp(call.now),
        "storageClass": settings.get("storageClass") or holder["storageClass"],
        "parts": {},
    }
    call.tx.put(UPLOADS, _key(call, identifier), upload)
    fields = [("Bucket", holder["name"]), ("Key", name), ("UploadId", identifier)]
    return xml.answer("InitiateMultipartUploadResult", fields)


def _take(call: Call) -> Response:
    key, upload = _found(call)
    call.require("storage.multipartUploads.create", object_resource(call))
    number, data = call.params.get("partNumber", ""), call.request.body
    if not number.isdigit() or not 0 < int(number) <= _MOST_PARTS:
        raise xml.XmlError("InvalidArgument", f"Part number must be an integer between 1 and {_MOST_PARTS}.")
    promised = checksums.sent_sums(call.request.headers).get("md5Hash")
    if promised and promised != checksums.md5(data):
        raise xml.XmlError("BadDigest", "The Content-MD5 you specified did not match what we received.")
    old = upload["parts"].get(number)
    if old:
        call.tx.delete_blob(old["blob"])
    blob = f"multipart/{call.params['uploadId']}/{number}"
    call.tx.put_blob(blob, data)
    etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
    upload["parts"][number] = {"blob": blob, "etag": etag, "size": len(data), "updated": timestamp(call.now)}
    call.tx.put(UPLOADS, key, upload)
    sums = f"crc32c={checksums.crc32c(data)},md5={checksums.md5(data)}"
    return Response(200, (("ETag", f'"{etag}"'), ("X-Goog-Hash", sums)))


def _complete(call: Call) -> Response:
    key, upload = _found(call)
    call.require("storage.multipartUploads.create", object_resource(call))
    wanted = _wanted(call.request.body.decode("utf-8", "replace"))
    parts = _ordered(upload, wanted)
    data = b"".join(call.tx.get_blob(part["blob"]) or b"" for part in parts)
    made = writing.carry_out(call, upload["plan"], data, {"md5Hash": None})
    _forget(call, key, upload)
    joined = hashlib.md5(b"".join(bytes.fromhex(part["etag"]) for part in parts), usedforsecurity=False).hexdigest()
    fields = [
        ("Location", f"http://{call.request.host}{call.request.path}"),
        ("Bucket", made["bucket"]),
        ("Key", made["name"]),
        ("ETag", f'"{joined}-{len(parts)}"'),
    ]
    done = xml.answer("CompleteMultipartUploadResult", fields)
    facts = (("X-Goog-Generation", made["generation"]), ("X-Goog-Hash", f"crc32c={made['crc32c']}"))
    return Response(200, (*done.headers, *facts), done.body)


def _abort(call: Call) -> Response:
    key, upload = _found(call)
    call.require("storage.multipartUploads.abort", object_resource(call))
    _forget(call, key, upload)
    return Response(204)


def _list_parts(call: Call) -> Response:
    _, upload = _found(call)
    call.require("storage.multipartUploads.listParts", object_resource(call))
    fields: list[tuple[str, Any]] = [
        ("Bucket", call.params["bucket"]),
        ("Key", upload["name"]),
        ("UploadId", call.params["uploadId"]),
        ("StorageClass", upload["storageClass"]),
        ("IsTruncated", "false"),
    ]
    for number, part in sorted(upload["parts"].items(), key=lambda item: int(item[0])):
        own = [("PartNumber", number), ("LastModified", part["updated"]), ("ETag", f'"{part["etag"]}"')]
        fields.append(("Part", [*own, ("Size", part["size"])]))
    return xml.answer("ListPartsResult", fields)


def _wanted(text: str) -> list[tuple[str, str]]:
    """Return (number, etag) of the parts that a completion names. Raises XmlError."""
    pairs = []
    for part in _PART.findall(text):
        number, etag = _NUMBER.search(part), _ETAG.search(part)
        if not number or not etag:
            raise xml.XmlError("MalformedXML", "The XML you provided was not well-formed.")
        pairs.append((str(int(number[1])), unescape(etag[1]).strip('"')))
    if not pairs:
        raise xml.XmlError("MalformedXML", "The XML you provided was not well-formed.")
    return pairs


def _ordered(upload: Document, wanted: list[tuple[str, str]]) -> list[Json]:
    numbers = [int(number) for number, _ in wanted]
    if numbers != sorted(set(numbers)):
        raise xml.XmlError("InvalidPartOrder", "The list of parts was not in ascending order.")
    parts = []
    for number, etag in wanted:
        part = upload["parts"].get(number)
        if part is None or part["etag"] != etag:
            raise xml.XmlError("InvalidPart", "One or more of the specified parts could not be found.")
        parts.append(part)
    if any(part["size"] < _SMALLEST for part in parts[:-1]):
        raise xml.XmlError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size.")
    return parts


def _found(call: Call) -> tuple[str, Document]:
    key = _key(call, call.params.get("uploadId", ""))
    upload = call.tx.get(UPLOADS, key)
    if upload is None:
        raise xml.XmlError("NoSuchUpload", "The requested upload was not found.", code=404)
    return key, upload


def _forget(call: Call, key: str, upload: Document) -> None:
    for part in upload["parts"].values():
        call.tx.delete_blob(part["blob"])
    call.tx.delete(UPLOADS, key)


def _key(call: Call, identifier: str) -> str:
    return f"{call.params['bucket']}/{call.params['object']}\n{identifier}"
