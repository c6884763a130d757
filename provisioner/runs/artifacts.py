"""What a run keeps beside the book: frozen inputs, plan files, verdicts and receipts.

Plan files and plan documents hold secrets in clear: they live only here, readable by their owner,
and are removed when the run is done. The database holds ids, digests and counts instead.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.errors import ProvisionError


@dataclass(frozen=True, slots=True)
class Artifacts:
    """A folder of artifacts: ``inputs/<digest>.json`` for frozen inputs, ``<run>/…`` for everything else."""

    folder: Path

    def freeze(self, document: dict[str, Any]) -> str:
        """Keep a document under the digest of its content and return the digest.

        The order of its parts belongs to the content: environments are promoted in the order in which they stand.
        """
        data = json.dumps(document, ensure_ascii=False).encode()
        digest = hashlib.sha256(data).hexdigest()
        self._write(self.folder / "inputs" / f"{digest}.json", data)
        return digest

    def thaw(self, digest: str) -> dict[str, Any]:
        """Return a frozen document; raises ProvisionError when it is gone or was changed."""
        path = self.folder / "inputs" / f"{digest}.json"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise ProvisionError(
                "the frozen inputs of this run are gone", fix="start a new run", where=str(path)
            ) from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise ProvisionError("the frozen inputs of this run were changed", fix="start a new run", where=str(path))
        document: dict[str, Any] = json.loads(data)
        return document

    def put(self, run_id: str, name: str, document: dict[str, Any]) -> None:
        """Keep a document of a run: a verdict, a receipt, a matrix."""
        data = json.dumps(document, sort_keys=True, ensure_ascii=False).encode()
        self._write(self.folder / run_id / f"{name}.json", data)

    def get(self, run_id: str, name: str) -> dict[str, Any] | None:
        """Return a document of a run, or None."""
        try:
            document: dict[str, Any] = json.loads((self.folder / run_id / f"{name}.json").read_bytes())
        except FileNotFoundError:
            return None
        return document

    def forget(self, run_id: str, name: str) -> None:
        """Remove a document of a run."""
        (self.folder / run_id / f"{name}.json").unlink(missing_ok=True)

    def plan_file(self, run_id: str, root: str, name: str) -> Path:
        """Return where a plan is saved; its folder exists and is private."""
        folder = self.folder / run_id / "plans"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder / f"{root}.{name}.tfplan"

    def forget_plans(self, run_id: str) -> None:
        """Remove the plan files of a finished run."""
        shutil.rmtree(self.folder / run_id / "plans", ignore_errors=True)

    def _write(self, path: Path, data: bytes) -> None:
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
            temporary.replace(path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise ProvisionError(
                f"cannot keep {path.name}: {error.strerror}",
                fix="make room on the disk, then resume the run",
                where=str(path),
            ) from error
