"""Names the adapters: the only room that knows which implementation stands behind each port."""

from provisioner.wiring.folders import (
    find_terraform,
    open_artifacts,
    open_ledger,
    read_steps,
    runs_folder,
    sandbox_folder,
    versions,
    workers,
)
from provisioner.wiring.place import Place, connect_github, enter, place_of, tools_for

__all__ = [
    "Place",
    "connect_github",
    "enter",
    "find_terraform",
    "open_artifacts",
    "open_ledger",
    "place_of",
    "read_steps",
    "runs_folder",
    "sandbox_folder",
    "tools_for",
    "versions",
    "workers",
]
