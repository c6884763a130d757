"""One Terraform command from argv to result: events passed on, diagnostics kept, failures told apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.errors import Interrupted, ProvisionError
from provisioner.terraform import events
from provisioner.terraform.diagnostics import Diagnostic, from_text
from provisioner.terraform.errors import TerraformFailed, TerraformTimeout
from provisioner.terraform.failures import failure
from provisioner.terraform.pipes import Capture, Lines, Sink
from provisioner.terraform.process import Command, Executor, Exit
from provisioner.terraform.redaction import Redactor

_KEPT_DIAGNOSTICS = 1000
_KEPT_LINES = 200
_RESUME = "run the same command again: it resumes where it stopped"


@dataclass(frozen=True)
class Answer:
    """The exit code of a command that succeeded, the diagnostics it gave and the outputs it reported."""

    code: int
    diagnostics: tuple[Diagnostic, ...]
    outputs: Mapping[str, Any]


class Transcript:
    """Listens to one command; every line is redacted before anything else sees it."""

    def __init__(self, redact: Redactor, on_event: Callable[[events.Event], None]) -> None:
        self._redact = redact
        self._on_event = on_event
        self._diagnostics: deque[Diagnostic] = deque(maxlen=_KEPT_DIAGNOSTICS)
        self._raw: deque[str] = deque(maxlen=_KEPT_LINES)
        self.outputs: Mapping[str, Any] = {}

    def event(self, line: str) -> None:
        """Take a line of the JSON stream."""
        event = events.parse(self._redact(line))
        if event is None:
            return
        if isinstance(event, events.Problem):
            self._diagnostics.append(event.diagnostic)
        elif isinstance(event, events.Outputs):
            self.outputs = event.values
        elif isinstance(event, events.Raw):
            self._raw.append(event.text)
        self._on_event(event)

    def text(self, line: str) -> None:
        """Take a line for people."""
        plain = self._redact(line)
        if plain.strip():
            self._raw.append(plain)
            self._on_event(events.Raw(plain))

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return what was reported; lines for people count when there was nothing else that explains a failure."""
        reported = tuple(self._diagnostics)
        if any(each.is_error for each in reported):
            return reported
        return reported + from_text(self._raw)

    def warnings(self) -> tuple[Diagnostic, ...]:
        """Return what was reported by a command that succeeded."""
        return tuple(self._diagnostics)


class Invocation:
    """How commands are run for one runner: executor, environment, redaction, listener."""

    def __init__(self, executor: Executor, redact: Redactor, on_event: Callable[[events.Event], None]) -> None:
        self._executor = executor
        self._redact = redact
        self._on_event = on_event

    def listen(self, command: Command, name: str, *, good: tuple[int, ...] = (0,)) -> Answer:
        """Run a command with ``-json`` events."""
        transcript = Transcript(self._redact, self._on_event)
        end = self._run(command, name, Lines(transcript.event), transcript, good)
        return Answer(end.code, transcript.warnings(), transcript.outputs)

    def capture(self, command: Command, name: str, *, limit: int) -> bytes:
        """Run a command that prints one document; it is passed on to nobody and not redacted."""
        transcript = Transcript(self._redact, self._on_event)
        output = Capture(limit=limit)
        self._run(command, name, output, transcript, (0,))
        if output.overflown:
            raise TerraformFailed(
                f"terraform {name} printed more than {limit // 1024**2} MB", where=str(command.folder)
            )
        return output.content()

    def tell(self, command: Command, name: str) -> None:
        """Run a command that speaks to people only."""
        transcript = Transcript(self._redact, self._on_event)
        self._run(command, name, Lines(transcript.text), transcript, (0,))

    def _run(self, command: Command, name: str, output: Sink, transcript: Transcript, good: tuple[int, ...]) -> Exit:
        try:
            end = self._executor.run(command, output, Lines(transcript.text))
        except OSError as error:
            raise TerraformFailed(
                f"{command.argv[0]} cannot be started: {error.strerror}", where=str(command.folder)
            ) from error
        if end.code not in good:
            raise _failure(end, command.folder, name, transcript.diagnostics())
        return end


def _failure(end: Exit, root: Path, name: str, diagnostics: tuple[Diagnostic, ...]) -> ProvisionError:
    if end.timed_out:
        how = "had to be killed; a state lock may be left" if end.killed else "was stopped gently"
        return TerraformTimeout(
            f"terraform {name} took too long and {how}", fix=_RESUME, where=str(root), diagnostics=diagnostics,
            killed=end.killed,
        )  # fmt: skip
    if end.interrupted:
        return Interrupted(f"terraform {name} was interrupted", fix=_RESUME, where=str(root))
    if end.code < 0 and not any(each.is_error for each in diagnostics):
        return TerraformFailed(
            f"terraform {name} was ended by signal {-end.code}", fix=_RESUME, where=str(root), diagnostics=diagnostics
        )
    return failure(name, str(root), diagnostics)
