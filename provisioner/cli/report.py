"""The report of ``--debug``: what a person sends along with a question, without anything secret in it."""

from __future__ import annotations

import logging
import os
import platform
import re
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from provisioner import settings
from provisioner.errors import ProvisionError
from provisioner.wiring.folders import find_terraform, runs_folder

_LINES_KEPT, _REPORTS_KEPT = 400, 20
_PACKAGES = ("provision-env", "click", "dbos", "pydantic", "PyGithub", "google-auth", "grpcio")
_NEVER = "(redacted)"

# GitHub: "GitHub's token formats"; Google: access tokens begin with ya29., API keys with AIza; eyJ begins every JWT.
_SHAPES = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\b(?:gh[pousr]_|github_pat_)\w{8,}"),
    re.compile(r"\b(?:ya29\.|AIza|eyJ)[\w.~+/=-]{8,}"),
)
# Names have an end: what one of them may repeat is bounded, so that a long line of anything is read in one go.
_NAMED = (
    re.compile(r"(?i)(\bauthorization\W{1,4}(?:(?:bearer|basic|token)\s+)?)[^\s'\",]+"),
    re.compile(r"(?i)(\bbearer\s+)[^\s'\",]+"),
    re.compile(
        r"(?i)((?:token|secret|password|passwd|private_?key|api_?key)[\w-]{0,64}['\"]?\s{0,8}[=:]\s{0,8}['\"]?)[^\s'\",&]+"
    ),
    re.compile(r"(?i)(--[\w-]{0,64}?(?:token|secret|password|key)[\w-]{0,64}\s{1,8})[^\s'\"-][^\s'\"]*"),
    re.compile(r"(\w://[^/\s:@]*:)[^/\s@]+(?=@)"),
)


class LastLines(logging.Handler):
    """Keeps the last lines that libraries log; shows none."""

    def __init__(self) -> None:
        """Take every level."""
        super().__init__(logging.DEBUG)
        self.lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        with suppress(Exception):  # a library's broken log line must not end what it tells about
            self.lines.append(self.format(record))


def listen() -> LastLines:
    """Begin to keep what libraries log."""
    kept = LastLines()
    root = logging.getLogger()
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    return kept


def redactor() -> Callable[[str], str]:
    """Return what takes secrets out of a text: values that the environment calls so, and whatever looks like one."""
    from provisioner.terraform.redaction import Redactor, secret_values  # noqa: PLC0415 - only a report needs it

    known = Redactor(secret_values(settings.child_environment({})))

    def clean(text: str) -> str:
        text = known(text)
        for shape in _SHAPES:
            text = shape.sub(_NEVER, text)
        for named in _NAMED:
            text = named.sub(rf"\g<1>{_NEVER}", text)
        return text

    return clean


def traceback_of(error: BaseException) -> str:
    """Return the traceback, without anything secret."""
    return redactor()("".join(traceback.format_exception(error)))


def write_report(given: Sequence[str], code: int, error: BaseException | None, log: LastLines | None) -> Path:
    """Write a report that only its owner can read, into the folder of the runs' book; the oldest ones go.

    Raises OSError when the folder cannot be written to.
    """
    folder = runs_folder(settings.read()) / "reports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    moment = datetime.now(UTC)
    file = folder / f"{moment:%Y%m%dT%H%M%S.%f}-{os.getpid()}.txt"
    text = redactor()("\n".join(_parts(given, code, error, log, moment)) + "\n")
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    for old in sorted(folder.glob("*.txt"))[:-_REPORTS_KEPT]:
        old.unlink(missing_ok=True)
    return file


def _parts(
    given: Sequence[str], code: int, error: BaseException | None, log: LastLines | None, moment: datetime
) -> Iterator[str]:
    yield f"provision-env, report of {moment:%Y-%m-%d %H:%M:%S} UTC"
    yield f"command   provision-env {' '.join(given)}"
    yield f"folder    {Path.cwd()}"
    yield f"exit code {code}"
    yield from _versions()
    yield from _surroundings()
    yield ""
    if error is not None:
        yield "".join(traceback.format_exception(error))
        yield from (f"problem: {each}" for each in getattr(error, "problems", ()))
    yield "last log lines:"
    yield from log.lines if log else ()


def _versions() -> Iterator[str]:
    yield f"python    {sys.version.split()[0]} on {platform.platform()}"
    for package in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            yield f"{package} {metadata.version(package)}"
    try:
        yield f"terraform {find_terraform(settings.read())}"
    except (ProvisionError, OSError) as error:
        yield f"terraform none: {error}"


def _surroundings() -> Iterator[str]:
    """Name the variables that lead the clients; their values may be secret."""
    current = settings.read()
    yield f"state     {current.state_folder}"
    yield f"sandbox   {current.sandbox or '-'}"
    yield f"set       {', '.join(sorted(current.clients)) or '-'}"
    yield f"tokens    google: {_given(current.google_token)}, github: {_given(current.github_token)}"


def _given(secret: str | None) -> str:
    return "given" if secret else "none"
