"""Where the files that ship with the product lie: modules, repository templates, schemas."""

from __future__ import annotations

from pathlib import Path

from provisioner.errors import ProvisionError

_IN_CHECKOUT = {
    "modules": "terraform/modules",
    "repo-template": "repo-template",
    "platform-template": "platform-template",
    "schemas": "schemas",
}


def data_folder(name: str) -> Path:
    """Return the folder ``modules``, ``repo-template``, ``platform-template`` or ``schemas``.

    In a wheel they are package data; in a checkout they lie where people edit them.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_data" / name, package.parent / _IN_CHECKOUT[name]):
        if folder.is_dir():
            return folder
    raise ProvisionError(
        f"the product's own files '{name}' are missing beside {package}",
        fix="reinstall provision-env: uv tool install --reinstall provision-env",
    )
