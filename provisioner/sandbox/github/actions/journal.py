"""What act's JSON lines say: the log as people read it, steps, annotations, summaries. Secrets are cut out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from provisioner.sandbox.github.actions.assignment import LAST_STEP
from provisioner.sandbox.github.actions.records import annotation

Json = dict[str, Any]
_LEVELS = (("error", "failure"), ("warning", "warning"), ("notice", "notice"))
_LARGEST = 16 * 1024 * 1024  # bytes of one job's log
_SUMMARY = 1024 * 1024  # bytes of one step's summary
_SHORTEST = 3  # what is shorter is no secret worth a mask
_HIDDEN = "***"
_ABOUT_ACT = ("LocalRepositoryCache", "Cleaning up container")
_WITHOUT_TEXT = ("set-output", "set-env", "add-path", "save-state", "summary", "add-mask")


class Journal:
    """Takes lines as they come."""

    def __init__(self, steps: tuple[str, ...], secrets: Iterable[str]) -> None:
        """Begin; ``steps`` are the ids of the job's steps in order, ``secrets`` never come through."""
        self._ids = steps
        self._secrets = [secret for secret in secrets if len(secret) >= _SHORTEST]
        self._lines: list[str] = []
        self._size = 0
        self.steps: dict[str, Json] = {}
        self.annotations: list[Json] = []
        self.summary = ""

    def take(self, line: str) -> None:
        """Take one line of output."""
        try:
            entry = json.loads(line)
        except ValueError:
            self._write("", line)
            return
        if not isinstance(entry, dict) or "job" not in entry:
            return  # about act itself
        step = (entry.get("stepID") or [""])[0]
        if step == LAST_STEP:
            return
        self._follow(step, entry)
        self._command(entry)

    def _follow(self, step: str, entry: Json) -> None:
        moment, message = str(entry.get("time", "")), str(entry.get("msg", ""))
        if entry.get("stage") == "Main" and step in self._ids:
            known = self.steps.setdefault(step, {"started_at": moment, "conclusion": None, "completed_at": None})
            if len(entry["stepID"]) == 1 and "stepResult" in entry:
                known |= {"conclusion": entry["stepResult"], "completed_at": moment}
            if message == "Failed but continue next step":
                known["continued"] = True
        if entry.get("command") not in _WITHOUT_TEXT and not message.startswith(_ABOUT_ACT):
            self._write(moment, message)

    def _command(self, entry: Json) -> None:
        command = entry.get("command")
        if command == "add-mask" and len(str(entry.get("arg", ""))) >= _SHORTEST:
            self._secrets.append(str(entry["arg"]))
        if command == "summary":
            self.summary += self.clean(str(entry["content"]))[:_SUMMARY]
        level = dict(_LEVELS).get(str(command))
        if level:
            facts = entry.get("kvPairs") or {}
            more = {name: facts[name] for name in ("file", "title") if name in facts}
            places = {"line": facts.get("line"), "end_line": facts.get("endLine")}
            more |= {name: int(text) for name, text in places.items() if text and text.isdigit()}
            self.annotations.append(annotation(level, self.clean(str(entry.get("arg", ""))), **more))

    def _write(self, moment: str, text: str) -> None:
        for line in self.clean(text.rstrip("\r\n")).split("\n"):
            row = f"{moment} {line}".strip()
            self._size += len(row)
            if self._size <= _LARGEST:
                self._lines.append(row)

    def clean(self, text: str) -> str:
        """Return a text without secrets."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            for piece in {secret, *secret.splitlines()}:
                if len(piece) >= _SHORTEST:
                    text = text.replace(piece, _HIDDEN)
        return text

    def holds_secret(self, text: str) -> bool:
        """Tell whether a value has a secret in it: it may not become an output."""
        return self.clean(text) != text

    def log(self) -> bytes:
        """Return the log."""
        return "\n".join([*self._lines, ""]).encode()

    def outcome_of(self, step: str) -> Json | None:
        """Return times and conclusion of a step that was begun."""
        return self.steps.get(step)
