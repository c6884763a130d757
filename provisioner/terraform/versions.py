"""Asking a Terraform for its version, and remembering the answer."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from provisioner.errors import InvalidInput
from provisioner.terraform.environment import private_environment
from provisioner.terraform.pipes import Capture
from provisioner.terraform.process import Command, Executor

_TIMEOUT = 20.0
_LARGEST = 64 * 1024
_FIRST_LINE = re.compile(rb"^(OpenTofu|Terraform) v", re.MULTILINE)


@dataclass(frozen=True)
class Version:
    """``kind`` is terraform or tofu, ``text`` the version as printed."""

    kind: str
    text: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return the leading numbers; a pre-release counts as its release."""
        return tuple(int(number) for number in re.findall(r"\d+", self.text.partition("-")[0])[:3])


def read_version(argv: tuple[str, ...]) -> Version:
    """Run ``version`` in an empty folder. Raises InvalidInput when the program does not answer like Terraform."""
    with tempfile.TemporaryDirectory(prefix="provision-env-") as folder:
        document = json_of(_said(argv, Path(folder), "-json"))
        text = document.get("terraform_version")
        if not isinstance(text, str) or not re.match(r"\d+\.\d+", text):
            raise InvalidInput(f"{argv[-1]} does not answer like Terraform")
        # `version -json` of OpenTofu has the same key, only the human form tells the two apart.
        named = _FIRST_LINE.search(_said(argv, Path(folder)))
    return Version("tofu" if named and named[1] == b"OpenTofu" else "terraform", text)


def json_of(content: bytes) -> dict[str, object]:
    """Parse an object; anything else is empty."""
    with suppress(ValueError, RecursionError):
        document = json.loads(content)
        if isinstance(document, dict):
            return document
    return {}


def _said(argv: tuple[str, ...], folder: Path, *options: str) -> bytes:
    output = Capture(limit=_LARGEST)
    executor = Executor(on_started=lambda _: None, patience=_TIMEOUT)
    environment = private_environment({}, folder)
    try:
        executor.run(Command((*argv, "version", *options), folder, environment, _TIMEOUT), output, Capture(limit=0))
    except OSError as error:
        raise InvalidInput(f"{argv[-1]} cannot be started: {error.strerror}") from error
    return output.content()


class VersionCache:
    """Versions by file: one small file each, valid while path, size and modification time are the same."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, program: Path) -> Version | None:
        """Return what is known about a program."""
        entry = self._entry(program)
        if entry is None:
            return None
        with suppress(OSError):
            known = json_of(entry.read_bytes())
            if isinstance(known.get("kind"), str) and isinstance(known.get("text"), str):
                return Version(str(known["kind"]), str(known["text"]))
        return None

    def put(self, program: Path, version: Version) -> None:
        """Remember a version; a cache that cannot be written is no cache, not an error."""
        entry = self._entry(program)
        if entry is None:
            return
        with suppress(OSError):
            entry.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=entry.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(version), file)
            os.replace(name, entry)  # noqa: PTH105 - the name of the temporary file is a string

    def _entry(self, program: Path) -> Path | None:
        if self._folder is None:
            return None
        try:
            status = program.stat()
        except OSError:
            return None
        key = f"{program}\0{status.st_size}\0{status.st_mtime_ns}"
        return self._folder / f"terraform-{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
