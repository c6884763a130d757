"""From what each root is planned: its state, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from provisioner.cloud.google import GoogleCloud
from provisioner.render import state_prefix
from provisioner.request.resolve import Team

_LOCAL_BACKEND = 'terraform {\n  backend "local" {}\n}\n'


class Reading(Enum):
    """Which states a plan may look at."""

    STATES = "states"
    """All there are."""
    NOTHING = "nothing"
    """None: for who may read no state."""
    PULL_REQUEST = "pull request"
    """Those of environments that allow plans from pull requests. They are taken as they lie there: refreshing asks for
    rights (the folder's own policy, the billing account) that a pull request must not have."""


@dataclass(frozen=True, slots=True)
class Basis:
    """From what one root is planned, and why: ``state`` or nothing."""

    state: bool
    why: str
    refresh: bool = True

    def document(self) -> dict[str, str]:
        """Return the JSON shape: ``from`` (state or nothing) and ``because``."""
        return {"from": "state" if self.state else "nothing", "because": self.why}

    def __str__(self) -> str:
        """Return it in words."""
        return f"from {'its state' if self.state else 'nothing'}: {self.why}"

    def prepare(self, root: Path) -> None:
        """Give a root without a state a local backend, since initialising the remote one would write to it."""
        if not self.state:
            (root / "backend_override.tf").write_text(_LOCAL_BACKEND, encoding="utf-8")


def basis_of(google: GoogleCloud, team: Team, root: str, reading: Reading) -> Basis:
    """Return from what a root of the team is planned."""
    if reading is Reading.NOTHING:
        return Basis(state=False, why="it was asked to look at no state")
    bucket, state = team.platform.state.bucket, f"{state_prefix(team, root)}/default.tfstate"
    if reading is Reading.STATES:
        there = google.has_object(bucket, state)
        return Basis(there, "as it is, refreshed" if there else "there is none yet")
    spec = next((spec for spec in team.environments if spec.names.root == root), None)
    if spec is None:
        return Basis(state=False, why="what several environments share is not read from pull requests")
    if not spec.plan_from_pull_requests:
        return Basis(state=False, why="the state of this environment is not read from pull requests")
    if not google.sees_object(bucket, state):
        return Basis(state=False, why="there is none yet, or none that a pull request may read")
    return Basis(state=True, why="as the last apply left it", refresh=False)
