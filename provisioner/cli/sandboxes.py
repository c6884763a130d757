"""The user's sandbox, as the verbs about it reach it; who only asks what a verb does pays for none of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from provisioner import settings
from provisioner.errors import ProvisionError
from provisioner.wiring.folders import sandbox_folder

if TYPE_CHECKING:
    from provisioner.sandbox.handle import Handle


def folder() -> Path:
    """Return the state folder of the sandbox."""
    return sandbox_folder(settings.read())


def started(idle_seconds: float = 900) -> Handle:
    """Return the sandbox, started where none runs; a new one ends by itself when unused that long."""
    from provisioner.sandbox.handle import ensure  # noqa: PLC0415 - see above

    return ensure(folder(), idle_seconds=idle_seconds)


def joined() -> Handle | None:
    """Return the sandbox that runs, None where none does."""
    from provisioner.sandbox.handle import join  # noqa: PLC0415 - see above

    return join(folder())


def running() -> Handle:
    """Return the sandbox that runs. Raises ProvisionError where none does."""
    handle = joined()
    if handle is None:
        fix = "start one with `provision-env sandbox start`"
        raise ProvisionError("no sandbox is running", fix=fix, where=str(folder()))
    return handle
