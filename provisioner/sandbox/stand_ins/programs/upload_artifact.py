"""actions/upload-artifact: files become one zip archive that later jobs of the run can fetch."""

from __future__ import annotations

import glob
import hashlib
import io
import os
import zipfile
from pathlib import Path

from provisioner.sandbox.stand_ins.programs.results import ask
from provisioner.sandbox.stand_ins.programs.workflow import fail, flag, inputs, output, say, send, warn


def main() -> None:
    """Collect, pack, upload."""
    given = inputs()
    files = _chosen(given["path"], hidden=flag(given["include-hidden-files"]))
    if not files:
        _without(given)
        return
    content = _packed(files, int(given["compression-level"] or 6))
    name = given["name"]
    try:
        if flag(given["overwrite"]) and any(row["name"] == name for row in ask("ListArtifacts").get("artifacts", [])):
            ask("DeleteArtifact", name=name)
        place = ask("CreateArtifact", name=name, version=7)["signed_upload_url"]
        send(place, content, method="PUT", Content_Type="application/zip")
        digest = hashlib.sha256(content).hexdigest()
        done = ask("FinalizeArtifact", name=name, size=str(len(content)), hash={"value": f"sha256:{digest}"})
    except RuntimeError as problem:
        fail(f"Failed to upload the artifact {name}: {problem}")
    number = done["artifact_id"]
    output("artifact-id", number)
    output("artifact-digest", digest)
    server, repository, run = (os.environ[f"GITHUB_{name}"] for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    output("artifact-url", f"{server}/{repository}/actions/runs/{run}/artifacts/{number}")
    say(f"Artifact {name} has been successfully uploaded! {len(files)} files, {len(content)} bytes, id {number}")


def _without(given: dict[str, str]) -> None:
    text = f"No files were found with the provided path: {given['path']}. No artifacts will be uploaded."
    if given["if-no-files-found"] == "error":
        fail(text)
    (say if given["if-no-files-found"] == "ignore" else warn)(text)


def _chosen(patterns: str, *, hidden: bool) -> dict[str, Path]:
    """Return name in the archive -> file; names start where the patterns' common folder ends."""
    found = set[Path]()
    for line in patterns.splitlines():
        pattern = line.strip()
        if not pattern:
            continue
        matched = set(_files(pattern.removeprefix("!"), hidden=hidden))
        found = found - matched if pattern.startswith("!") else found | matched
    if not found:
        return {}
    searched = [Path(line.strip()).absolute() for line in patterns.splitlines() if line.strip()[:1] not in {"", "!"}]
    lone = len(searched) == 1
    top = searched[0] if lone and searched[0].is_dir() else Path(os.path.commonpath([path.parent for path in found]))
    return {str(path.relative_to(top)): path for path in sorted(found)}


def _files(pattern: str, *, hidden: bool) -> list[Path]:
    found = []
    for match in glob.glob(os.path.expanduser(pattern), recursive=True, include_hidden=hidden):  # noqa: PTH207, PTH111
        path = Path(match).absolute()
        inner = path.rglob("*") if path.is_dir() else [path]
        found += [file for file in inner if file.is_file() and (hidden or not _is_hidden(file, path))]
    return found


def _is_hidden(file: Path, top: Path) -> bool:
    parts = file.relative_to(top).parts if file != top else (file.name,)
    return any(part.startswith(".") for part in parts)


def _packed(files: dict[str, Path], level: int) -> bytes:
    content = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if level else zipfile.ZIP_STORED
    with zipfile.ZipFile(content, "w", kind, compresslevel=level or None) as archive:
        for name, path in files.items():
            archive.write(path, name)
    return content.getvalue()


if __name__ == "__main__":
    main()
