"""What this installation consists of: versions of everything that takes part, and digests of what ships with it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from pathlib import Path
from typing import Any, Final

import provisioner
from provisioner.errors import ProvisionError
from provisioner.request.data import SHIPPED, data_folder
from provisioner.settings import Settings
from provisioner.wiring.folders import find_terraform
from provisioner.wiring.origin import origin
from provisioner.wiring.providers import held, this_system

PROVIDER: Final = "hashicorp/google ~> 7.0"
"""What the rendered roots ask for."""
_LEFT_BEHIND: Final = {"__pycache__", "node_modules", ".terraform"}
_HOSTS: Final = {"tofu": "registry.opentofu.org"}


def installation(settings: Settings) -> dict[str, Any]:
    """Return the versions as JSON: None for what is not there.

    ``provider`` tells what roots ask for and which real one lies ready for a sandbox. ``digests`` are SHA-256 of the
    files that ship, by folder: two installations with the same ones render the same.
    """
    from provisioner.render import modules_version  # noqa: PLC0415 - only this question pays for the templates
    from provisioner.repository import template_version  # noqa: PLC0415 - likewise

    terraform = _terraform(settings)
    return {
        "provision-env": importlib.metadata.version("provision-env"),
        "built_from": origin(Path(provisioner.__file__).resolve().parent),
        "python": platform.python_version(),
        "terraform": terraform,
        "provider": {"asked_for": PROVIDER, "at_hand": _at_hand(settings, terraform or "")},
        "checkov": _version("checkov"),
        "modules": modules_version(),
        "template": template_version(),
        "digests": {name: digest(data_folder(name)) for name in SHIPPED},
    }


def digest(folder: Path) -> str:
    """Return the SHA-256 (hex) over the paths and contents of a folder; what tools leave there does not count."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not _LEFT_BEHIND & set(inside.parts):
            content = path.read_bytes()
            total.update(f"{inside.as_posix()}\0{len(content)}\0".encode())
            total.update(content)
    return total.hexdigest()


def _terraform(settings: Settings) -> str | None:
    try:
        found = find_terraform(settings)
    except ProvisionError:
        return None
    return f"{found.kind} {found.version}"


def _at_hand(settings: Settings, terraform: str) -> str | None:
    folder = settings.provider_mirror or settings.state_folder / "cache" / "providers"
    host = _HOSTS.get(terraform.partition(" ")[0], "registry.terraform.io")
    return held(folder, host, this_system())


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
