"""Files as git knows them: the tree of a commit on GitHub, and what rendered files would be in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.errors import ProvisionError
from provisioner.repository.api import GitHubApi
from provisioner.repository.template import Files

Blobs = Mapping[str, "Blob"]


@dataclass(frozen=True)
class Blob:
    """A file's content by its git id, and its mode (``100644``, ``100755``, ``120000`` for a link)."""

    sha: str
    mode: str


def blobs(files: Files) -> dict[str, Blob]:
    """Return rendered files as git would store them."""
    return {path: Blob(_sha(content), f"{mode:o}") for path, (content, mode) in files.items()}


def read_tree(api: GitHubApi, repository: str, commit: str) -> dict[str, Blob]:
    """Return every file of a commit; ``repository`` is its REST path. Raises ProvisionError for more than GitHub lists.

    The limit is 100 000 entries or 7 MB (docs.github.com/rest/git/trees).
    """
    document = api.get(f"{repository}/git/trees/{commit}?recursive=1")
    if document["truncated"]:
        raise ProvisionError(
            "the repository has more files than GitHub lists at once",
            where=f"{repository}/git/trees/{commit}",
            fix="give this team a repository of its own",
        )
    return {row["path"]: Blob(row["sha"], row["mode"]) for row in document["tree"] if row["type"] != "tree"}


def write_commit(api: GitHubApi, repository: str, parent: str, files: Files, message: str) -> str:
    """Make a commit that puts files over those of its parent; returns its id. Nothing points at it yet."""
    return commit_tree(api, repository, parent, write_tree(api, repository, parent, files), message)


def write_tree(api: GitHubApi, repository: str, parent: str, files: Files) -> str:
    """Make the tree of a commit with files put over it; returns its id."""
    base = api.get(f"{repository}/git/commits/{parent}")["tree"]["sha"]
    entries = [_entry(api, repository, path, content, mode) for path, (content, mode) in files.items()]
    return str(api.write("POST", f"{repository}/git/trees", {"base_tree": base, "tree": entries})["sha"])


def commit_tree(api: GitHubApi, repository: str, parent: str, tree: str, message: str) -> str:
    """Make a commit of a tree; returns its id. Nothing points at it yet."""
    body = {"message": message, "tree": tree, "parents": [parent]}
    return str(api.write("POST", f"{repository}/git/commits", body)["sha"])


def _entry(api: GitHubApi, repository: str, path: str, content: bytes, mode: int) -> dict[str, Any]:
    entry = {"path": path, "mode": f"{mode:o}", "type": "blob"}
    try:
        return {**entry, "content": content.decode()}
    except UnicodeDecodeError:
        body = {"content": base64.b64encode(content).decode(), "encoding": "base64"}
        return {**entry, "sha": api.write("POST", f"{repository}/git/blobs", body)["sha"]}


def _sha(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
