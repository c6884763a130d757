"""Where the files that ship with the product lie: modules, templates, schemas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from provisioner.errors import ProvisionError

SHIPPED: Mapping[str, str] = {
    "modules": "terraform/modules",
    "repo-template": "repo-template",
    "platform-template": "platform-template",
    "platform-folder": "platform-folder",
    "schemas": "schemas",
    "backstage": "backstage",
}
"""Each folder by its name, and where it lies in a checkout; the build puts them into the wheel (pyproject.toml)."""


def data_folder(name: str) -> Path:
    """Return one of the folders that ship.

    In a wheel they are package data; in a checkout they lie where people edit them.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_data" / name, package.parent / SHIPPED[name]):
        if folder.is_dir():
            return folder
    raise ProvisionError(
        f"the product's own files '{name}' are missing beside {package}",
        fix="reinstall provision-env: uv tool install --reinstall provision-env",
    )
