"""Files over REST: read, write, delete, readme.

https://docs.github.com/rest/repos/contents
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.github import commits, repositories
from provisioner.sandbox.github.bare import NO_OBJECT, Repository
from provisioner.sandbox.github.call import Answer, Call
from provisioner.sandbox.github.commit_writing import FILE_MODE, Draft, write_blob, write_commit
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import GithubError, conflict, not_found, unprocessable
from provisioner.sandbox.github.git_routes import PERSON, decoded, written_tree
from provisioner.sandbox.github.ref_changes import change
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import TEXT, text

_KINDS = {"tree": "dir", "blob": "file", "commit": "submodule"}
_LINK = "120000"
_RAW = re.compile(r"application/vnd\.github(\.v3)?\.raw(\+json)?")
_COMMON = {"message": text(required=True), "branch": TEXT, "author": PERSON, "committer": PERSON}
_PUT = {**_COMMON, "content": text(required=True), "sha": TEXT}
_DELETE = {**_COMMON, "sha": text(required=True)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree; ``size`` in bytes (0 for folders)."""

    path: str
    kind: str
    sha: str
    size: int

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return self.path.rpartition("/")[2]


def get_contents(call: Call) -> Answer:
    """Show a file with its content, or a folder as a list."""
    git, path = git_of(call), call.parameters.get("path", "").strip("/")
    ref = call.query("ref") or call.repository["default_branch"]
    try:
        commit = commits.require_commit(git, ref.removeprefix("refs/heads/"))
    except GithubError:
        raise not_found() if call.query("ref") or git.refs() else _empty() from None
    if not path:
        return Answer([_shown(call, ref, entry) for entry in _entries(git, commit, "")])
    found = next(iter(_entries(git, commit, path)), None)
    if found is None:
        raise not_found()
    if found.kind == "dir":
        return Answer([_shown(call, ref, entry) for entry in _entries(git, commit, f"{path}/")])
    return _file_as_wanted(call, git, ref, found)


def _file_as_wanted(call: Call, git: Repository, ref: str, entry: Entry) -> Answer:
    """Return a file as JSON, or its bytes alone where the caller accepts only the raw media type.

    https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#media-types
    """
    wanted = _RAW.search(call.request.headers.get("accept", ""))
    if wanted is None or entry.kind != "file":
        return Answer(_file(call, git, ref, entry))
    return Answer(None, raw=(f"{wanted[0]}; charset=utf-8", git.run("cat-file", "blob", entry.sha)))


def _empty() -> GithubError:
    return GithubError(404, "This repository is empty.")


def _entries(git: Repository, commit: str, path: str) -> list[Entry]:
    rows = git.text("ls-tree", "-l", "-z", "--full-tree", "--", commit, *((path,) if path else ())).split("\0")
    return [_entry(row) for row in rows if row]


def _entry(row: str) -> Entry:
    head, _, path = row.partition("\t")
    mode, kind, sha, size = head.split()
    shown = "symlink" if mode == _LINK else _KINDS[kind]
    return Entry(path, shown, sha, 0 if size == "-" else int(size))


def _shown(call: Call, ref: str, entry: Entry) -> dict[str, Any]:
    name = repositories.full_name(call.tx, call.repository)
    own = f"{call.urls.api('repos', name, 'contents', entry.path)}?ref={ref}"
    kind = "tree" if entry.kind == "dir" else "blob"
    git_url, page = (
        call.urls.api("repos", name, "git", f"{kind}s", entry.sha),
        call.urls.web(name, kind, ref, entry.path),
    )
    raw = f"https://raw.githubusercontent.com/{name}/{ref}/{entry.path}" if entry.kind == "file" else None
    return {
        "name": entry.name,
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size,
        "type": entry.kind,
        "url": own,
        "html_url": page,
        "git_url": git_url,
        "download_url": raw,
        "_links": {"self": own, "git": git_url, "html": page},
    }


def _file(call: Call, git: Repository, ref: str, entry: Entry) -> dict[str, Any]:
    shown = _shown(call, ref, entry)
    if entry.kind == "symlink":
        return {**shown, "target": git.text("cat-file", "blob", entry.sha)}
    if entry.kind == "submodule":
        return {**shown, "submodule_git_url": None}
    content = git.run("cat-file", "blob", entry.sha)
    return {**shown, "content": base64.encodebytes(content).decode(), "encoding": "base64"}


def get_readme(call: Call) -> Answer:
    """Show the README of the top folder."""
    git = git_of(call)
    ref = call.query("ref") or call.repository["default_branch"]
    commit = git.resolve(f"refs/heads/{ref}") or git.resolve(ref)
    for entry in _entries(git, commit, "") if commit else ():
        if entry.kind == "file" and entry.name.lower().partition(".")[0] == "readme":
            return _file_as_wanted(call, git, ref, entry)
    raise not_found()


def put_contents(call: Call) -> Answer:
    """Write a file in a commit of its own; an existing one only with its present ``sha``."""
    wanted, git, path = call.body(_PUT), git_of(call), call.parameters["path"].strip("/")
    branch, tip = _branch(call, git, wanted)
    present = next(iter(_entries(git, tip, path)), None) if tip else None
    _check_sha(present, wanted.get("sha"), path)
    blob = write_blob(git, decoded(wanted["content"]))
    commit = _commit(call, git, (branch, tip), wanted, f"{FILE_MODE} blob {blob}\t{path}")
    entry = next(iter(_entries(git, commit, path)))
    return Answer(_written(call, git, commit, _shown(call, branch, entry)), 200 if present else 201)


def delete_contents(call: Call) -> Answer:
    """Remove a file in a commit of its own."""
    wanted, git, path = call.body(_DELETE), git_of(call), call.parameters["path"].strip("/")
    branch, tip = _branch(call, git, wanted)
    present = next(iter(_entries(git, tip, path)), None) if tip else None
    if present is None:
        raise not_found()
    _check_sha(present, wanted["sha"], path)
    commit = _commit(call, git, (branch, tip), wanted, f"0 {NO_OBJECT}\t{path}")
    return Answer(_written(call, git, commit, None))


def _branch(call: Call, git: Repository, wanted: dict[str, Any]) -> tuple[str, str | None]:
    branch = (wanted.get("branch") or call.repository["default_branch"]).removeprefix("refs/heads/")
    tip = git.resolve(f"refs/heads/{branch}")
    if tip is None and git.refs():
        raise GithubError(404, f"Branch {branch} not found")
    return branch, tip


def _check_sha(present: Entry | None, given: str | None, path: str) -> None:
    if present and given is None:
        raise unprocessable('Invalid request.\n\n"sha" wasn\'t supplied.')
    if present and given != present.sha:
        raise conflict(f"{path} does not match {given}")
    if present is None and given is not None:
        raise conflict(f"{path} does not match {given}")


def _commit(call: Call, git: Repository, where: tuple[str, str | None], wanted: dict[str, Any], line: str) -> str:
    branch, tip = where
    people: dict[str, Any] = {name: wanted[name] for name in ("author", "committer") if name in wanted}
    tree = written_tree(git, tip, [line])
    commit = write_commit(call, git, Draft(tree, (tip,) if tip else (), wanted["message"], people))
    change(call, f"refs/heads/{branch}", commit)
    return commit


def _written(call: Call, git: Repository, commit: str, content: dict[str, Any] | None) -> dict[str, Any]:
    return {"content": content, "commit": commits.show_git(call, commits.read(git, commit, most=1)[0])}


_CONTENTS = "/repos/{owner}/{repo}/contents"
_ONE = f"{_CONTENTS}/{{path+}}"
_READ, _WRITE = repo_read("contents"), repo_write("contents")
_DOCS = "repos/contents"
ROUTES = (
    route("GET", _CONTENTS, _READ, get_contents, f"{_DOCS}#get-repository-content"),
    route("GET", _ONE, _READ, get_contents, f"{_DOCS}#get-repository-content"),
    route("PUT", _ONE, _WRITE, put_contents, f"{_DOCS}#create-or-update-file-contents"),
    route("DELETE", _ONE, _WRITE, delete_contents, f"{_DOCS}#delete-a-file"),
    route("GET", "/repos/{owner}/{repo}/readme", _READ, get_readme, f"{_DOCS}#get-a-repository-readme"),
)
