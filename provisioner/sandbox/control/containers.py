"""Cloud Run through the control interface: what runs, why something does not, and releases that are ordered to fail."""

from __future__ import annotations

from typing import Any

from provisioner.errors import InvalidInput
from provisioner.sandbox.control.application import document_of, text_of
from provisioner.sandbox.http import Request
from provisioner.sandbox.world import World

Json = dict[str, Any]
_TEXT = (
    "The user-provided container failed to start and listen on the port defined provided by the PORT=8080 environment "
    "variable within the allocated timeout."
)


class Containers:
    """The verbs ``GET run`` and ``PUT run/failure``. Imports are late: a server must be up at once."""

    def __init__(self, world: World) -> None:
        self._world = world

    def revisions(self, request: Request) -> Json:
        """Return every revision: its state, whether a process answers for it or why not, and the process's log."""
        from provisioner.sandbox.google.run.instances import instances_of  # noqa: PLC0415
        from provisioner.sandbox.google.run.names import REVISIONS  # noqa: PLC0415

        del request
        processes = instances_of(self._world).describe() if self._world.settings["run_containers"] == "process" else {}
        with self._world.store.transaction() as tx:
            kept = list(tx.scan(REVISIONS))
        return {
            "revisions": [
                {"name": name, "state": found["shown"]["conditions"][0]["state"]}
                | found.get("decision", {})
                | processes.get(name, {})
                for name, found in kept
            ]
        }

    def order_failure(self, request: Request) -> Json:
        """Make later revisions of an image fail: ``{"image": "…", "message": "…"}``; ``fails: false`` takes it back."""
        from provisioner.sandbox.google.services.run_rollout import order_failure  # noqa: PLC0415

        document = document_of(request)
        fails, message = document.get("fails", True), document.get("message", _TEXT)
        if not isinstance(fails, bool) or not isinstance(message, str) or not message:
            raise InvalidInput("'fails' is no boolean, or 'message' no text")
        with self._world.store.transaction() as tx:
            order_failure(tx, text_of(document, "image"), message if fails else "")
        return {"image": document["image"], "fails": fails}
