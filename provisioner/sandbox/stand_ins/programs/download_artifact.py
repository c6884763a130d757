"""actions/download-artifact: archives of this run, unpacked."""

from __future__ import annotations

import fnmatch
import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

from provisioner.sandbox.stand_ins.programs.results import ask
from provisioner.sandbox.stand_ins.programs.workflow import fail, flag, inputs, output, say, send

_NOT_PLAYED = ("repository", "run-id", "skip-decompress")


def main() -> None:
    """Fetch one artifact by name or number, or all that fit."""
    given = inputs()
    for name in _NOT_PLAYED:
        if given[name] not in {"", "false", os.environ["GITHUB_RUN_ID"], os.environ["GITHUB_REPOSITORY"]}:
            fail(f"The sandbox's download-artifact does not play the input {name}")
    target = Path(os.environ["GITHUB_WORKSPACE"]) / (given["path"] or ".")
    try:
        rows = ask("ListArtifacts").get("artifacts", [])
        chosen = _chosen(rows, given)
        one_by_number = bool(given["artifact-ids"]) and len(chosen) == 1
        alone = bool(given["name"]) or flag(given["merge-multiple"]) or one_by_number
        for row in chosen:
            _fetch(row, target if alone else target / row["name"])
    except RuntimeError as problem:
        fail(f"Unable to download artifact(s): {problem}")
    output("download-path", str(target))


def _chosen(rows: list[dict[str, Any]], given: dict[str, str]) -> list[dict[str, Any]]:
    if given["name"]:
        found = [row for row in rows if row["name"] == given["name"]]
        if not found:
            fail(f"Unable to download artifact(s): Artifact not found for name: {given['name']}")
        return found
    numbers = {number.strip() for number in given["artifact-ids"].split(",") if number.strip()}
    pattern = given["pattern"] or "*"
    return [
        row
        for row in rows
        if (not numbers or row["database_id"] in numbers) and fnmatch.fnmatchcase(row["name"], pattern)
    ]


def _fetch(row: dict[str, Any], target: Path) -> None:
    content = send(ask("GetSignedArtifactURL", name=row["name"])["signed_url"])
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if row.get("digest") not in {"", None, digest}:
        fail(f"The digest of {row['name']} is {digest}, not {row['digest']}")
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            path = (target / member.filename).resolve()
            if not path.is_relative_to(target.resolve()):
                fail(f"The artifact {row['name']} holds a path outside of its folder: {member.filename}")
        archive.extractall(target)
    say(f"Artifact download completed: {row['name']} ({len(content)} bytes) to {target}")


if __name__ == "__main__":
    main()
