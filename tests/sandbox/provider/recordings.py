"""Recordings of the real provider as a transport: each recorded answer once, in order, then the last one again."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from provisioner.sandbox.http import Request, Response, json_response

SHARED = Path(__file__).parents[3].parent / "shared" / "google-provider"
Key = tuple[str, str, str, tuple[tuple[str, str], ...]]


@dataclass
class Step:
    """One recorded request with its answer."""

    key: Key
    body: Any
    status: int
    answer: Any
    played: bool = False


def load(name: str) -> dict[str, list[Step]]:
    """Read a recording: operation to steps."""
    steps: dict[str, list[Step]] = {}
    for line in (SHARED / "wire" / f"{name}.jsonl").read_text().splitlines():
        entry = json.loads(line)
        key = (entry["method"], entry["host"], unquote(entry["path"]), tuple(sorted(entry["query"].items())))
        step = Step(mask_sorted(key), entry["request"], entry["status"], entry["response"])
        steps.setdefault(entry.get("op", ""), []).append(step)
    return steps


@dataclass
class Player:
    """A transport that plays the phase it is set to, and keeps what was asked."""

    steps: dict[str, list[Step]]
    phase: str = ""
    asked: list[tuple[Key, Any]] = field(default_factory=list)
    strangers: list[Key] = field(default_factory=list)
    _seen: dict[Key, Step] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, phase: str) -> None:
        self.phase = phase
        self.asked.clear()
        self.strangers.clear()

    def __call__(self, request: Request) -> Response:
        if request.host == "openidconnect.googleapis.com":
            return json_response({"email": "lab@example.invalid"})
        query = tuple(sorted(parse_qsl(request.query, keep_blank_values=True)))
        key = mask_sorted((request.method, request.host, unquote(request.path), query))
        with self._lock:
            self.asked.append((key, _body(request)))
            step = self._next(key)
        if step is None:
            self.strangers.append(key)
            return json_response({"error": {"code": 501, "message": f"not recorded: {key}"}}, 501)
        return json_response(step.answer, step.status) if step.answer is not None else Response(step.status)

    def _next(self, key: Key) -> Step | None:
        for step in self.steps.get(self.phase, []):
            if step.key == key and not step.played:
                step.played = True
                self._seen[key] = step
                return step
        return self._seen.get(key)

    def distinct(self) -> set[Key]:
        """Return what was asked in this phase, repetitions left out."""
        return {key for key, _ in self.asked}

    def changes(self) -> list[tuple[Key, Any]]:
        """Return what was asked that changes something, with normalised bodies, sorted."""
        return normal_changes(self.asked)


def recorded_changes(steps: list[Step]) -> list[tuple[Key, Any]]:
    return normal_changes([(step.key, step.body) for step in steps])


def normal_changes(asked: list[tuple[Key, Any]]) -> list[tuple[Key, Any]]:
    changing = [
        (mask_sorted(key), normal(body))
        for key, body in asked
        if key[0] != "GET" and not key[2].endswith("getIamPolicy")
    ]
    return sorted(changing, key=repr)


def mask_sorted(key: Key) -> Key:
    """Return the key with the names of an update mask in order: the server takes them as a set."""
    method, host, path, query = key
    ordered = tuple(
        (name, ",".join(sorted(value.split(","))) if name == "updateMask" else value) for name, value in query
    )
    return method, host, path, ordered


def normal(body: Any) -> Any:
    """Return a body with what is a set to the server in order: bindings, members, masks, service ids."""
    if isinstance(body, dict):
        return {key: _ordered(key, normal(value)) for key, value in body.items()}
    if isinstance(body, list):
        return [normal(value) for value in body]
    return body


def _ordered(key: str, value: Any) -> Any:
    if key in {"bindings", "members", "auditLogConfigs", "serviceIds"}:
        return sorted(value, key=lambda each: json.dumps(each, sort_keys=True))
    if key == "updateMask":
        return ",".join(sorted(value.split(",")))
    return value


def _body(request: Request) -> Any:
    kind = request.headers.get("content-type", "")
    if "boundary=" in kind:
        boundary = kind.partition("boundary=")[2]
        text = request.body.decode().replace(boundary, "BOUNDARY")
        return re.sub(r'\{"bucket.*?\}\n', lambda found: _compact(found[0]), text)
    return request.json()


def _compact(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) + "\n"
