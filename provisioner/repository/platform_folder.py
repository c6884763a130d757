"""The folder a platform team begins with: settings, an example, and what editors need to complete both."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from provisioner.errors import InvalidInput, ProvisionError
from provisioner.repository.template import ANSWERS_FILE, Files, load_template, render_answers
from provisioner.request.data import data_folder
from provisioner.request.loading import parse_platform, parse_request

EXAMPLE = "teams/example.yaml"
_PLAIN = 0o100644
_SHARED = ".gitignore", "teams/README.md"
_MULTI_REGIONS = {"europe": "EU", "us": "US", "northamerica": "US", "asia": "ASIA"}
_LONGEST_PREFIX = 16
"""So that `<prefix>-example-prod` stays within the 30 characters of a project id."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known of an organisation before there is a platform; ``folder`` may be empty."""

    organisation_id: str
    domain: str
    folder: str
    github_owner: str
    github_plan: str
    project: str
    state_bucket: str
    billing_account: str
    region: str
    contact: str
    approvers: tuple[str, ...]


def platform_folder(known: Beginning) -> Files:
    """Return the files by path; InvalidInput names every value that would be refused later."""
    answers = {
        **asdict(known),
        "approvers": list(known.approvers),
        "location": (location := _MULTI_REGIONS.get(known.region.partition("-")[0], "US")),
        "currency": "EUR" if location == "EU" else "USD",
        "prefix": _prefix(known.github_owner),
    }
    files = render_answers(load_template(data_folder("platform-folder")), answers)
    del files[ANSWERS_FILE]  # nothing updates this folder: it belongs to its people from the first day
    platform = parse_platform(files["platform.yaml"][0].decode(), "platform.yaml")
    parse_request(files[EXAMPLE][0].decode(), EXAMPLE, platform)
    return dict(sorted({**files, **_shared(), **editor_files()}.items()))


def editor_files() -> Files:
    """Return what editors need to complete and check platform.yaml and requests: schemas, and where they apply."""
    settings = load_template(data_folder("platform-folder")).folder / "content" / ".vscode"
    found = {f".vscode/{each.name}": each for each in settings.glob("*.json")}
    found |= {f"schemas/{each.name}": each for each in data_folder("schemas").glob("*.schema.json")}
    return {path: (each.read_bytes(), _PLAIN) for path, each in sorted(found.items())}


def write_folder(files: Files, folder: Path) -> None:
    """Write files into a new or empty folder (a fresh `.git` may be there): all of them, or none.

    Raises InvalidInput where something else is in it, ProvisionError where it cannot be written.
    """
    try:
        require_empty(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-platform-", dir=folder) as scratch:
            for path, (content, _) in files.items():
                place = Path(scratch) / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            _move_in(sorted(Path(scratch).iterdir()), folder)
    except OSError as error:
        raise ProvisionError(
            f"cannot write: {error.strerror}", fix="name another folder, or make room", where=str(folder)
        ) from error


def require_empty(folder: Path) -> None:
    """Raise InvalidInput where a folder holds something; a fresh `.git` does not count."""
    if folder.exists() and not folder.is_dir():
        raise InvalidInput("this is a file", fix="name a folder", where=str(folder))
    there = sorted(each.name for each in folder.iterdir() if each.name != ".git") if folder.is_dir() else []
    if there:
        raise InvalidInput(
            f"the folder is not empty: it holds {', '.join(there[:3])}{', …' if there[3:] else ''}",
            fix="name a new or an empty folder; nothing is ever written over",
            where=str(folder),
        )


def _move_in(entries: Iterable[Path], folder: Path) -> None:
    moved: list[Path] = []
    try:
        for entry in entries:
            os.replace(entry, folder / entry.name)  # noqa: PTH105 - a folder moves as a whole, or not at all
            moved.append(folder / entry.name)
    except OSError:
        for place in moved:
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        raise


def _shared() -> Files:
    """Return what the platform's repository will hold byte for byte."""
    content = load_template(data_folder("platform-template")).folder / "content"
    return {path: ((content / path).read_bytes(), _PLAIN) for path in _SHARED}


def _prefix(owner: str) -> str:
    """Return the beginning of the example's project ids, from a GitHub owner's name."""
    text = re.sub(r"[^a-z0-9-]", "-", owner.lower()).lstrip("-0123456789")[:_LONGEST_PREFIX].rstrip("-")
    return text or "platform"
