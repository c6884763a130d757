"""A small client of the registry protocol, and images to push with it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.sandbox.identity.cloud import PROJECT, Answer, Cloud

Json = dict[str, Any]
LOCATION = "europe-west1"
HOST = f"{LOCATION}-docker.pkg.dev"
REPOSITORY = f"projects/{PROJECT}/locations/{LOCATION}/repositories/images"
API = "artifactregistry.googleapis.com/v1"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def create_repository(cloud: Cloud, *, immutable: bool = False, name: str = "images") -> Json:
    body = {"format": "DOCKER", "dockerConfig": {"immutableTags": immutable}}
    parent = REPOSITORY.rpartition("/")[0]
    return cloud.ok("POST", f"{API}/{parent}?repository_id={name}", body)


class Registry:
    """The registry as one client with one token sees it."""

    def __init__(self, cloud: Cloud, token: str | None = "", name: str = f"{PROJECT}/images/team/api") -> None:
        self.cloud = cloud
        self.token = token
        self.base = f"{HOST}/v2/{name}"

    def send(self, verb: str, path: str, content: bytes = b"", **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.cloud.call(verb, f"{self.base}{path}", token=self.token, headers=sent, content=content)

    def upload(self, content: bytes) -> Answer:
        return self.send("POST", f"/blobs/uploads/?digest={digest(content)}", content)

    def push(self, reference: str = "", layer: bytes = b"layer", config: bytes = b"{}") -> Answer:
        """Push an image of one layer; return the answer to its manifest."""
        for blob in (layer, config):
            answer = self.upload(blob)
            if answer.status != 201:
                return answer
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "config": {"mediaType": "x", "digest": digest(config), "size": len(config)},
                "layers": [{"mediaType": "y", "digest": digest(layer), "size": len(layer)}],
            }
        ).encode()
        return self.send("PUT", f"/manifests/{reference or digest(manifest)}", manifest, content_type=MANIFEST_TYPE)
