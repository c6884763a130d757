"""Cloud Run in one region, as its clients see it, and images to deploy there."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.sandbox.identity.cloud import NUMBER, PROJECT, Answer, Cloud
from tests.sandbox.services.registry import HOST, LOCATION, MANIFEST_TYPE, Registry, digest

Json = dict[str, Any]
V2 = "run.googleapis.com/v2"
V1 = f"{LOCATION}-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/{PROJECT}"
JOBS_V1 = f"{LOCATION}-run.googleapis.com/apis/run.googleapis.com/v1/namespaces/{PROJECT}"
PARENT = f"projects/{PROJECT}/locations/{LOCATION}"
NAME = f"{PARENT}/services/api"
URL = f"https://api-{NUMBER}.{LOCATION}.run.app"
RUNTIME = f"runtime-account@{PROJECT}.iam.gserviceaccount.com"
HELLO = "us-docker.pkg.dev/cloudrun/container/hello"
IAM = "iam.googleapis.com/v1"
PLACE = f"{HOST}/{PROJECT}/images/team/api"
# Long enough for a loaded machine: whatever is to fail does so earlier, or says how long it may take.
PATIENT: Json = {"periodSeconds": 60, "timeoutSeconds": 5, "failureThreshold": 1, "tcpSocket": {}}

SERVER = f"""#!{sys.executable} -IS
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/end":
            os._exit(3)
        known = {{name: os.environ.get(name) for name in os.environ["SHOW"].split()}}
        body = json.dumps({{"path": self.path, "variables": known, "headers": dict(self.headers)}}).encode()
        self.send_response(418 if self.path == "/teapot" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
print("listening on", os.environ["PORT"], flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def layer(files: Mapping[str, str | bytes], links: Mapping[str, str] | None = None) -> bytes:
    """Return a gzipped layer of executable files, and of symbolic links, which come first."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, target in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for name, text in files.items():
            content = text.encode() if isinstance(text, str) else text
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def push(cloud: Cloud, layers: list[bytes], config: Json, architecture: str = "amd64") -> str:
    """Push an image; return its reference by digest."""
    registry = Registry(cloud)
    settings = json.dumps({"os": "linux", "architecture": architecture, "config": config}).encode()
    for blob in (*layers, settings):
        assert registry.upload(blob).status == 201
    kind = "application/vnd.oci.image.layer.v1.tar+gzip"
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": "x", "digest": digest(settings), "size": len(settings)},
            "layers": [{"mediaType": kind, "digest": digest(blob), "size": len(blob)} for blob in layers],
        }
    ).encode()
    answer = registry.send("PUT", f"/manifests/{digest(manifest)}", manifest, content_type=MANIFEST_TYPE)
    assert answer.status == 201, answer
    return f"{PLACE}@{digest(manifest)}"


def push_server(cloud: Cloud, program: str = SERVER) -> str:
    """Push an image whose entrypoint is a script of this machine's Python."""
    return push(cloud, [layer({"app/server": program})], {"Entrypoint": ["/app/server"], "Env": ["SHOW=K_SERVICE"]})


def until(happened: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something that a process or a thread brings about; fail when it takes too long."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        pause.wait(0.02)


def waiting(begun: Path, marker: Path) -> str:
    """Return lines of a program that says that it has begun, and goes on once the marker is there."""
    return (
        f"import os, time\nopen({str(begun)!r}, 'a').close()\n"
        f"while not os.path.exists({str(marker)!r}): time.sleep(0.01)\n"
    )


class Region:
    """Requests to Cloud Run."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def create(self, image: str = HELLO, container: Json | None = None, **template: Any) -> Answer:
        return self.cloud.call("POST", f"{V2}/{PARENT}/services?serviceId=api", self.body(image, container, **template))

    def patch(self, image: str = HELLO, container: Json | None = None, **template: Any) -> Answer:
        return self.cloud.call("PATCH", f"{V2}/{NAME}", self.body(image, container, **template))

    def body(self, image: str, container: Json | None = None, **template: Any) -> Json:
        wanted = {"image": image, "startupProbe": PATIENT} | (container or {})
        return {"template": {"containers": [wanted], "serviceAccount": RUNTIME} | template}

    def service(self) -> Json:
        return self.cloud.ok("GET", f"{V2}/{NAME}")

    def v1(self) -> Json:
        return self.cloud.ok("GET", f"{V1}/services/api")

    def run_processes(self) -> None:
        self.cloud.world.settings.change({"run_containers": "process"})

    def done(self, operation: Json, seconds: float = 70) -> Json:
        """Return an operation once it is done."""
        deadline = time.monotonic() + seconds
        while not operation.get("done"):
            assert time.monotonic() < deadline, operation
            operation = self.cloud.ok("POST", f"{V2}/{operation['name']}:wait", {})
        return operation

    def open_to_all(self) -> None:
        binding = {"role": "roles/run.invoker", "members": ["allUsers"]}
        self.cloud.ok("POST", f"{V2}/{NAME}:setIamPolicy", {"policy": {"bindings": [binding]}})

    def ask(self, path: str = "/", url: str = URL, **headers: str) -> Answer:
        return self.cloud.call("GET", f"{url}{path}", token=None, headers=headers)
