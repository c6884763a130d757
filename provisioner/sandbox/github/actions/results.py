"""results-receiver.actions.githubusercontent.com: artifacts, as actions/upload-artifact v4 and later keep them.

Twirp calls (JSON) of github.actions.results.api.v1.ArtifactService with the job's runtime token, whose ``scp`` names
the run and the job; contents go to and come from signed addresses that take the block uploads of Azure's blob clients.
Logs and archives that REST leads to are fetched here too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from provisioner.sandbox.github.actions import log_links
from provisioner.sandbox.github.actions.archives import archive
from provisioner.sandbox.github.actions.records import Board, all_jobs, find_job, read_log
from provisioner.sandbox.github.errors import GithubError
from provisioner.sandbox.github.identifiers import moment_of, next_id, stamp
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

Json = dict[str, Any]
HOST = log_links.HOST
ARTIFACTS = "github/artifacts"
_BLOB, _BLOCK = "github/artifact/", "github/artifact-block/"
_KEY = "github/results-key"
_DOWNLOAD = re.compile(r"/downloads/([A-Za-z0-9_-]+)")
_SERVICE = "/twirp/github.actions.results.api.v1.ArtifactService/"
_SIGNED = re.compile(r"/blobs/(\d+)/(\d+)")
_DAYS = 90
_NAME = re.compile(r'[^":<>|*?\r\n\\/]{1,255}')
_BLOCK_ID = re.compile(rb"<(?:Latest|Uncommitted|Committed)>([^<]+)</")


def runtime_token(board: Board, job: Document) -> str:
    """Return a job's ACTIONS_RUNTIME_TOKEN."""
    claims = {
        "iss": f"https://{HOST}",
        "scp": f"Actions.Results:{board.run['id']}:{job['id']}",
        "exp": int((board.now + timedelta(hours=24)).timestamp()),
        "repository_id": str(board.repository["id"]),
        "orch_id": f"{board.run['id']}.{job['node']}",
    }
    return jwt.encode({"typ": "JWT", "alg": "HS256"}, claims, _key(board.tx), algorithms=["HS256"])


def _key(tx: Transaction) -> OctKey:
    return OctKey.import_key(_secret(tx))


def _secret(tx: Transaction) -> bytes:
    kept = tx.get_blob(_KEY)
    if kept is None:
        kept = secrets.token_bytes(32)
        tx.put_blob(_KEY, kept)
    return kept


def serve_results(world: World, request: Request) -> Response:
    """Answer one request to the results service."""
    try:
        with world.store.transaction() as tx:
            if match := _DOWNLOAD.fullmatch(request.path):
                return _download(tx, request, match[1], world.clock.now())
            if match := _SIGNED.fullmatch(request.path):
                return _blob(tx, request, int(match[1]), int(match[2]))
            return _json(_call(world, tx, request))
    except GithubError as refused:
        codes = {400: "invalid_argument", 401: "unauthenticated", 404: "not_found", 409: "already_exists"}
        return _json({"code": codes.get(refused.status, "unimplemented"), "msg": refused.message}, refused.status)


def _call(world: World, tx: Transaction, request: Request) -> Json:
    name = request.path.removeprefix(_SERVICE)
    handler = _HANDLERS.get(name) if request.path.startswith(_SERVICE) and request.method == "POST" else None
    if handler is None:
        raise GithubError(501, f"The sandbox does not implement {request.method} {request.path} on {request.host}.")
    place = _caller(world, tx, request)
    try:
        body = request.json() or {}
    except ValueError:
        raise GithubError(400, "the json request could not be decoded") from None
    given = {_snake(key): value for key, value in body.items()} if isinstance(body, dict) else {}
    return handler(world, tx, place, given)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


Place = tuple[int, int, int]  # repository, run, job


def _caller(world: World, tx: Transaction, request: Request) -> Place:
    token = request.headers.get("authorization", "").partition(" ")[2].strip()
    try:
        claims = jwt.decode(token, _key(tx), algorithms=["HS256"]).claims
        _, run, job = str(claims["scp"]).split(":")
        place = (int(claims["repository_id"]), int(run), int(job))
    except (JoseError, ValueError, KeyError):
        raise GithubError(401, "the runtime token is not valid") from None
    held = find_job(tx, place[0], place[2])
    if held is None or held["status"] != "in_progress" or claims["exp"] < world.clock.now().timestamp():
        raise GithubError(401, "the job of this runtime token has ended")
    return place


def _create(world: World, tx: Transaction, place: Place, given: Json) -> Json:
    name = str(given.get("name", ""))
    if not _NAME.fullmatch(name):
        raise GithubError(400, f"The artifact name is not valid: {name!r}")
    if any(row["name"] == name and row["final"] for row in of_run(tx, place[0], place[1])):
        raise GithubError(409, "an artifact with this name already exists on the workflow run")
    now = world.clock.now()
    ends = given.get("expires_at") or stamp(now + timedelta(days=_DAYS))
    artifact = {
        "id": next_id(tx, "artifact"),
        "repo_id": place[0],
        "run_id": place[1],
        "job_id": place[2],
        "name": name,
        "size": 0,
        "digest": "",
        "final": False,
        "created_at": stamp(now),
        "updated_at": stamp(now),
        "expires_at": f"{str(ends)[:19]}Z",
    }
    _put(tx, artifact)
    return {"ok": True, "signed_upload_url": signed_url(tx, artifact)}


def _finalize(world: World, tx: Transaction, place: Place, given: Json) -> Json:
    for row in of_run(tx, place[0], place[1]):
        if row["name"] == given.get("name") and not row["final"] and row["job_id"] == place[2]:
            content = tx.get_blob(f"{_BLOB}{row['id']}")
            if content is None or len(content) != int(given.get("size", -1)):
                raise GithubError(400, "the size of the artifact is not that of what was uploaded")
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            said = (given.get("hash") or {}).get("value", digest) if isinstance(given.get("hash"), dict) else digest
            if said != digest:
                raise GithubError(400, "the hash of the artifact is not that of what was uploaded")
            _put(
                tx,
                row | {"final": True, "size": len(content), "digest": digest, "updated_at": stamp(world.clock.now())},
            )
            return {"ok": True, "artifact_id": str(row["id"])}
    raise GithubError(404, "artifact not found")


def _list(world: World, tx: Transaction, place: Place, given: Json) -> Json:
    name, number = _wrapped(given.get("name_filter")), _wrapped(given.get("id_filter"))
    rows = [
        row
        for row in of_run(tx, place[0], place[1])
        if row["final"] and name in {"", row["name"]} and number in {"", str(row["id"])} and not expired(world, row)
    ]
    return {"artifacts": [_shown(row) for row in rows]}


def _wrapped(value: object) -> str:
    found = value.get("value", "") if isinstance(value, dict) else value
    return "" if found is None else str(found)


def _shown(row: Document) -> Json:
    return {
        "workflow_run_backend_id": str(row["run_id"]),
        "workflow_job_run_backend_id": str(row["job_id"]),
        "database_id": str(row["id"]),
        "name": row["name"],
        "size": str(row["size"]),
        "created_at": row["created_at"],
        "digest": row["digest"],
    }


def _get_url(world: World, tx: Transaction, place: Place, given: Json) -> Json:
    for row in of_run(tx, place[0], place[1]):
        if row["name"] == given.get("name") and row["final"] and not expired(world, row):
            return {"name": row["name"], "signed_url": signed_url(tx, row)}
    raise GithubError(404, "artifact not found")


def _delete(world: World, tx: Transaction, place: Place, given: Json) -> Json:
    del world
    for row in of_run(tx, place[0], place[1]):
        if row["name"] == given.get("name") and row["final"]:
            delete(tx, row)
            return {"ok": True, "artifact_id": str(row["id"])}
    raise GithubError(404, "artifact not found")


_HANDLERS: dict[str, Callable[[World, Transaction, Place, Json], Json]] = {
    "CreateArtifact": _create,
    "FinalizeArtifact": _finalize,
    "ListArtifacts": _list,
    "GetSignedArtifactURL": _get_url,
    "DeleteArtifact": _delete,
}


def _put(tx: Transaction, artifact: Document) -> None:
    tx.put(ARTIFACTS, f"{artifact['repo_id']}/{artifact['run_id']:014}/{artifact['id']:014}", artifact)


def of_run(tx: Transaction, repo_id: int, run_id: int) -> list[Document]:
    """Return the artifacts of a run, unfinished ones too."""
    return [row for _, row in tx.scan(ARTIFACTS, f"{repo_id}/{run_id:014}/")]


def of_repository(tx: Transaction, repo_id: int) -> list[Document]:
    """Return the finished artifacts of a repository, oldest first."""
    return [row for _, row in tx.scan(ARTIFACTS, f"{repo_id}/") if row["final"]]


def expired(world: World, row: Document) -> bool:
    """Tell whether an artifact's time is over."""
    return moment_of(row["expires_at"]) <= world.clock.now()


def delete(tx: Transaction, row: Document) -> None:
    """Remove an artifact."""
    tx.delete(ARTIFACTS, f"{row['repo_id']}/{row['run_id']:014}/{row['id']:014}")
    tx.delete_blob(f"{_BLOB}{row['id']}")


def signed_url(tx: Transaction, row: Document) -> str:
    """Return an address under which the content is read or written without a token."""
    return f"https://{HOST}/blobs/{row['repo_id']}/{row['id']}?sig={quote(_signature(tx, row['repo_id'], row['id']))}"


def _signature(tx: Transaction, repo_id: int, number: int) -> str:
    return hmac.new(_secret(tx), f"{repo_id}/{number}".encode(), hashlib.sha256).hexdigest()


def _blob(tx: Transaction, request: Request, repo_id: int, number: int) -> Response:
    query = dict(request.query_pairs())
    if not hmac.compare_digest(query.get("sig", "").encode(), _signature(tx, repo_id, number).encode()):
        raise GithubError(401, "the signature of the address is not valid")
    if request.method == "PUT":
        _upload(tx, request, number, query)
        return Response(201, (("ETag", '"0x1"'), ("Content-Length", "0")))
    if request.method not in {"GET", "HEAD"}:
        raise GithubError(501, f"The sandbox does not implement {request.method} on blobs.")
    return _file(request, "application/zip", tx.get_blob(f"{_BLOB}{number}"))


def _file(request: Request, kind: str, content: bytes | None) -> Response:
    if content is None:
        raise GithubError(404, "the blob does not exist")
    return Response(200, (("Content-Type", kind),), b"" if request.method == "HEAD" else content)


def _upload(tx: Transaction, request: Request, number: int, query: dict[str, str]) -> None:
    block = f"{_BLOCK}{number}/"
    if query.get("comp") == "block":
        tx.put_blob(f"{block}{query.get('blockid', '')}", request.body)
        return
    content = request.body
    if query.get("comp") == "blocklist":
        names = [found.decode() for found in _BLOCK_ID.findall(request.body)]
        pieces = [tx.get_blob(f"{block}{name}") for name in names]
        if any(piece is None for piece in pieces):
            raise GithubError(400, "The specified block list is invalid.")
        content = b"".join(piece for piece in pieces if piece is not None)
        for name in names:
            tx.delete_blob(f"{block}{name}")
    tx.put_blob(f"{_BLOB}{number}", content)


def _download(tx: Transaction, request: Request, token: str, now: datetime) -> Response:
    kind, repo, number = log_links.opened(tx, token, now).split("/")
    if kind == "artifact":
        return _file(request, "application/zip", tx.get_blob(f"{_BLOB}{number}"))
    if kind == "job":
        job = find_job(tx, int(repo), int(number))
        return _file(request, "text/plain; charset=utf-8", read_log(tx, job) if job else None)
    return _file(request, "application/zip", archive(tx, list(all_jobs(tx, int(repo), int(number)))))


def _json(document: Json, status: int = 200) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(document).encode())
