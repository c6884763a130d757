"""The organisation's rules as files: read together with platform.yaml, so that a run carries them among its inputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from provisioner.errors import InvalidInput
from provisioner.request.models import Platform
from provisioner.request.platform_parts import RuleFile
from provisioner.request.source import decode

_MOST = 100
_LARGEST = 256 * 1024


def with_rule_files(platform: Platform, path: Path) -> Platform:
    """Return the settings with the rule files of the folder they name, seen from ``path``, platform.yaml itself.

    Nothing of the files is executed here. Raises InvalidInput when the folder is missing or holds no rules, and for a
    file that is too large or not UTF-8.
    """
    folder = platform.policy.rules_folder
    if folder is None:
        return platform
    files = tuple(_files(path.parent / folder, str(path)))
    return platform.model_copy(update={"policy": platform.policy.model_copy(update={"files": files})})


def _files(folder: Path, where: str) -> Iterator[RuleFile]:
    found = sorted(folder.glob("*.py")) if folder.is_dir() else []
    if not found or len(found) > _MOST:
        reason = f"{folder} holds {len(found)} Python files" if folder.is_dir() else f"there is no folder {folder}"
        raise InvalidInput(
            f"policy.rules_folder: {reason}", fix=f"name a folder with 1-{_MOST} rule files", where=where
        )
    for file in found:
        yield RuleFile(name=str(file), text=_text(file))


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return decode(stream.read(_LARGEST + 1), str(file))
    except OSError as error:
        fix = "check its permissions"
        raise InvalidInput(f"the file cannot be read: {error.strerror}", fix=fix, where=str(file)) from error
