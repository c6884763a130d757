"""Does a new revision come up, and who will answer for it? Decided by rules, then, if asked for, by running it.

The setting ``run_containers`` is ``off`` by default: deploying an image must not start foreign code on somebody's
machine by surprise. Then a placeholder answers, and ``run.order_failure`` decides what fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.run.images import ImageError, find_image
from provisioner.sandbox.google.services.run_rollout import Failure, find_failure
from provisioner.sandbox.store import Document

Json = dict[str, Any]
OFF = "the setting run_containers is off"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a revision.

    ``state`` is ready, failed or starting (its process decides); ``runs`` tells whether a process answers its
    requests, ``why`` gives the reason, for people, why none does.
    """

    state: str
    failure: Failure | None = None
    runs: bool = False
    why: str = ""

    def document(self) -> Json:
        """Return what is kept beside the revision."""
        return {"runs": self.runs, "why": self.why}


def decide(call: Call, project: Document, template: Json) -> Decision:
    """Return what becomes of a revision of this template, as far as that is known before anything runs."""
    failure = find_failure(call, project, template)
    if failure:
        return Decision("failed", failure, why="it is not ready")
    if call.world.settings["run_containers"] != "process":
        return Decision("ready", why=OFF)
    if len(template["containers"]) != 1:
        return Decision("ready", why="it has more than one container")
    try:
        find_image(call.tx, template["containers"][0]["image"])
    except ImageError as error:
        return Decision("ready", why=str(error))
    return Decision("starting", runs=True)
