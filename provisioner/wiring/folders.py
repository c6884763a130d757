"""Where things lie on this machine, and which Terraform there is."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.errors import InvalidInput
from provisioner.settings import Settings

if TYPE_CHECKING:
    from provisioner.runs.artifacts import Artifacts
    from provisioner.runs.ledger import Ledger
    from provisioner.terraform.binary import Terraform

_MOST_WORKERS, _USUAL_WORKERS = 6, 4
_WORKER_BYTES = 700 * 1024 * 1024
"""What Terraform with the google provider takes, measured while it plans."""


def sandbox_folder(settings: Settings) -> Path:
    """Return the state folder of the sandbox: the one this shell is led into, else the user's own."""
    return settings.sandbox or settings.state_folder / "sandbox"


def runs_folder(settings: Settings) -> Path:
    """Return where runs are kept."""
    return settings.state_folder / "runs"


def work_folder(settings: Settings, place: str, team: str) -> Path:
    """Return where a team's roots are rendered; only its owner sees it.

    Terraform leaves things there that we do not choose, such as errored.tfstate, which holds a state in clear.
    """
    folder = settings.state_folder / "work"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)  # one that an earlier version made
    return folder / place / team


def open_ledger(settings: Settings) -> Ledger:
    """Open the book of runs."""
    from provisioner.runs.ledger import Ledger  # noqa: PLC0415 - help knows where things lie and opens none of them

    return Ledger(runs_folder(settings))


def open_artifacts(settings: Settings) -> Artifacts:
    """Open the store of frozen inputs, plans and receipts."""
    from provisioner.runs.artifacts import Artifacts  # noqa: PLC0415 - likewise

    return Artifacts(runs_folder(settings) / "artifacts")


def find_terraform(settings: Settings) -> Terraform:
    """Return the Terraform to use; the error names the ways to get one."""
    from provisioner.terraform.binary import find_terraform as look_for_terraform  # noqa: PLC0415 - likewise

    return look_for_terraform(settings.terraform, settings.search_path, cache=settings.state_folder / "cache")


def require_git(settings: Settings) -> None:
    """Refuse to begin what publishes to a repository where there is no git. Raises InvalidInput."""
    if shutil.which("git", path=settings.search_path) is None:
        fix = "install git 2.28 or newer; `provision-env doctor` says what else a run needs"
        raise InvalidInput("git is not installed", fix=fix)


def versions(settings: Settings) -> dict[str, str]:
    """Return the versions of what takes part in a run; they belong to its frozen inputs."""
    from provisioner.render import modules_version  # noqa: PLC0415 - only this question pays for the templates
    from provisioner.repository import template_version  # noqa: PLC0415 - likewise

    return {
        "provision-env": importlib.metadata.version("provision-env"),
        "terraform": str(find_terraform(settings)),
        "modules": modules_version(),
        "template": template_version(),
    }


def workers() -> int:
    """Return how many roots are worked on at once, as far as memory allows: Terraform waits more than it computes."""
    wanted = max(_USUAL_WORKERS, min(_MOST_WORKERS, os.cpu_count() or 1))
    return max(1, min(wanted, _available_memory() // _WORKER_BYTES))


def _available_memory() -> int:
    """Return the bytes that programs can have without swapping (Linux: proc(5)); plenty where nobody says."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return _MOST_WORKERS * _WORKER_BYTES
    kibibytes = next((int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), 0)
    return kibibytes * 1024 or _MOST_WORKERS * _WORKER_BYTES


def read_steps(settings: Settings, run_id: str) -> list[dict[str, Any]]:
    """Return the durable steps that a run has behind it."""
    from provisioner.runs.engine import engine, steps_of  # noqa: PLC0415 - only this question pays for the engine

    with engine(runs_folder(settings) / "dbos.sqlite3", f"reader-of-{run_id}", {}):
        return steps_of(run_id)
