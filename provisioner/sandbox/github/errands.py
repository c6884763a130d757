"""What GitHub does by itself in a running server: workflows and webhooks."""

from __future__ import annotations

from functools import partial

from provisioner.sandbox.github.actions import runner
from provisioner.sandbox.github.deliveries import send_waiting
from provisioner.sandbox.world import World


def take_on_errands(world: World) -> None:
    """Have a server look after workflows and webhooks. Not within a transaction: an errand may wait for its end."""
    runner.take_on_errands(world)
    world.errands.take_on("webhooks", partial(send_waiting, world))
