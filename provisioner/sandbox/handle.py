"""The client's side of a sandbox server: join or start one, and what its clients need in their environment."""

from __future__ import annotations

import http.client
import json
import os
import select
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import urlencode

from provisioner.errors import InvalidInput, ProvisionError
from provisioner.sandbox.clients import client_environment
from provisioner.sandbox.state import ServerFacts, StateFolder

_START_SECONDS = 30.0
_CONTROL_SECONDS = 60.0
_LARGEST_LOG = 1024 * 1024
_HTTP_OK = 200
_PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class JobToken:
    """What a job of GitHub Actions gets as ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN."""

    request_url: str
    request_token: str


@dataclass(frozen=True, slots=True)
class Handle:
    """A running sandbox server."""

    state: Path
    pid: int
    proxy_url: str
    control_url: str
    ca_file: Path
    control_token: str = field(repr=False)

    @property
    def provider_reattach(self) -> str:
        """The value of TF_REATTACH_PROVIDERS for the stand-in provider."""
        return str(self.control("GET", "environment")["providerReattach"])

    def environment(self, mirror: Path | None = None) -> dict[str, str]:
        """Return the variables that lead unmodified clients here, the operator's tokens among them.

        With ``mirror``, a folder of Terraform's filesystem_mirror layout, Terraform installs its providers from there;
        without, the stand-in for hashicorp/google is attached.
        """
        answer = self.control("GET", "environment")
        return client_environment(self.state, self.proxy_url, self.ca_file, answer, mirror)

    def status(self) -> dict[str, Any]:
        """Return process id, ports, settings, counts of requests, the sandbox's time."""
        return self.control("GET", "status")

    def requests(self, **filters: str) -> list[dict[str, Any]]:
        """Search the request log (see Journal.search for the filters)."""
        found: list[dict[str, Any]] = self.control("GET", "requests", query=filters)["requests"]
        return found

    def look(self) -> str:
        """Return an address that opens the pages of this sandbox in one browser, once."""
        return str(self.control("POST", "look")["url"])

    def reset(self) -> None:
        """Forget everything in the sandbox; certificates and ports stay, tokens change."""
        self.control("POST", "reset")

    def mint_job_token(self, context: Mapping[str, str]) -> JobToken:
        """Return what an Actions job of this context is given. Raises InvalidInput in GitHub's words if refused.

        Keys: repository, event_name, ref, actor, workflow, workflow_ref, and optional environment, job_workflow_ref,
        runner_environment, head_ref, base_ref.
        """
        return _job_token(self.control("POST", "github/job-token", context))

    @contextmanager
    def minting(self) -> Iterator[Callable[[Mapping[str, str]], JobToken]]:
        """Give ``mint_job_token`` for many jobs, from several threads: its connections stay open until the end."""
        idle: deque[_Connection] = deque()

        def mint(context: Mapping[str, str]) -> JobToken:
            try:
                connection = idle.pop()
            except IndexError:
                connection = self._connection()
            try:
                return _job_token(self._answer(connection, "POST", "github/job-token", context, {}))
            finally:
                idle.append(connection)

        try:
            yield mint
        finally:
            for connection in idle:
                connection.close()

    def stop(self) -> None:
        """End the server; returns once its process is gone. No error when it already was."""
        with self._connection() as connection:
            try:
                response = self._ask(connection, "POST", "shutdown", None, {})
            except OSError:
                return
            try:
                while response.read1():
                    pass
            except (http.client.HTTPException, ConnectionError):
                return  # the process died in the middle of its answer: that is what was asked

    def control(
        self, verb: str, action: str, document: Mapping[str, Any] | None = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Call the control interface. Raises ProvisionError with its words on a refusal, or when nobody answers."""
        with self._connection() as connection:
            return self._answer(connection, verb, action, document, query or {})

    def _connection(self) -> _Connection:
        return _Connection(self.control_url.removeprefix("http://"), timeout=_CONTROL_SECONDS)

    def _answer(
        self,
        connection: _Connection,
        verb: str,
        action: str,
        document: Mapping[str, Any] | None,
        query: Mapping[str, str],
    ) -> dict[str, Any]:
        try:
            response = self._ask(connection, verb, action, document, query)
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise ProvisionError(f"the sandbox server does not answer: {error}", fix="start it again") from None
        if response.status != _HTTP_OK:
            raise InvalidInput(str(answer["error"]), fix=str(answer.get("fix", "")))
        return dict(answer)

    def _ask(
        self,
        connection: _Connection,
        verb: str,
        action: str,
        document: Mapping[str, Any] | None,
        query: Mapping[str, str],
    ) -> http.client.HTTPResponse:
        headers = {"Authorization": f"Bearer {self.control_token}"}
        body = None if document is None else json.dumps(dict(document)).encode()
        suffix = f"?{urlencode(query)}" if query else ""
        connection.request(verb, f"/_sandbox/{action}{suffix}", body, headers)
        return connection.getresponse()


def _job_token(answer: Mapping[str, str]) -> JobToken:
    return JobToken(answer["request_url"], answer["request_token"])


class _Connection(http.client.HTTPConnection):
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ensure(state: Path, *, idle_seconds: float = 900, allow_hosts: tuple[str, ...] = ()) -> Handle:
    """Join the server of a state folder, or start one that outlives this process.

    Raises ProvisionError with the end of the server's log when it does not come up within 30 seconds.
    """
    folder = StateFolder(state)
    handle = join(folder.path)
    if handle is None:
        with folder.start_lock(_START_SECONDS):
            handle = join(folder.path) or _start(folder, idle_seconds)
    if allow_hosts:
        handle.control("POST", "hosts", {"allow": list(allow_hosts)})
    return handle


def join(state: Path) -> Handle | None:
    """Return a handle on the server of a state folder, or None when none answers."""
    folder = StateFolder(state)
    facts = folder.read_facts()
    if facts is None:
        return None
    handle = _handle(folder, facts)
    try:
        status = handle.status()
    except ProvisionError:
        return None
    return handle if status["pid"] == facts.pid else None


def _start(folder: StateFolder, idle_seconds: float) -> Handle:
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "provisioner.sandbox", "--state", str(folder.path)]
    command += ["--idle-seconds", str(idle_seconds), "--ready-fd", str(writer)]
    with os.fdopen(reader, "rb", buffering=0) as pipe, _open_log(folder) as log:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=_PROJECT,  # the child must find this very package
                pass_fds=(writer,),
                start_new_session=True,
            )
        finally:
            os.close(writer)
        # It outlives us; if it ends before we do, somebody has to collect it.
        threading.Thread(target=process.wait, name="sandbox-reaper", daemon=True).start()
        ready, _, _ = select.select([pipe], [], [], _START_SECONDS)
        word = pipe.read(4096).decode() if ready else ""
    facts = folder.read_facts()
    if not word.startswith("ready") or facts is None:
        reason = word.removeprefix("failed ").strip() or f"see {folder.log}: {_last_lines(folder.log)}"
        raise ProvisionError(
            f"the sandbox server did not start: {reason}", fix="stop what is in its way, then try again"
        )
    return _handle(folder, facts)


def _handle(folder: StateFolder, facts: ServerFacts) -> Handle:
    return Handle(
        state=folder.path,
        pid=facts.pid,
        proxy_url=f"http://127.0.0.1:{facts.proxy_port}",
        control_url=f"http://127.0.0.1:{facts.control_port}",
        ca_file=folder.certificate,
        control_token=facts.control_token,
    )


def _open_log(folder: StateFolder) -> IO[bytes]:
    if folder.log.exists() and folder.log.stat().st_size > _LARGEST_LOG:
        folder.log.unlink()
    return os.fdopen(os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:] if log.exists() else []
    return " / ".join(lines)
