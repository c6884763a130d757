"""What this program was built from: a record in a built package, or the checkout that it runs in.

The build (hatch_build.py) runs this file by itself, so it imports nothing of the project.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

RECORD = "_build.json"
"""Name of the record, beside the package's own modules."""


def origin(package: Path) -> dict[str, Any]:
    """Return what the package in a folder was built from.

    ``kind`` is ``build`` (recorded when it was built), ``checkout`` (asked now) or ``unknown``. ``commit`` is git's
    full id and ``committed`` its date (ISO 8601); ``dirty`` says that files differed from that commit.
    """
    record = package / RECORD
    if record.is_file():
        return {"kind": "build", **json.loads(record.read_text(encoding="utf-8"))}
    found = asked_of_git(package.parent)
    return {"kind": "checkout" if found["commit"] else "unknown", **found}


def asked_of_git(project: Path) -> dict[str, Any]:
    """Return commit, its date and whether files differ from it; None for each where the folder is no checkout.

    A repository that merely holds the folder, as a copy among other things, says nothing about it.
    """
    top = _git(project, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != project.resolve():
        return {"commit": None, "committed": None, "dirty": None}
    commit, _, committed = (_git(project, "log", "-1", "--format=%H %cI") or "").partition(" ")
    changed = _git(project, "status", "--porcelain")
    return {"commit": commit or None, "committed": committed or None, "dirty": changed != ""}


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git prints; None where there is no git, no repository or no commit."""
    command = ["git", "-C", str(folder), "--no-optional-locks", *arguments]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - constant arguments
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.strip() if ended.returncode == 0 else None
