"""Images of the sandbox's own registry, read for running them: which layers, which command.

https://github.com/opencontainers/image-spec/blob/main/config.md and …/manifest.md, …/image-index.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.google.services.docker_images import Image, get_blob, resolve
from provisioner.sandbox.google.services.run_rollout import repository_image
from provisioner.sandbox.store import Transaction

Json = dict[str, Any]
_LAYERS = ("tar", "tar+gzip", "tar.gzip")
_DEPTH = 4


class ImageError(Exception):
    """An image that cannot be run here; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Runnable:
    """An image that may be run: where its layers are kept, and its configuration's ``config`` part.

    ``layers`` are digests of ``repository``, the lowest first.
    """

    repository: str
    digest: str
    layers: tuple[str, ...]
    config: Mapping[str, Any]


def find_image(tx: Transaction, reference: str) -> Runnable:
    """Return the image of a reference, for Linux on amd64. Raises ImageError when it cannot be run here."""
    found = repository_image(tx, reference)
    if found is None:
        raise ImageError(f"{reference} is not in the sandbox's registry")
    image, wanted = found
    manifest, digest = _manifest(tx, image, wanted)
    config = _document(tx, image, manifest.get("config", {}).get("digest", ""))
    if (config.get("os", "linux"), config.get("architecture", "amd64")) != ("linux", "amd64"):
        raise ImageError(f"it is made for {config.get('os')}/{config.get('architecture')}")
    layers = manifest.get("layers", [])
    for layer in layers:
        if not str(layer.get("mediaType", "")).endswith(_LAYERS):
            raise ImageError(f"it has a layer of type {layer.get('mediaType')}")
    if not layers:
        raise ImageError("it has no layers")
    return Runnable(image.repository, digest, tuple(layer["digest"] for layer in layers), _dictionary(config, "config"))


def _manifest(tx: Transaction, image: Image, wanted: str) -> tuple[Json, str]:
    """Follow indexes down to the manifest for this platform."""
    for _ in range(_DEPTH):
        entry = resolve(tx, image, wanted)
        document = _document(tx, image, entry["digest"] if entry else "")
        if "manifests" not in document:
            return document, entry["digest"] if entry else ""
        wanted = next((part["digest"] for part in document["manifests"] if _fits(part)), "")
        if not wanted:
            raise ImageError("it is not made for linux/amd64")
    raise ImageError("its indexes lead nowhere")


def _fits(part: Json) -> bool:
    platform = part.get("platform", {})
    return (platform.get("os"), platform.get("architecture")) == ("linux", "amd64")


def _document(tx: Transaction, image: Image, digest: str) -> Json:
    content = get_blob(tx, image.repository, digest) if digest else None
    try:
        document = json.loads(content or b"")
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ImageError("its manifest or configuration cannot be read")
    return document


def _dictionary(document: Json, key: str) -> Json:
    found = document.get(key)
    return found if isinstance(found, dict) else {}
