"""Which hashicorp/google Terraform gets in a sandbox: the stand-in, or the real one out of a mirror.

The real one always comes from a folder, so that a run in the sandbox never leaves it. Where no folder is given, one is
filled before the sandbox is entered, by Terraform itself and with the user's own settings: a company's network mirror,
proxy and plugin cache count as they do everywhere else.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioner import settings as process
from provisioner.errors import InvalidInput, ProvisionError
from provisioner.settings import Settings
from provisioner.terraform.binary import Terraform
from provisioner.wiring.folders import find_terraform

KINDS: Final = ("standin", "registry", "auto")
_HOSTS: Final = {"tofu": "registry.opentofu.org"}
_SERIES: Final = "7."  # the rendered roots ask for ~> 7.0
_PATIENCE, _DOWNLOAD = 2.0, 600.0
_ROOT: Final = """terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Provider:
    """A decision. ``mirror`` is None for the stand-in; ``why`` is told where the decision was left to us."""

    mirror: Path | None = None
    version: str = ""
    why: str = ""

    def __str__(self) -> str:
        """Return what the user is told."""
        name = f"hashicorp/google {self.version} from {self.mirror}" if self.mirror else "the stand-in provider"
        return f"{name} ({self.why})" if self.why else name

    def versions(self) -> dict[str, str]:
        """Return what belongs to a run's frozen inputs: plans of one provider are never applied by the other."""
        return {"provider": f"hashicorp/google {self.version}"} if self.mirror else {}


def choose(settings: Settings, say: Callable[[str], None] = lambda _: None) -> Provider:
    """Decide, and keep the decision for the rest of this process. ``say`` hears of what takes long.

    Raises InvalidInput when the mirror does not hold the provider for this machine, ProvisionError when it was asked
    for and cannot be fetched.
    """
    mirror = settings.provider_mirror
    kind = settings.provider or ("registry" if mirror else "standin")
    if kind not in KINDS:
        raise InvalidInput(
            f"there is no provider {kind!r}", fix=f"choose one of {', '.join(KINDS)}", where="PROVISION_ENV_PROVIDER"
        )
    chosen = Provider() if kind == "standin" else _real(settings, mirror, say, insist=kind == "registry")
    process.choose_provider("registry" if chosen.mirror else "standin", chosen.mirror)
    return chosen


def held(mirror: Path, host: str, system: str) -> str | None:
    """Return the newest 7.x version of hashicorp/google that a mirror holds for a system, packed or unpacked."""
    home = mirror / host / "hashicorp" / "google"
    packed = re.compile(rf"terraform-provider-google_(\d+\.\d+\.\d+)_{re.escape(system)}\.zip")
    names = [found[1] for entry in _entries(home) if (found := packed.fullmatch(entry.name))]
    names += [entry.name for entry in _entries(home) if (entry / system).is_dir()]
    fitting = [name for name in names if name.startswith(_SERIES)]
    return max(fitting, key=lambda name: tuple(map(int, re.findall(r"\d+", name))), default=None)


def this_system() -> str:
    """Return the machine as Terraform names it, as in linux_amd64."""
    machine = platform.machine().lower()
    names = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "i686": "386", "i386": "386"}
    return f"{'windows' if sys.platform == 'win32' else sys.platform}_{names.get(machine, machine)}"


def _real(settings: Settings, mirror: Path | None, say: Callable[[str], None], *, insist: bool) -> Provider:
    terraform, system = find_terraform(settings), this_system()
    host = _HOSTS.get(terraform.kind, "registry.terraform.io")
    folder = mirror or settings.state_folder / "cache" / "providers"
    if version := held(folder, host, system):
        return Provider(folder, version)
    if mirror is not None:
        if insist:
            raise InvalidInput(
                f"the mirror holds no {host}/hashicorp/google {_SERIES}x for {system}",
                fix=f"fill it: {terraform.kind} providers mirror -platform={system} {mirror}",
                where=str(mirror),
            )
        return Provider(why=f"{mirror} holds no hashicorp/google for {system}")
    if not insist and not _answers(host):
        return Provider(why=f"{host} does not answer")
    say(f"fetching hashicorp/google from {host}")
    _fetch(settings, terraform, host, folder)
    return Provider(folder, held(folder, host, system) or "")


def _answers(host: str) -> bool:
    """Tell whether the registry answers quickly, by its service discovery."""
    import urllib.request  # noqa: PLC0415 - asked for rarely, imported slowly

    try:
        with urllib.request.urlopen(f"https://{host}/.well-known/terraform.json", timeout=_PATIENCE) as answer:
            return bool(answer.read(1))
    except OSError:
        return False


def _fetch(settings: Settings, terraform: Terraform, host: str, folder: Path) -> None:
    """Have Terraform install the provider into its plugin cache, which is laid out as a mirror is."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder.parent) as scratch:
        root, cache = Path(scratch) / "root", Path(scratch) / "cache"
        root.mkdir()
        cache.mkdir()
        (root / "main.tf").write_text(_ROOT, encoding="utf-8")
        _init(settings, terraform, root, cache)
        for package in (cache / host / "hashicorp" / "google").glob("*/*"):
            _keep(package, folder / package.relative_to(cache))


def _init(settings: Settings, terraform: Terraform, root: Path, cache: Path) -> None:
    extra = {"TF_PLUGIN_CACHE_DIR": str(cache), "TF_REATTACH_PROVIDERS": "", "CHECKPOINT_DISABLE": "1"}
    environment = process.child_environment({**extra, "TF_IN_AUTOMATION": "1"})
    try:
        ended = subprocess.run(  # noqa: S603 - the Terraform that was found, with constant arguments
            [*terraform.argv, "init", "-backend=false", "-input=false", "-no-color"],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_DOWNLOAD,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ProvisionError("fetching hashicorp/google took too long", fix=_ways(settings)) from None
    if ended.returncode:
        said = " ".join(ended.stderr.split())
        raise ProvisionError(f"hashicorp/google cannot be fetched: {said}", fix=_ways(settings))


def _ways(settings: Settings) -> str:
    inside = "leave the sandbox's shell, " if settings.sandbox else ""
    return f"{inside}name a folder that holds it with --provider-mirror, or take --provider standin"


def _keep(package: Path, place: Path) -> None:
    """Move a package into the mirror; one that another process put there in the meantime is as good."""
    place.parent.mkdir(parents=True, exist_ok=True)
    source = package.resolve()
    try:
        os.rename(source, place)  # noqa: PTH104 - it must fail where the folder exists
    except OSError:
        if not place.is_dir():
            shutil.copytree(source, place)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
