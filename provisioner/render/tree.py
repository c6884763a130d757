"""A tree of rendered files: compared, digested and written as a whole."""

from __future__ import annotations

import difflib
import hashlib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from provisioner.errors import InvalidInput, ProvisionError
from provisioner.render.ownership import foreign_roots, is_generated, leftover_roots

_MODE = 0o644


@dataclass(frozen=True)
class Tree:
    """Files by their posix path below a base folder, such as ``envs/churn-dev/main.tf``."""

    files: Mapping[str, bytes]

    def digest(self) -> str:
        """Return the SHA-256 (hex) of all paths and contents."""
        total = hashlib.sha256()
        for path, content in sorted(self.files.items()):
            total.update(f"{path}\0{len(content)}\0".encode())
            total.update(content)
        return total.hexdigest()

    def folders(self) -> tuple[str, ...]:
        """Return the Terraform roots of the tree, such as ``envs/churn-dev``."""
        return tuple(sorted({path.rsplit("/", 1)[0] for path in self.files if path.startswith("envs/")}))

    def diff(self, base: Path) -> str:
        """Return a unified diff from what lies below ``base`` to this tree; empty when nothing differs.

        Files of the tree's own folders that the tree does not have count as differences too, and so do roots
        that the same request had before: they are named, never removed, since their state is still there.
        """
        paths = sorted({*self.files, *self.stale(base)})
        changes = [_difference(path, _content(base / path), self.files.get(path)) for path in paths]
        left = [
            f"Only on disk: {folder} (the request has it no more: destroy it, then remove the folder)\n"
            for folder in leftover_roots(self.files, base)
        ]
        return "".join((*changes, *left))

    def stale(self, base: Path) -> tuple[str, ...]:
        """Return generated files in the tree's own folders that the tree no longer has.

        In a root only files with the generated header count: what a person or Terraform put there stays.
        """
        found = (
            path.relative_to(base).as_posix()
            for folder in {PurePosixPath(path).parent.as_posix() for path in self.files}
            for path in sorted((base / folder).glob("*.tf"))
            if not folder.startswith("envs/") or is_generated(path)
        )
        return tuple(sorted(path for path in found if path not in self.files))

    def write(self, base: Path) -> None:
        """Write what differs below ``base`` and remove stale files.

        Everything is first written beside its place and moved in only when all of it is on the disk: a full
        disk leaves the old tree as it was. ProvisionError when the folder cannot be written, InvalidInput when a
        root of another request, or one written by hand, stands in the place of one of these.
        """
        for folder in foreign_roots(self.files, base):
            raise InvalidInput(
                "another request's root, or one written by hand, stands here",
                fix="render into another folder, or rename the team or the environment",
                where=str(base / folder),
            )
        places = {path: _inside(base, path) for path in self.files}
        changed = {path: content for path, content in self.files.items() if _content(places[path]) != content}
        waiting: dict[Path, Path] = {}
        try:
            for path, content in sorted(changed.items()):
                waiting[places[path]] = _beside(places[path], content)
            for target, temporary in waiting.items():
                temporary.replace(target)
            for path in self.stale(base):
                (base / path).unlink()
        except OSError as error:
            raise ProvisionError(
                f"the rendered files could not be written: {error.strerror or error}",
                fix="free some space or choose another folder and run the same command again; nothing is half written",
                where=str(error.filename or base),
            ) from error
        finally:
            for temporary in waiting.values():
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)


def _inside(base: Path, path: str) -> Path:
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts:
        raise ProvisionError("a rendered file lies outside its folder", where=path)
    return base.joinpath(*parts)


def _beside(target: Path, content: bytes) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".render-", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(_MODE)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    return temporary


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _difference(path: str, old: bytes | None, new: bytes | None) -> str:
    if old == new:
        return ""
    return "".join(
        line if line.endswith("\n") else line + "\n"
        for line in difflib.unified_diff(
            (old or b"").decode(errors="replace").splitlines(keepends=True),
            (new or b"").decode(errors="replace").splitlines(keepends=True),
            fromfile=f"on disk/{path}" if old is not None else "/dev/null",
            tofile=f"rendered/{path}" if new is not None else "/dev/null",
        )
    )
