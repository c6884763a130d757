"""A run in the sandbox ends when its server does: Terraform by itself would go on asking it for an hour."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from provisioner.errors import ProvisionError
from provisioner.runs.interruption import Interruption
from provisioner.terraform.identity import identify, is_alive
from provisioner.wiring.place import Place

_BETWEEN = 0.5  # seconds between two looks
_REASON = "the sandbox's server ended while the run worked"
# The first wish makes Terraform write its state to a server that is gone; only the second ends it.
_FIRMER = 2.0


class Vigil:
    """Watches the process of a place's sandbox while a run works there; on the real clouds it does nothing."""

    def __init__(self, place: Place) -> None:
        """Remember which process it is."""
        self._handle = place.handle
        self._server = identify(place.handle.pid) if place.handle else None
        self._over = threading.Event()

    @property
    def lost(self) -> bool:
        """Tell whether the server is gone."""
        return self._handle is not None and (self._server is None or not is_alive(self._server))

    def guard(self, interruption: Interruption) -> None:
        """Stop the run once the server is gone."""
        if self._handle is not None:
            threading.Thread(target=self._watch, args=(interruption,), name="vigil", daemon=True).start()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Watch until the end of the block; of what fails in it after the server ended, tell that."""
        try:
            yield
        except Exception as error:
            if self._handle is not None and self.lost:
                fix = "run the same command again: it starts the sandbox and goes on"
                raise ProvisionError(_REASON, fix=fix, where=str(self._handle.state)) from error
            raise
        finally:
            self._over.set()

    def _watch(self, interruption: Interruption) -> None:
        while not self.lost:
            if self._over.wait(_BETWEEN):
                return
        interruption.ask(_REASON)
        while not self._over.wait(_FIRMER):
            interruption.ask()
