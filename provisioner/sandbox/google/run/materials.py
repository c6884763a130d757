"""Everything that starting a container needs from the store, read at once, so that nothing is held while it starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.google.hierarchy import find_project
from provisioner.sandbox.google.run.images import ImageError, Runnable, find_image
from provisioner.sandbox.google.services.docker_images import get_blob
from provisioner.sandbox.google.services.secretmanager_secrets import VERSIONS
from provisioner.sandbox.store import Transaction

Json = dict[str, Any]
_SECRETS = "secretmanager.googleapis.com"


@dataclass(frozen=True, slots=True)
class Materials:
    """An image with its layers, the container's part of the template, and the values it is given.

    ``variables`` are the declared ones with secrets filled in; ``files`` maps absolute paths in the container to
    contents (mounted secrets), ``folders`` are those that are mounted empty.
    """

    image: Runnable
    layers: tuple[bytes, ...]
    container: Mapping[str, Any]
    variables: Mapping[str, str]
    files: Mapping[str, bytes]
    folders: tuple[str, ...] = ()


def gather(tx: Transaction, project: str, image: str, template: Mapping[str, Any]) -> Materials:
    """Return what the one container of a template needs. Raises ImageError for what cannot be had here.

    ``image`` is the reference to run, with the digest that its tag meant when the revision was made.
    """
    container = template["containers"][0]
    found = find_image(tx, image)
    layers = tuple(_layer(tx, found, digest) for digest in found.layers)
    variables = {variable["name"]: _value(tx, project, variable) for variable in container.get("env", [])}
    volumes = {volume["name"]: volume for volume in template.get("volumes", [])}
    files: dict[str, bytes] = {}
    folders = []
    for mount in container.get("volumeMounts", []):
        volume = volumes.get(mount["name"], {})
        if "secret" in volume:
            files |= _secret_files(tx, project, volume["secret"], mount["mountPath"])
        elif "emptyDir" in volume:
            folders.append(mount["mountPath"])
        else:
            kind = next((key for key in volume if key != "name"), "nothing")
            raise ImageError(f"it mounts a volume of kind {kind}")
    return Materials(found, layers, container, variables, files, tuple(folders))


def _layer(tx: Transaction, image: Runnable, digest: str) -> bytes:
    content = get_blob(tx, image.repository, digest)
    if content is None:
        raise ImageError(f"its layer {digest} is gone")
    return content


def _value(tx: Transaction, project: str, variable: Json) -> str:
    reference = variable.get("valueSource", {}).get("secretKeyRef")
    if reference is None:
        return str(variable.get("value", ""))
    return _secret(tx, project, reference["secret"], reference.get("version", "latest")).decode(errors="replace")


def _secret_files(tx: Transaction, project: str, source: Json, folder: str) -> dict[str, bytes]:
    items = source.get("items") or [{"path": source["secret"].rpartition("/")[2], "version": "latest"}]
    return {
        f"{folder.rstrip('/')}/{item['path']}": _secret(tx, project, source["secret"], item.get("version", "latest"))
        for item in items
    }


def _secret(tx: Transaction, project: str, secret: str, version: str) -> bytes:
    name = secret if "/" in secret else f"projects/{project}/secrets/{secret}"
    owner = find_project(tx, name.split("/")[1])
    full = f"projects/{owner['projectNumber'] if owner else ''}/secrets/{name.rpartition('/')[2]}"
    rows = [(key, row) for key, row in _versions(tx, full) if version in {"latest", row["name"].rpartition("/")[2]}]
    content = tx.get_blob(rows[-1][0]) if rows and rows[-1][1]["state"] == "ENABLED" else None
    if content is None:
        raise ImageError(f"the secret {full}/versions/{version} ({_SECRETS}) cannot be read")
    return content


def _versions(tx: Transaction, secret: str) -> Iterator[tuple[str, Json]]:
    return iter(tx.scan(VERSIONS, f"{secret}/versions/"))
