"""publish.sh with the real skopeo against the sandbox's Artifact Registry: push once, promote by digest."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import ssl
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed
from tests.template.teams import PROJECT, platform

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed"),
]
SCRIPT = PROJECT / "repo-template" / "content" / "pipeline" / "publish.sh"
STAGES = ("dev", "prod")
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture(scope="module")
def handle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    started = ensure(tmp_path_factory.mktemp("sandbox"), idle_seconds=300)
    settings = platform()
    plan = SeedPlan(
        organisation_id=settings.organisation.id,
        organisation_domain=settings.organisation.domain,
        folder_id=None,
        billing_account=settings.billing_account,
        projects=tuple(SeedProject(f"example-img-{stage}") for stage in STAGES),
        state_bucket="",
        state_project="",
        state_location="",
        github_owner="",
    )
    seed(started, plan)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def google(handle: Handle) -> Iterator[httpx.Client]:

    environment = handle.environment()
    token = environment["GOOGLE_OAUTH_ACCESS_TOKEN"]
    context = ssl.create_default_context(cafile=str(handle.ca_file))
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(proxy=handle.proxy_url, verify=context, headers=headers, trust_env=False) as client:
        for stage in STAGES:
            services = f"https://serviceusage.googleapis.com/v1/projects/example-img-{stage}/services"
            client.post(f"{services}/artifactregistry.googleapis.com:enable").raise_for_status()
            place = f"https://artifactregistry.googleapis.com/v1/projects/example-img-{stage}/locations/europe-west1"
            body = {"format": "DOCKER", "dockerConfig": {"immutableTags": True}}
            client.post(f"{place}/repositories?repositoryId=images", json=body).raise_for_status()
        yield client


class Archive:
    """An OCI archive as buildx writes one: an index of an image and its attestation."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        layer = self._add(b"not really a layer")
        config = self._json({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
        image = self._manifest(config, layer)
        self.attestation = self._manifest(self._json({"attestation": True}), self._add(b'{"predicate": {}}'))
        entries = [
            {**image, "platform": {"architecture": "amd64", "os": "linux"}},
            {**self.attestation, "platform": {"architecture": "unknown", "os": "unknown"}},
        ]
        self.index = self._json({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}, INDEX)

    def write(self, path: Path) -> None:
        files = {f"blobs/sha256/{digest}": content for digest, content in self.blobs.items()}
        files["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
        files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [self.index]}).encode()
        with tarfile.open(path, "w") as tar:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))

    def _manifest(self, config: dict[str, Any], layer: dict[str, Any]) -> dict[str, Any]:
        config = {**config, "mediaType": "application/vnd.oci.image.config.v1+json"}
        layer = {**layer, "mediaType": "application/vnd.oci.image.layer.v1.tar"}
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
        return self._json(document, MANIFEST)

    def _json(self, document: object, media_type: str = "") -> dict[str, Any]:
        return {"mediaType": media_type, **self._add(json.dumps(document).encode())}

    def _add(self, content: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return {"digest": f"sha256:{digest}", "size": len(content)}


def publish(handle: Handle, source: str, stage: str, tag: str) -> subprocess.CompletedProcess[str]:
    client = handle.environment()
    target = f"europe-west1-docker.pkg.dev/example-img-{stage}/images/model"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(handle.state),
        "HTTPS_PROXY": client["HTTPS_PROXY"],
        "SSL_CERT_FILE": client["SSL_CERT_FILE"],
        "REGISTRY_TOKEN": client["GOOGLE_OAUTH_ACCESS_TOKEN"],
    }
    command = [str(SCRIPT), source, target, tag]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_the_image_travels_with_its_attestation_and_digest(
    handle: Handle, google: httpx.Client, tmp_path: Path
) -> None:
    archive = Archive()
    archive.write(tmp_path / "image.tar")
    digest = archive.index["digest"]
    pushed = publish(handle, f"oci-archive:{tmp_path}/image.tar", "dev", "git-abc-1")
    assert pushed.returncode == 0, pushed.stderr
    first = pushed.stdout.strip()
    assert first == f"europe-west1-docker.pkg.dev/example-img-dev/images/model@{digest}"
    promoted = publish(handle, first, "prod", "git-abc-1")
    assert promoted.stdout.strip() == first.replace("-dev/", "-prod/"), promoted.stderr
    address = "https://europe-west1-docker.pkg.dev/v2/example-img-prod/images/model/manifests"
    found = google.get(f"{address}/{archive.attestation['digest']}", headers={"Accept": MANIFEST})
    assert found.content == archive.blobs[archive.attestation["digest"].removeprefix("sha256:")]
    assert google.get(f"{address}/git-abc-1", headers={"Accept": INDEX}).headers["Docker-Content-Digest"] == digest


def test_a_repeated_job_finds_its_tag(handle: Handle, google: httpx.Client, tmp_path: Path) -> None:
    assert google.headers["Authorization"]
    Archive().write(tmp_path / "image.tar")
    source = f"oci-archive:{tmp_path}/image.tar"
    first, second = (publish(handle, source, "dev", "git-def-1") for _ in range(2))
    assert first.returncode == second.returncode == 0, second.stderr
    assert first.stdout == second.stdout


def test_only_archives_and_digests_are_published(handle: Handle) -> None:
    ended = publish(handle, "europe-west1-docker.pkg.dev/example-img-dev/images/model:latest", "prod", "t")
    assert ended.returncode == 2
    assert "not an image by digest" in ended.stderr


def test_without_the_right_no_image_is_published(handle: Handle, tmp_path: Path) -> None:
    Archive().write(tmp_path / "image.tar")
    target = "europe-west1-docker.pkg.dev/example-img-dev/images/model"
    env = {**handle.environment(), "PATH": os.environ["PATH"], "HOME": str(tmp_path), "REGISTRY_TOKEN": "ya29.wrong"}
    command = [str(SCRIPT), f"oci-archive:{tmp_path}/image.tar", target, "git-x-1"]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert "ya29.wrong" not in ended.stderr
