"""What Docker repositories of Artifact Registry hold: blobs, manifests and tags, under a repository's name.

The distribution protocol writes them, the Artifact Registry API and Cloud Run read them. Rules live here: content
must match its digest, a manifest's parts must be there, an immutable tag neither moves nor goes.
https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioner.sandbox.google.wire import timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
REPOSITORIES = "google/artifactregistry.repositories"  # by name with the project's id; fields as artifactregistry v1
MANIFESTS = "google/artifactregistry.manifests"  # "<repository> <image> <digest>"
TAGS = "google/artifactregistry.tags"  # "<repository> <image> <tag>" -> {"digest"}
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class RegistryError(Exception):
    """A refusal in the words of the distribution spec: code (``MANIFEST_INVALID``), text and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Keep the parts."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class Image:
    """One image of a repository: ``repository`` is the full resource name, ``name`` may hold slashes."""

    repository: str
    name: str

    def key(self, last: str = "") -> str:
        """Return the key of a manifest (digest) or tag of this image; without ``last`` the prefix of all."""
        return f"{self.repository} {self.name} {last}"


def digest_of(content: bytes, like: str = "") -> str:
    """Return the digest of bytes: sha256, or sha512 where ``like`` is such a digest."""
    algorithm = "sha512" if like.startswith("sha512:") else "sha256"
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def get_blob(tx: Transaction, repository: str, digest: str) -> bytes | None:
    """Return a blob of a repository, or None."""
    return tx.get_blob(_blob_key(repository, digest))


def put_blob(tx: Transaction, repository: str, digest: str, content: bytes) -> None:
    """Keep a blob. Raises RegistryError when the digest is not the content's."""
    if digest_of(content, digest) != digest:
        raise RegistryError("DIGEST_INVALID", "provided digest did not match uploaded content")
    tx.put_blob(_blob_key(repository, digest), content)


def resolve(tx: Transaction, image: Image, reference: str) -> Document | None:
    """Return the manifest (digest, mediaType, sizes, uploadTime) of a tag or digest, or None."""
    if not DIGEST.fullmatch(reference):
        tag = tx.get(TAGS, image.key(reference))
        reference = tag["digest"] if tag else ""
    return tx.get(MANIFESTS, image.key(reference))


def put_manifest(  # noqa: PLR0913 - the parts of one push
    tx: Transaction, image: Image, reference: str, content: bytes, media_type: str, *, now: datetime
) -> str:
    """Keep a manifest under a tag or its digest; return the digest. Raises RegistryError."""
    digest = digest_of(content, reference)
    document = _parsed(content)
    is_tag = not DIGEST.fullmatch(reference)
    if not is_tag and reference != digest:
        raise RegistryError("DIGEST_INVALID", "provided digest did not match uploaded content")
    if is_tag and not _TAG.fullmatch(reference):
        raise RegistryError("MANIFEST_INVALID", f"invalid tag {reference}")
    _check_parts(tx, image, document)
    if is_tag:
        _move_tag(tx, image, reference, digest)
    tx.put_blob(_blob_key(image.repository, digest), content)
    if tx.get(MANIFESTS, image.key(digest)) is None:
        tx.put(MANIFESTS, image.key(digest), _entry(image, digest, document, content, media_type, now))
    return digest


def delete_tag(tx: Transaction, image: Image, tag: str) -> None:
    """Remove a tag. Raises RegistryError for one that is missing or immutable."""
    if tx.get(TAGS, image.key(tag)) is None:
        raise RegistryError("MANIFEST_UNKNOWN", f"tag {tag} was not found", 404)
    if has_immutable_tags(tx, image.repository):
        raise RegistryError("MANIFEST_INVALID", f"cannot delete tag {tag}. {_IMMUTABLE}")
    tx.delete(TAGS, image.key(tag))


def delete_manifest(tx: Transaction, image: Image, digest: str, *, force: bool = False) -> None:
    """Remove a manifest; ``force`` takes its tags too. Raises RegistryError while tags hold it."""
    if tx.get(MANIFESTS, image.key(digest)) is None:
        raise RegistryError("MANIFEST_UNKNOWN", f"manifest {digest} was not found", 404)
    held = tags_of(tx, image, digest)
    if held and (has_immutable_tags(tx, image.repository) or not force):
        reason = _IMMUTABLE if has_immutable_tags(tx, image.repository) else f"It is tagged {', '.join(held)}."
        raise RegistryError("MANIFEST_INVALID", f"cannot delete {digest}. {reason}")
    parents = _parents(tx, image, digest)
    if parents:
        text = f"Manifest is still referenced by one or more parent images: {', '.join(parents)}"
        raise RegistryError("GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE", text)
    forget_manifest(tx, image, digest)


def forget_manifest(tx: Transaction, image: Image, digest: str) -> None:
    """Remove a manifest with its tags, whatever the rules for people say."""
    for tag in tags_of(tx, image, digest):
        tx.delete(TAGS, image.key(tag))
    tx.delete(MANIFESTS, image.key(digest))


def create_tag(tx: Transaction, image: Image, tag: str, digest: str, *, existing: bool) -> None:
    """Point a tag to a manifest; ``existing`` tells whether it is to be there already. Raises RegistryError."""
    if not _TAG.fullmatch(tag):
        raise RegistryError("MANIFEST_INVALID", f"invalid tag {tag}")
    if (tx.get(TAGS, image.key(tag)) is not None) != existing:
        raise RegistryError("MANIFEST_UNKNOWN", f"tag {tag} was not found", 404 if existing else 409)
    if tx.get(MANIFESTS, image.key(digest)) is None:
        raise RegistryError("MANIFEST_UNKNOWN", f"manifest {digest} was not found", 404)
    _move_tag(tx, image, tag, digest)


def referrers(tx: Transaction, image: Image, digest: str) -> Iterator[Document]:
    """Yield the manifests that name another as their subject, by digest."""
    for manifest in manifests(tx, image.repository, image.name):
        if manifest.get("subject") == digest:
            yield manifest


def tags_of(tx: Transaction, image: Image, digest: str = "") -> list[str]:
    """Return the tags of an image, or of one of its manifests, sorted."""
    rows = tx.scan(TAGS, image.key())
    return [key.rpartition(" ")[2] for key, tag in rows if not digest or tag["digest"] == digest]


def manifests(tx: Transaction, repository: str, image: str = "") -> Iterator[Document]:
    """Yield the manifests of a repository, or of one image, by image and digest."""
    prefix = Image(repository, image).key() if image else f"{repository} "
    for _, manifest in tx.scan(MANIFESTS, prefix):
        yield manifest


def has_immutable_tags(tx: Transaction, repository: str) -> bool:
    """Tell whether the tags of a repository neither move nor go."""
    found = tx.get(REPOSITORIES, repository) or {}
    return bool(found.get("dockerConfig", {}).get("immutableTags"))


def delete_contents(tx: Transaction, repository: str) -> None:
    """Forget everything a repository holds: it is being deleted."""
    for collection in (MANIFESTS, TAGS):
        for key, _ in list(tx.scan(collection, f"{repository} ")):
            tx.delete(collection, key)


_IMMUTABLE = "The repository has enabled tag immutability"


def _blob_key(repository: str, digest: str) -> str:
    return f"oci/{repository}/{digest}"


def _move_tag(tx: Transaction, image: Image, tag: str, digest: str) -> None:
    held = tx.get(TAGS, image.key(tag))
    if held is not None and held["digest"] != digest and has_immutable_tags(tx, image.repository):
        raise RegistryError("MANIFEST_INVALID", f"cannot update tag {tag}. {_IMMUTABLE}")
    tx.put(TAGS, image.key(tag), {"digest": digest})


def _parsed(content: bytes) -> Json:
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise RegistryError("MANIFEST_INVALID", "the manifest is not a JSON object")
    return document


def _check_parts(tx: Transaction, image: Image, document: Json) -> None:
    config = [document["config"]] if "config" in document else []
    for part in [*config, *document.get("layers", [])]:
        if not part.get("urls") and get_blob(tx, image.repository, part.get("digest", "")) is None:
            raise RegistryError("MANIFEST_BLOB_UNKNOWN", f"blob {part.get('digest')} is unknown to the registry")
    for part in document.get("manifests", []):
        if resolve(tx, image, part.get("digest", "")) is None:
            raise RegistryError("MANIFEST_UNKNOWN", f"manifest {part.get('digest')} is unknown to the registry", 404)


def _parents(tx: Transaction, image: Image, digest: str) -> list[str]:
    """Return the digests of the indexes that name a manifest."""
    return [each["digest"] for each in manifests(tx, image.repository, image.name) if digest in each.get("parts", ())]


def _entry(  # noqa: PLR0913, PLR0917 - all that is kept of a manifest
    image: Image, digest: str, document: Json, content: bytes, media_type: str, now: datetime
) -> Document:
    layers = sum(int(part.get("size", 0)) for part in document.get("layers", []))
    return {
        "image": image.name,
        "digest": digest,
        "mediaType": media_type or document.get("mediaType", "application/vnd.oci.image.manifest.v1+json"),
        "imageSizeBytes": str(layers),
        "size": len(content),
        "uploadTime": timestamp(now),
    } | _relations(document)


def _relations(document: Json) -> Json:
    """Return what other manifests a manifest speaks of, and what a referrer says of itself."""
    subject = document.get("subject") or {}
    config = document.get("config") or {}
    found = {
        "subject": subject.get("digest"),
        "parts": [part["digest"] for part in document.get("manifests") or () if "digest" in part],
        "artifactType": document.get("artifactType") or (config.get("mediaType") if subject else None),
        "annotations": document.get("annotations"),
    }
    return {key: value for key, value in found.items() if value}
