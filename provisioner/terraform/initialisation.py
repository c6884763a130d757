"""When ``init`` can be skipped: nothing that it reads has changed since it last succeeded."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from provisioner.terraform.binary import Terraform

_MARKER = Path(".terraform/provision-env.sha256")
_MODULES = Path(".terraform/modules/modules.json")
_SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json", ".terraform.lock.hcl")


def is_current(root: Path, terraform: Terraform, environment: Mapping[str, str]) -> bool:
    """Tell whether the last successful init of this root still holds."""
    try:
        marked = (root / _MARKER).read_text(encoding="ascii")
    except OSError:
        return False
    return marked == _fingerprint(root, terraform, environment)


def mark(root: Path, terraform: Terraform, environment: Mapping[str, str]) -> None:
    """Note a successful init; last of all, so that a half-made one is never taken for done."""
    marker = root / _MARKER
    marker.parent.mkdir(exist_ok=True)
    temporary = marker.with_suffix(f".{os.getpid()}")
    temporary.write_text(_fingerprint(root, terraform, environment), encoding="ascii")
    temporary.replace(marker)


def forget(root: Path) -> None:
    """Make the next init run."""
    (root / _MARKER).unlink(missing_ok=True)


def _fingerprint(root: Path, terraform: Terraform, environment: Mapping[str, str]) -> str:
    """Hash the root, the modules it was initialised with, Terraform, and where providers come from.

    The modules are those of the last init. A root that calls another module has another text itself, so a module
    that is not in the list yet cannot be missed.
    """
    content = hashlib.sha256()
    for part in (*terraform.argv, terraform.kind, terraform.version, *_provider_sources(environment)):
        content.update(part.encode() + b"\0")
    for folder in (root, *_module_folders(root)):
        for file in _sources(folder):
            content.update(f"{os.path.relpath(file, root)}\0{file.stat().st_size}\0".encode())
            content.update(file.read_bytes())
    return content.hexdigest()


def _provider_sources(environment: Mapping[str, str]) -> Iterator[str]:
    with suppress(KeyError, OSError):
        yield Path(environment["TF_CLI_CONFIG_FILE"]).read_text(encoding="utf-8", errors="replace")
    yield environment.get("TF_PLUGIN_CACHE_DIR", "")
    # Ports change with every start of the sandbox; only which providers are not installed matters.
    with suppress(KeyError, ValueError, TypeError):
        yield from sorted(json.loads(environment["TF_REATTACH_PROVIDERS"]))


def _module_folders(root: Path) -> list[Path]:
    try:
        modules = json.loads((root / _MODULES).read_bytes())["Modules"]
        return sorted({root / module["Dir"] for module in modules if module["Dir"] != "."})
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _sources(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.name.endswith(_SUFFIXES) and file.is_file())
    except OSError:
        return []
