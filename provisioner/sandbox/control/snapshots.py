"""Named copies of everything a sandbox knows: the store and the git repositories."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from provisioner.errors import InvalidInput
from provisioner.sandbox.store.sqlite import SqliteStore
from provisioner.sandbox.world import World

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class Snapshots:
    """Snapshots of one world in ``snapshots/<name>`` of its state folder. The CA and the ports are not part of it."""

    def __init__(self, world: World, store: SqliteStore, replaced: Callable[[], None]) -> None:
        """Keep the parts; ``replaced`` is called when everything known before is void."""
        self._world = world
        self._replaced = replaced
        self._store = store
        self._folder = world.folder / "snapshots"

    def names(self) -> list[str]:
        """Return the names of complete snapshots."""
        return sorted(path.parent.name for path in self._folder.glob("*/complete"))

    def save(self, name: str) -> None:
        """Write a snapshot, replacing one of the same name. Nothing else happens in the store meanwhile."""
        target = self._path(name)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(mode=0o700, parents=True)
        with self._store.exclusive():
            self._store.export(target / "sandbox.sqlite3")
            if self._git.exists():
                shutil.copytree(self._git, target / "git", symlinks=True)
        (target / "complete").touch()

    def restore(self, name: str) -> None:
        """Put a snapshot in place of everything. Raises InvalidInput if there is none of this name."""
        source = self._path(name)
        if not (source / "complete").exists():
            raise InvalidInput(f"there is no snapshot {name!r}", fix=f"known: {', '.join(self.names()) or 'none'}")
        with self._store.exclusive():
            self._store.replace(source / "sandbox.sqlite3")
            shutil.rmtree(self._git, ignore_errors=True)
            if (source / "git").exists():
                shutil.copytree(source / "git", self._git, symlinks=True)
            self._reload()

    def reset(self) -> None:
        """Forget everything but the CA, the ports and the snapshots."""
        with self._store.exclusive():
            self._store.clear()
            shutil.rmtree(self._git, ignore_errors=True)
            self._reload()

    @property
    def _git(self) -> Path:
        return self._world.folder / "git"

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"{name!r} is no snapshot name", fix="use lower-case letters, digits, . _ and -")
        return self._folder / name

    def _reload(self) -> None:
        self._world.clock.reload()
        self._world.settings.reload()
        self._replaced()
