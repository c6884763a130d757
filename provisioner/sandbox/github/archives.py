"""codeload.github.com and files of releases on github.com: downloads for people and for tools.

https://docs.github.com/repositories/working-with-files/using-files/downloading-source-code-archives
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from provisioner.sandbox.github import bare, releases, repositories
from provisioner.sandbox.github.access import caller_role
from provisioner.sandbox.github.callers import Caller, authenticate
from provisioner.sandbox.github.errors import GithubError, not_found
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

_ARCHIVE = re.compile(r"/([^/]+)/([^/]+)/(?:legacy\.)?(zip|tar\.gz)/(.+)")
_ASSET = re.compile(r"/([^/]+)/([^/]+)/releases/download/(.+)/([^/]+)")
_TYPES = {"zip": "application/zip", "tar.gz": "application/x-gzip"}


def serve_archive(world: World, request: Request) -> Response:
    """Answer a request to codeload.github.com: ``/{owner}/{repo}/{zip|tar.gz}/{ref}``."""
    match = _ARCHIVE.fullmatch(request.path)
    if match is None:
        return _plain(404, "Not Found")
    owner, name, form, ref = (unquote(part) for part in match.groups())
    try:
        with world.store.transaction() as tx:
            repository, _ = _seen(world, tx, request, owner, name)
            full = repositories.full_name(tx, repository)
    except GithubError as refused:
        return _plain(refused.status, refused.message)
    git = bare.opened(world.folder, repository["id"])
    names = (ref, f"refs/heads/{ref}", f"refs/tags/{ref}")
    sha = next((found for one in names if (found := git.resolve(one))), None)
    if sha is None:
        return _plain(404, "Not Found")
    stem = f"{full.replace('/', '-')}-{sha[:7]}"
    content = git.run("archive", f"--format={form}", f"--prefix={stem}/", sha)
    disposition = ("Content-Disposition", f"attachment; filename={stem}.{form}")
    return Response(200, (("Content-Type", _TYPES[form]), disposition), content)


def asset_of(world: World, request: Request) -> Response | None:
    """Answer a download of a release's file on github.com; None for any other path."""
    match = _ASSET.fullmatch(request.path)
    if match is None or request.method not in {"GET", "HEAD"}:
        return None
    owner, name, tag, file = (unquote(part) for part in match.groups())
    try:
        with world.store.transaction() as tx:
            repository, _ = _seen(world, tx, request, owner, name)
            return _asset(tx, repository, tag, file)
    except GithubError as refused:
        return _plain(refused.status, refused.message)


def _asset(tx: Transaction, repository: Document, tag: str, file: str) -> Response:
    for _, release in tx.scan(releases.RELEASES, f"{repository['id']}/"):
        for asset in release["assets"]:
            if not release["draft"] and (release["tag_name"], asset["name"]) == (tag, file):
                content = tx.get_blob(f"github/asset/{repository['id']}/{asset['id']}") or b""
                return Response(200, (("Content-Type", asset["content_type"]),), content)
    raise not_found()


def _seen(world: World, tx: Transaction, request: Request, owner: str, name: str) -> tuple[Document, Caller]:
    caller = authenticate(tx, request, world.clock.now())
    repository, _ = repositories.by_name(tx, owner, name)
    if not caller_role(tx, caller, repository):
        raise not_found()
    return repository, caller


def _plain(status: int, text: str) -> Response:
    return Response(status, (("Content-Type", "text/plain; charset=utf-8"),), text.encode())
