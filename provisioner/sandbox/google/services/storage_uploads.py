"""Cloud Storage JSON API: uploads in one request or in many.

https://cloud.google.com/storage/docs/performing-resumable-uploads.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.method import Call, method, route
from provisioner.sandbox.google.storage import checksums, objects, writing
from provisioner.sandbox.google.storage.buckets import bucket
from provisioner.sandbox.google.storage.projections import shown_object
from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.google.wire import parse_timestamp, timestamp
from provisioner.sandbox.http import Response, json_response

Json = dict[str, Any]
_SESSIONS = "google/storage.uploads"  # by upload id
_CONTENT_RANGE = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|\*)/(?P<total>\d+|\*)")
_GRAIN = 256 * 1024
_SESSION_LIFE = timedelta(days=7)
_SESSION_PATH = r"/(?:resumable/)?upload/storage/v1/b/(?P<bucket>[^/]+)/o"


@method("storage.objects.insert")
def insert(call: Call) -> Json | Response:
    """Upload an object: ``uploadType`` media, multipart, or the start of a resumable one."""
    name = objects.check_name(call.params.get("name") or call.body.get("name"))
    settings = _settings(call)
    if call.media is None:
        if not call.upload:
            raise invalid("Upload requests must include an uploadType URL parameter.", reason="required")
        return _begin(call, name, settings)
    made = writing.write(call, call.params["bucket"], name, settings, call.media)
    default = "full" if call.body.get("acl") else "noAcl"
    return shown_object(call, made, bucket(call.tx, made["bucket"]), default=default)


@route(
    r"storage\.googleapis\.com|www\.googleapis\.com",
    ("PUT", "DELETE"),
    _SESSION_PATH,
    name="storage.objects.insert.continue",
    public=True,
)
def carry_on(call: Call) -> Json | Response | None:
    """Take a chunk of a resumable upload, tell how far it is, or give it up. The session's id is the authority."""
    upload_id = call.params.get("upload_id", "")
    session = call.tx.get(_SESSIONS, upload_id)
    if session is None or session["bucket"] != unquote(call.params["bucket"]):
        raise ApiError("NOT_FOUND", "No such upload session.")
    if parse_timestamp(session["began"]) + _SESSION_LIFE < call.now:
        raise ApiError("NOT_FOUND", "The upload session has expired.", code=410, reason="gone")
    if "finished" in session:
        return _finished(call, session)
    if call.request.method == "DELETE":
        _forget(call, upload_id, session)
        return Response(499)
    session, complete = _take(call, upload_id, session)
    if not complete:
        call.tx.put(_SESSIONS, upload_id, session)
        return Response(308, _progress(session))
    data = b"".join(call.tx.get_blob(f"upload/{upload_id}/{index}") or b"" for index in range(session["chunks"]))
    planned = session["plan"]
    settings = planned["settings"] | checksums.sent_sums(call.request.headers)
    made = writing.carry_out(call, planned | {"settings": settings}, data)
    _forget(call, upload_id, session)
    answer = objects.shown(made, bucket(call.tx, made["bucket"]))
    done = {"bucket": session["bucket"], "began": session["began"], "finished": answer}
    call.tx.put(_SESSIONS, upload_id, done)
    return answer


def _finished(call: Call, session: Json) -> Json:
    """Tell a client that lost the last answer what became of its upload, whatever became of the object since."""
    if call.request.method == "DELETE":
        raise ApiError("NOT_FOUND", "No such upload session.")
    finished: Json = session["finished"]
    return finished


def _begin(call: Call, name: str, settings: Json) -> Response:
    planned = writing.plan(call, call.params["bucket"], name, settings)
    upload_id = secrets.token_urlsafe(48)
    declared = call.request.headers.get("x-upload-content-length", "")
    session = {"bucket": call.params["bucket"], "plan": planned, "size": 0, "chunks": 0, "declared": declared}
    call.tx.put(_SESSIONS, upload_id, session | {"began": timestamp(call.now)})
    query = f"?uploadType=resumable&upload_id={upload_id}"
    location = f"https://{call.request.host}/upload/storage/v1/b/{call.params['bucket']}/o{query}"
    return json_response({}, headers=(("Location", location), ("X-GUploader-UploadID", upload_id)))


def _take(call: Call, upload_id: str, session: Json) -> tuple[Json, bool]:
    """Keep the bytes of one request; return the session and whether it is complete. Raises ApiError."""
    size, body = session["size"], call.request.body
    header = call.request.headers.get("content-range", "")
    found = _CONTENT_RANGE.fullmatch(header)
    if header and not found:
        raise invalid(f"Failed to parse Content-Range header: {header}")
    total = found["total"] if found else str(len(body))
    first = int(found["first"]) if found and found["first"] else size if found else 0
    if first > size:
        raise ApiError("INVALID_ARGUMENT", "Invalid request. The chunk does not follow what was received.", code=503)
    fresh = body[size - first :]
    final = total != "*" and size + len(fresh) >= int(total)
    if not final:
        fresh = fresh[: len(fresh) - len(fresh) % _GRAIN]
    if fresh:
        call.tx.put_blob(f"upload/{upload_id}/{session['chunks']}", fresh)
        session |= {"size": size + len(fresh), "chunks": session["chunks"] + 1}
    if final and session["declared"] and session["declared"] != total:
        raise invalid(f"Received {total} bytes instead of the {session['declared']} announced.")
    if final and session["size"] != int(total):
        raise invalid(f"Received {session['size']} bytes instead of {total}.")
    return session, final


def _progress(session: Json) -> tuple[tuple[str, str], ...]:
    return (("Range", f"bytes=0-{session['size'] - 1}"),) if session["size"] else ()


def _forget(call: Call, upload_id: str, session: Json) -> None:
    for index in range(session["chunks"]):
        call.tx.delete_blob(f"upload/{upload_id}/{index}")
    call.tx.delete(_SESSIONS, upload_id)


def _settings(call: Call) -> Json:
    settings = dict(call.body)
    settings["contentType"] = settings.get("contentType") or call.media_type or "application/octet-stream"
    if call.media is not None:
        settings |= checksums.sent_sums(call.request.headers)
    if call.params.get("contentEncoding"):
        settings["contentEncoding"] = call.params["contentEncoding"]
    return settings
