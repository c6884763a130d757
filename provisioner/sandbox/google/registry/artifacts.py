"""Generic artifacts: versions of packages, each a set of files. https://cloud.google.com/artifact-registry/docs/generic."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from provisioner.sandbox.google.errors import already_exists, invalid_argument
from provisioner.sandbox.google.wire import timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
VERSIONS = "google/artifactregistry.versions"  # "<repository> <package> <version>"
FILES = "google/artifactregistry.files"  # "<repository> <file's id>"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~+-]{0,127}")
_FILE_NAME = re.compile(r"[A-Za-z0-9._~+/@-]{1,255}")


def add_file(tx: Transaction, repository: str, sent: Json, content: bytes, now: datetime) -> Document:
    """Add a file to a version of a package, made on first use; return the version. Raises ApiError.

    ``sent`` has ``packageId``, ``versionId``, ``filename`` and perhaps ``versionAnnotations``. Files are not replaced.
    """
    package, version, filename = (sent.get(key, "") for key in ("packageId", "versionId", "filename"))
    if not (_NAME.fullmatch(package) and _NAME.fullmatch(version) and _FILE_NAME.fullmatch(filename)):
        raise invalid_argument("package_id, version_id and filename must be set, of letters, digits and ._~+-")
    identifier = f"{package}:{version}:{filename}"
    if tx.get(FILES, f"{repository} {identifier}") is not None:
        raise already_exists(f"file {identifier} already exists")
    place = f"{repository} {package} {version}"
    kept = tx.get(VERSIONS, place) or {"package": package, "version": version, "createTime": timestamp(now)}
    kept |= {"updateTime": timestamp(now)}
    kept |= {"annotations": sent["versionAnnotations"]} if sent.get("versionAnnotations") else {}
    tx.put(VERSIONS, place, kept)
    tx.put(FILES, f"{repository} {identifier}", _file(identifier, package, version, content, now))
    tx.put_blob(_blob(repository, identifier), content)
    return kept


def versions_of(tx: Transaction, repository: str, package: str = "") -> Iterator[Document]:
    """Yield the generic versions of a repository, or of one package, by package and version."""
    for _, kept in tx.scan(VERSIONS, f"{repository} {package} " if package else f"{repository} "):
        yield kept


def files_of(tx: Transaction, repository: str, package: str = "", version: str = "") -> Iterator[Document]:
    """Yield the files of a repository, a package or a version, by id."""
    parts = [part for part in (package, version) if part]
    prefix = ":".join([*parts, ""])
    for _, kept in tx.scan(FILES, f"{repository} {prefix}"):
        yield kept


def find_file(tx: Transaction, repository: str, identifier: str) -> Document | None:
    """Return a file by its id, or None."""
    return tx.get(FILES, f"{repository} {identifier}")


def read_file(tx: Transaction, repository: str, identifier: str) -> bytes:
    """Return what a file that exists holds."""
    return tx.get_blob(_blob(repository, identifier)) or b""


def delete_file(tx: Transaction, repository: str, identifier: str) -> None:
    """Remove a file with its content."""
    tx.delete(FILES, f"{repository} {identifier}")
    tx.delete_blob(_blob(repository, identifier))


def delete_version(tx: Transaction, repository: str, package: str, version: str) -> bool:
    """Remove a version with its files; tell whether there was one."""
    for kept in list(files_of(tx, repository, package, version)):
        delete_file(tx, repository, kept["id"])
    return tx.delete(VERSIONS, f"{repository} {package} {version}")


def delete_everything(tx: Transaction, repository: str) -> None:
    """Remove all versions and files of a repository."""
    for kept in list(versions_of(tx, repository)):
        delete_version(tx, repository, kept["package"], kept["version"])


def shown_file(repository: str, kept: Document) -> Json:
    """Return a file as the API shows it."""
    owner = f"{repository}/packages/{quote(kept['package'], safe='')}/versions/{kept['version']}"
    fields = {
        key: kept[key] for key in ("sizeBytes", "hashes", "createTime", "updateTime", "annotations") if key in kept
    }
    return {"name": file_name(repository, kept["id"]), "owner": owner} | fields


def file_name(repository: str, identifier: str) -> str:
    """Return the resource name of a file; colons stay, slashes are encoded."""
    return f"{repository}/files/{quote(identifier, safe=':@')}"


def hashes_of(content: bytes) -> list[Json]:
    """Return the hashes of a content as the API shows them."""
    digest = hashlib.sha256(content).digest()
    return [{"type": "SHA256", "value": base64.b64encode(digest).decode()}]


def _file(identifier: str, package: str, version: str, content: bytes, now: datetime) -> Document:
    return {
        "id": identifier,
        "package": package,
        "version": version,
        "sizeBytes": str(len(content)),
        "hashes": hashes_of(content),
        "createTime": timestamp(now),
        "updateTime": timestamp(now),
    }


def _blob(repository: str, identifier: str) -> str:
    return f"generic/{repository}/{identifier}"
