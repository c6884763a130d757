"""The stand-in as a plugin binary: what Terraform installs from a mirror and starts itself.

Speaks go-plugin's handshake (hashicorp/go-plugin, docs/guide-plugin-write-non-go.md): one line on the standard output
says where the gRPC server is and shows its certificate. Its requests go out as any program's do: through the proxy of
the environment, trusting SSL_CERT_FILE.
"""

from __future__ import annotations

import base64
import os
import stat
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import google.auth
import grpc  # type: ignore[import-untyped]
import requests
import trustme
from google.auth.exceptions import DefaultCredentialsError
from google.auth.impersonated_credentials import Credentials as Impersonated
from google.auth.transport.requests import Request as Refreshing

from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.provider import protocol, registry, service, session
from provisioner.sandbox.provider.client import Pace

VERSION = "7.45.0"
_PLACE = "registry.terraform.io/hashicorp/google"
_MAGIC = ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
_SCRIPT = """#!/bin/sh
PYTHONPATH='{source}' exec '{python}' -m tests.sandbox.provider.plugin
"""


def build_mirror(folder: Path, system: str, *, place: str = _PLACE) -> Path:
    """Write a mirror that holds this provider for ``system`` (as in linux_amd64), zipped as the registry's are."""
    script = _SCRIPT.format(source=Path(__file__).parents[3], python=sys.executable)
    home = folder / place
    home.mkdir(parents=True)
    entry = zipfile.ZipInfo(f"terraform-provider-google_v{VERSION}_x5")
    entry.external_attr = (stat.S_IFREG | 0o755) << 16
    with zipfile.ZipFile(home / f"terraform-provider-google_{VERSION}_{system}.zip", "w") as package:
        package.writestr(entry, script)
    return folder


def main() -> None:
    """Serve until Terraform says that it is done, or is gone."""
    if os.environ.get(_MAGIC[0]) != _MAGIC[1]:
        sys.exit("This binary is a plugin. It is not meant to be executed directly.")
    ended = Event()
    server = grpc.server(ThreadPoolExecutor(64), handlers=_handlers(ended), options=(("grpc.so_reuseport", 0),))
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    chain = leaf.cert_chain_pems[0].bytes() + authority.cert_pem.bytes()
    pair = (leaf.private_key_pem.bytes(), chain)
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    lines = authority.cert_pem.bytes().decode().splitlines()
    shown = base64.b64encode(base64.b64decode("".join(lines[1:-1]))).decode().rstrip("=")
    sys.stdout.write(f"1|6|tcp|127.0.0.1:{port}|grpc|{shown}\n")
    sys.stdout.flush()
    ended.wait()
    server.stop(1).wait()


def _handlers(ended: Event) -> tuple[Any, ...]:
    shared = session.Session(registry.load(), _sent, _token(), Pace(0.02), legacy=True)

    def call(handle: service.Handler) -> Any:
        return grpc.unary_unary_rpc_method_handler(lambda request, context: handle(request, context.peer()))

    def shutdown(_request: bytes, _context: Any) -> bytes:
        ended.set()
        return b""

    methods = {name: call(handle) for name, handle in service.handlers(shared).items()}
    control = {"Shutdown": grpc.unary_unary_rpc_method_handler(shutdown)}
    return (
        grpc.method_handlers_generic_handler(protocol.SERVICE, methods),
        grpc.method_handlers_generic_handler("plugin.GRPCController", control),
    )


def _token() -> str:
    """Find credentials as the real provider does: a token, else Application Default Credentials, impersonating.

    Without any it goes on, as who asks for schemas only has none; the cloud refuses whatever else is asked.
    """
    given = os.environ.get("GOOGLE_OAUTH_ACCESS_TOKEN", "")
    if given:
        return given
    try:
        found: Any = google.auth.default(_SCOPES)[0]
    except DefaultCredentialsError:
        return ""
    if account := os.environ.get("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"):
        found = Impersonated(found, account, _SCOPES)  # type: ignore[no-untyped-call] # half typed
    found.refresh(Refreshing())
    return str(found.token)


def _sent(request: Request) -> Response:
    url = f"https://{request.host}{request.path}" + (f"?{request.query}" if request.query else "")
    headers = {name: value for name, value in request.headers.items() if name not in {"host", "content-length"}}
    authorities = os.environ["SSL_CERT_FILE"]
    answer = requests.request(
        request.method, url, headers=headers, data=request.body, timeout=60, verify=authorities, allow_redirects=False
    )
    return Response(answer.status_code, tuple(answer.headers.items()), answer.content)


if __name__ == "__main__":
    main()
