"""What the stand-ins share: their inputs, commands to the runner, and calls to the sandbox. Standard library only."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any, NoReturn

_TIMEOUT = 60


def inputs() -> dict[str, str]:
    """Return the inputs of the action, texts all of them."""
    given = json.loads(os.environ.get("STAND_IN_INPUTS", "{}"))
    return {str(name).lower(): "" if value is None else str(value) for name, value in given.items()}


def flag(value: str) -> bool:
    """Read a switch as actions do; stops the job on anything else."""
    if value.lower() not in {"true", "false"}:
        fail(f"Input does not meet YAML 1.2 Core Schema specification: {value!r} is neither true nor false")
    return value.lower() == "true"


def fail(text: str) -> NoReturn:
    """Stop the step with an error that people see."""
    say(f"::error::{_escaped(text)}")
    sys.exit(1)


def say(text: str) -> None:
    """Write a line to the log."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """Write a warning that people see."""
    say(f"::warning::{_escaped(text)}")


def mask(secret: str) -> None:
    """Keep a value out of the log from here on."""
    if secret:
        say(f"::add-mask::{_escaped(secret)}")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def output(name: str, value: str) -> None:
    """Set an output of the step."""
    _append("GITHUB_OUTPUT", name, value)


def export(name: str, value: str) -> None:
    """Set a variable for the steps that follow."""
    _append("GITHUB_ENV", name, value)


def _append(target: str, name: str, value: str) -> None:
    mark = f"end-{uuid.uuid4()}"
    with Path(os.environ[target]).open("a", encoding="utf-8") as file:
        file.write(f"{name}<<{mark}\n{value}\n{mark}\n")


def first_on_path(folder: str) -> None:
    """Put a folder first on the PATH of the steps that follow."""
    with Path(os.environ["GITHUB_PATH"]).open("a", encoding="utf-8") as file:
        file.write(f"{folder}\n")


def call(url: str, body: dict[str, Any] | None = None, token: str = "", **headers: str) -> dict[str, Any]:
    """Send JSON (or ask) and return the JSON answered. Raises RuntimeError with what the server said."""
    answer = json.loads(send(url, json.dumps(body).encode() if body is not None else None, token, **headers))
    return dict(answer)


def send(url: str, body: bytes | None = None, token: str = "", method: str = "", **headers: str) -> bytes:
    """Send bytes and return those answered. Raises RuntimeError with what the server said."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    given.setdefault("Content-Type", "application/json")
    if token:
        given["Authorization"] = f"Bearer {token}"
    return _sent(url, body, method or ("GET" if body is None else "POST"), given)[0]


def send_for_place(url: str, body: bytes | None, method: str, headers: dict[str, str]) -> str:
    """Send bytes and return the address the answer leads to. Raises RuntimeError with what the server said."""
    return _sent(url, body, method, headers)[1]


def _sent(url: str, body: bytes | None, method: str, headers: dict[str, str]) -> tuple[bytes, str]:
    if not url.startswith("https://"):
        raise RuntimeError(f"{url} is no https address")
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - https is checked above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 - https is checked above
            return answer.read(), str(answer.headers.get("Location") or "")
    except urllib.error.HTTPError as refused:
        with refused:
            raise RuntimeError(f"{refused.code} {refused.read().decode(errors='replace')}") from None
    except urllib.error.URLError as problem:
        raise RuntimeError(str(problem.reason)) from None
