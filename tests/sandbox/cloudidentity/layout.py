"""An image on disk, as a build leaves it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def image_layout(folder: Path) -> str:
    """Write an OCI image layout with one image, tag v1; return the digest of its manifest."""

    def put(content: bytes) -> dict[str, str | int]:
        digest = hashlib.sha256(content).hexdigest()
        (folder / "blobs" / "sha256" / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    (folder / "blobs" / "sha256").mkdir(parents=True)
    prefix = "application/vnd.oci.image"
    layer = bytes(1024)  # two blocks of zeros: an empty tar archive
    diff = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [diff]}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{prefix}.manifest.v1+json",
        "config": {"mediaType": f"{prefix}.config.v1+json", **put(json.dumps(config).encode())},
        "layers": [{"mediaType": f"{prefix}.layer.v1.tar", **put(layer)}],
    }
    entry = {"mediaType": f"{prefix}.manifest.v1+json", **put(json.dumps(manifest).encode())}
    entry["annotations"] = {"org.opencontainers.image.ref.name": "v1"}  # type: ignore[assignment]
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return str(entry["digest"])
