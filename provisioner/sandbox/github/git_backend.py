"""``git http-backend`` as a CGI program: the request in, the response out, as a stream where it is large."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from provisioner.sandbox.github.bare import environment, git_program
from provisioner.sandbox.http import Request, Response

_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Service:
    """Which repository's which file is asked of git; ``user`` is the pusher's name, which allows pushing."""

    folder: Path
    path: str
    user: str


def run_backend(service: Service, request: Request, *, stream: bool) -> Response:
    """Start git on a request. The body is complete, or an iterator over what git writes when ``stream`` is set."""
    with TemporaryFile() as body:
        body.write(request.body)
        body.seek(0)
        process = subprocess.Popen(  # noqa: S603 - argv is ours, no shell
            (git_program(), "http-backend"),
            stdin=body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(_cgi(service, request)),
        )
    output = process.stdout
    if output is None:
        raise RuntimeError("git's output is a pipe")
    status, headers = _head(output)
    chunks = _chunks(process, output)
    return Response(status, headers, chunks if stream else b"".join(chunks))


def _cgi(service: Service, request: Request) -> dict[str, str]:
    protocol = request.headers.get("git-protocol")
    return {
        "GIT_PROJECT_ROOT": str(service.folder.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{service.folder.name}/{service.path}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "REMOTE_ADDR": "127.0.0.1",
        **({"REMOTE_USER": service.user} if service.user else {}),
        **({"GIT_PROTOCOL": protocol} if protocol else {}),
    }


def _head(output: IO[bytes]) -> tuple[int, tuple[tuple[str, str], ...]]:
    status, headers = 200, list[tuple[str, str]]()
    while line := output.readline().rstrip(b"\r\n").decode("latin-1"):
        name, _, value = line.partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers.append((name, value.strip()))
    return status, tuple(headers)


def _chunks(process: subprocess.Popen[bytes], output: IO[bytes]) -> Iterator[bytes]:
    try:
        while chunk := output.read(_CHUNK):
            yield chunk
    finally:
        output.close()
        process.terminate() if process.poll() is None else None
        process.wait()
