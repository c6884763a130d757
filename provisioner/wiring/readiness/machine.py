"""What a run needs of this machine."""

from __future__ import annotations

import json
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from provisioner.wiring.folders import find_terraform, runs_folder
from provisioner.wiring.readiness import Finding, Situation

_OLDEST_PYTHON = (3, 11)
_OLDEST_GIT = (2, 28)  # the first with `init --initial-branch`
_LITTLE, _TOO_LITTLE = 2 * 1024**3, 256 * 1024**2


def python(_: Situation) -> Finding:
    """Check the interpreter."""
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info >= _OLDEST_PYTHON:
        return Finding("python", "ok", found)
    return Finding("python", "bad", found, "install provision-env with Python 3.11 or newer")


def terraform(situation: Situation) -> Finding:
    """Check that there is a Terraform, and a new one; the error of the search says how to get one."""
    return Finding("terraform", "ok", str(find_terraform(situation.settings)))


def terraform_settings(situation: Situation) -> Finding:
    """Check that Terraform's settings are where the environment says; a sandbox brings its own."""
    named = situation.settings.clients.get("TF_CLI_CONFIG_FILE")
    if named is None:
        return Finding("terraform settings", "ok", "Terraform's own: TF_CLI_CONFIG_FILE is not set")
    if Path(named).is_file():
        return Finding("terraform settings", "ok", named)
    fix = "unset TF_CLI_CONFIG_FILE, or write that file"
    if situation.sandbox:
        return Finding("terraform settings", "ok", f"{named} does not exist; the sandbox brings its own")
    return Finding("terraform settings", "bad", f"TF_CLI_CONFIG_FILE names {named}, which does not exist", fix)


def git(situation: Situation) -> Finding:
    """Check that git is there and knows how to begin a branch of a given name."""
    path = shutil.which("git", path=situation.settings.search_path)
    if path is None:
        return Finding("git", "bad", "git is not installed", "install git 2.28 or newer")
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - a fixed question
    numbers = re.search(r"(\d+)\.(\d+)", said)
    if numbers and tuple(map(int, numbers.groups())) < _OLDEST_GIT:
        return Finding("git", "bad", f"{said} at {path}", "install git 2.28 or newer")
    return Finding("git", "ok", f"{said} at {path}")


def run_book(situation: Situation) -> Finding:
    """Check that the book of runs can be written, and that what is in it is whole."""
    folder = runs_folder(situation.settings)
    where = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=where):
            pass
    except OSError as error:
        fix = "give it to your user, or name another folder in PROVISION_ENV_STATE"
        return Finding("run book", "bad", f"{where} cannot be written to: {error.strerror}", fix)
    return _whole(folder / "ledger.sqlite3")


def _whole(file: Path) -> Finding:
    if not file.exists():
        return Finding("run book", "ok", f"{file.parent} will be made by the first run")
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            runs = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
    except sqlite3.Error as error:
        said, runs = str(error), 0
    if said == "ok":
        return Finding("run book", "ok", f"{runs} runs in {file.parent}")
    return Finding("run book", "bad", f"{file}: {said}", "put back a copy of it, or move the folder away to begin anew")


def disk(situation: Situation) -> Finding:
    """Check the room for providers, plans and states."""
    where = _nearest(situation.settings.state_folder)
    free = shutil.disk_usage(where).free
    found = f"{free / 1024**3:.1f} GiB free at {where}"
    if free < _TOO_LITTLE:
        return Finding("disk", "bad", found, "make room: a provider alone takes 150 MiB")
    return Finding("disk", "warning", found, "make room soon") if free < _LITTLE else Finding("disk", "ok", found)


def locks(situation: Situation) -> Finding:
    """Check for locks that a run left when it was killed; the next run takes them over once they are known free."""
    from provisioner.wiring.locking import leases  # noqa: PLC0415 - the other checks need no book

    held = leases(situation.settings)
    stale = [each.root for each in held if not each.alive]
    if stale:
        found = f"left by a run that ended badly: {', '.join(stale)}"
        return Finding("locks", "warning", found, f"provision-env locks break {stale[0]}")
    return Finding(
        "locks", "ok", f"held by running work: {json.dumps([each.root for each in held])}" if held else "none"
    )


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())
