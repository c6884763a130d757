"""github.com: git over smart HTTP. Who may read and push is decided here, the rest is git's own."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from urllib.parse import unquote

from provisioner.sandbox.github import bare, repositories
from provisioner.sandbox.github.access import at_least, caller_role, holds, reaches_repository
from provisioner.sandbox.github.callers import Caller, authenticate
from provisioner.sandbox.github.errors import GithubError, not_found
from provisioner.sandbox.github.git_backend import Service, run_backend
from provisioner.sandbox.github.pushes import receive
from provisioner.sandbox.github.ref_rules import Pusher
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

_PATH = re.compile(r"/([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")
_LFS = re.compile(r"\.git/info/lfs(/|$)")
_CHALLENGE = (("WWW-Authenticate", 'Basic realm="GitHub"'),)
_PUSH, _FETCH = "git-receive-pack", "git-upload-pack"


def serve_git(world: World, request: Request) -> Response:
    """Answer one request to github.com."""
    match = _PATH.fullmatch(request.path)
    if match is None:
        return _not_played(request)
    owner, name, path = unquote(match[1]), unquote(match[2]), match[3]
    asked = dict(request.query_pairs()).get("service") if path == "info/refs" else path
    if asked not in {_PUSH, _FETCH}:
        return _plain(403, "Please upgrade your git client. GitHub.com no longer supports git over dumb-http.")
    try:
        with world.store.transaction() as tx:
            caller = authenticate(tx, request, world.clock.now())
            repository, former = repositories.by_name(tx, owner, name)
            _permit(tx, caller, repository, f"{owner}/{name}", push=asked == _PUSH)
            if former:
                return _moved(tx, request, repository, path)
            service = Service(bare.path_of(world.folder, repository["id"]), path, caller.name)
            if path == _PUSH:
                return receive(
                    Pusher(world, tx, caller, repository),
                    request.body,
                    lambda: run_backend(service, request, stream=False),
                )
    except GithubError as refused:
        return _refused(refused, request)
    return run_backend(service, request, stream=path == _FETCH)


def _not_played(request: Request) -> Response:
    if _LFS.search(request.path):
        text = json.dumps({"message": "The sandbox does not implement Git LFS."})
        return Response(501, (("Content-Type", "application/vnd.git-lfs+json"),), text.encode())
    return _plain(501, f"The sandbox does not implement {request.method} {request.path} on github.com.")


def _permit(tx: Transaction, caller: Caller, repository: Document, name: str, *, push: bool) -> None:
    role = caller_role(tx, caller, repository)
    if not role or not _may_read(caller, repository):
        raise not_found()
    if not push:
        return
    if caller.kind == "anonymous":
        raise GithubError(401, "No anonymous write access.")
    if not _may_write(tx, caller, repository, role):
        if caller.kind == "installation":
            raise GithubError(403, "Write access to repository not granted.")
        raise GithubError(403, f"Permission to {name}.git denied to {caller.name}.")
    if repository["archived"]:
        raise GithubError(403, "This repository was archived so it is read-only.")


def _may_read(caller: Caller, repository: Document) -> bool:
    limited = caller.kind in {"installation", "fine_grained"}
    return repository["visibility"] == "public" or not limited or holds(caller, "contents", "read")


def _may_write(tx: Transaction, caller: Caller, repository: Document, role: str) -> bool:
    if caller.kind in {"installation", "fine_grained"}:
        reached = reaches_repository(tx, caller, repository)
        if not (reached and holds(caller, "contents", "write")):
            return False
    if caller.kind == "classic" and not caller.scopes & {"repo", "public_repo"}:
        return False
    return not caller.is_person or at_least(role, "write")


def _moved(tx: Transaction, request: Request, repository: Document, path: str) -> Response:
    place = f"/{repositories.full_name(tx, repository)}.git/{path}?{request.query}".rstrip("?")
    return Response(301, (("Location", place),))


def _refused(refused: GithubError, request: Request) -> Response:
    status, message = refused.status, refused.message
    if "authorization" not in request.headers:  # git asks for credentials only after a 401
        status, message = HTTPStatus.UNAUTHORIZED, "Authentication required."
    elif status == HTTPStatus.NOT_FOUND:
        message = "Repository not found."
    elif status == HTTPStatus.UNAUTHORIZED:
        message = "Invalid username or token. Password authentication is not supported for Git operations."
    return _plain(status, message, _CHALLENGE if status == HTTPStatus.UNAUTHORIZED else ())


def _plain(status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response(status, (("Content-Type", "text/plain; charset=utf-8"), *headers), text.encode())
