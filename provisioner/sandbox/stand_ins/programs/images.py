"""Images: layers, OCI and Docker archives, and pushing over the distribution protocol.

https://github.com/opencontainers/image-spec, https://github.com/opencontainers/distribution-spec
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from provisioner.sandbox.stand_ins.programs.stages import Files, Stage
from provisioner.sandbox.stand_ins.programs.workflow import send_for_place

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG, _LAYER = "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"
_EPOCH = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Image:
    """A built image: its blobs by digest, and which of them is the manifest."""

    blobs: dict[str, bytes]
    manifest: str

    def document(self) -> dict[str, Any]:
        """Return the manifest."""
        found: dict[str, Any] = json.loads(self.blobs[self.manifest])
        return found


def image_of(stage: Stage, labels: dict[str, str]) -> Image:
    """Return the image of a stage; the same files and settings give the same digest."""
    blobs: dict[str, bytes] = {}
    layers, identifiers = [], []
    for files in stage.layers:
        plain = _packed(files)
        content = gzip.compress(plain, 6, mtime=0)
        identifiers.append(digest_of(plain))
        layers.append({"mediaType": _LAYER, "digest": _kept(blobs, content), "size": len(content)})
    settings = {**stage.config, **({"Labels": {**stage.config.get("Labels", {}), **labels}} if labels else {})}
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": _EPOCH,
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": identifiers},
        "history": [{"created": _EPOCH, **row} for row in stage.history],
    }
    raw = json.dumps(config, sort_keys=True).encode()
    described = {"mediaType": _CONFIG, "digest": _kept(blobs, raw), "size": len(raw)}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": layers}
    return Image(blobs, _kept(blobs, json.dumps(manifest, sort_keys=True).encode()))


def digest_of(content: bytes) -> str:
    """Return a content's digest."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _kept(blobs: dict[str, bytes], content: bytes) -> str:
    digest = digest_of(content)
    blobs[digest] = content
    return digest


def _packed(files: Files) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for folder in sorted({str(parent) for path in files for parent in Path(path).parents} - {"."}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for path, (mode, data) in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), mode
            tar.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def write_oci(image: Image, target: Path, tag: str) -> None:
    """Write an OCI archive."""
    descriptor = {"mediaType": MANIFEST, "digest": image.manifest, "size": len(image.blobs[image.manifest])}
    if tag:
        descriptor["annotations"] = {"org.opencontainers.image.ref.name": tag}
    files = {f"blobs/{digest.replace(':', '/')}": content for digest, content in image.blobs.items()}
    files["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [descriptor]}).encode()
    _archive(files, target)


def write_docker(image: Image, target: Path, tags: list[str]) -> None:
    """Write an archive as ``docker save`` does."""
    document = image.document()
    config = document["config"]["digest"].removeprefix("sha256:")
    names = [f"{layer['digest'].removeprefix('sha256:')}.tar" for layer in document["layers"]]
    plain = [gzip.decompress(image.blobs[layer["digest"]]) for layer in document["layers"]]
    manifest = [{"Config": f"{config}.json", "RepoTags": tags, "Layers": names}]
    files = {f"{config}.json": image.blobs[document["config"]["digest"]], **dict(zip(names, plain, strict=True))}
    _archive(files | {"manifest.json": json.dumps(manifest).encode()}, target)


def read_oci(source: Path) -> Image:
    """Read an archive that ``write_oci`` wrote."""
    with tarfile.open(source) as tar:
        files = {entry.name: found.read() for entry in tar if (found := tar.extractfile(entry))}
    blobs = {name.removeprefix("blobs/").replace("/", ":"): data for name, data in files.items() if "blobs/" in name}
    return Image(blobs, json.loads(files["index.json"])["manifests"][0]["digest"])


def _archive(files: dict[str, bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def push(image: Image, reference: str) -> str:
    """Push an image under ``registry/name:tag``; return its digest. Raises RuntimeError in the registry's words."""
    registry, _, rest = reference.partition("/")
    name, _, tag = rest.rpartition(":") if ":" in rest else (rest, "", "latest")
    start, headers = f"https://{registry}/v2/{name}", _credentials(registry)
    for digest, content in image.blobs.items():
        if digest != image.manifest and not _is_there(f"{start}/blobs/{digest}", headers):
            place = send_for_place(f"{start}/blobs/uploads/", b"", "POST", headers)
            place = urljoin(start, place)
            separator = "&" if "?" in place else "?"
            octets = {**headers, "Content-Type": "application/octet-stream"}
            send_for_place(f"{place}{separator}digest={digest}", content, "PUT", octets)
    typed = {**headers, "Content-Type": MANIFEST}
    send_for_place(f"{start}/manifests/{tag}", image.blobs[image.manifest], "PUT", typed)
    return image.manifest


def _is_there(url: str, headers: dict[str, str]) -> bool:
    try:
        send_for_place(url, None, "HEAD", headers)
    except RuntimeError as refused:
        if not str(refused).startswith("404"):
            raise
        return False
    return True


def credentials_file() -> Path:
    """Return where ``docker login`` keeps what it is told."""
    return Path(os.environ.get("DOCKER_CONFIG", Path.home() / ".docker")) / "config.json"


def _credentials(registry: str) -> dict[str, str]:
    file = credentials_file()
    known = json.loads(file.read_text(encoding="utf-8")).get("auths", {}) if file.exists() else {}
    held = known.get(registry) or known.get(f"https://{registry}")
    if not held:
        return {}
    user, _, password = base64.b64decode(held["auth"]).decode().partition(":")
    if user == "oauth2accesstoken":
        return {"Authorization": f"Bearer {password}"}
    return {"Authorization": f"Basic {held['auth']}"}
