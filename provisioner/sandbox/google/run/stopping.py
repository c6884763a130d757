"""Processes of what is deleted or cancelled."""

from __future__ import annotations

from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.run.instances import instances_of


def stop(call: Call, name: str) -> None:
    """Stop the processes below a resource name (and not when the request only rehearses)."""
    if call.world.settings["run_containers"] == "process" and not call.params.get("validateOnly"):
        instances_of(call.world).forget(name)
