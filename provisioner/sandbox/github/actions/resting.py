"""Waiting until the workflows of a sandbox rest: every run is over, or held for a person or by the clock."""

from __future__ import annotations

import time
from typing import Any

from provisioner.sandbox.github.actions import records
from provisioner.sandbox.world import World

_HELD = ("waiting", "pending")


def wait_for_rest(world: World, seconds: float) -> dict[str, Any]:
    """Return how many runs are under way and how many are held, once none is under way or the time is over."""
    ends = time.monotonic() + seconds
    while True:
        seen = world.errands.news()
        found = _counts(world)
        left = ends - time.monotonic()
        if not found["underWay"] or left <= 0 or world.errands.stopped:
            return found
        world.errands.wait_for_news(seen, left)


def _counts(world: World) -> dict[str, Any]:
    with world.store.transaction() as tx:
        runs = [records.find_run(tx, *place) for place in records.active_runs(tx)]
    statuses = [run["status"] for run in runs if run]
    held = sum(status in _HELD for status in statuses)
    return {"underWay": len(statuses) - held, "held": held}
