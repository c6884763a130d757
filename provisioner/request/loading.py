"""Read a team's request and the platform's settings from YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML

from provisioner.request.models import Platform, Request
from provisioner.request.problems import Problem, refuse


def load_platform(path: Path) -> Platform:
    """Return the platform's settings; InvalidInput holds every problem with its place."""
    try:
        return Platform.model_validate(_read(path))
    except ValidationError as error:
        refuse(_problems(error, path), str(path))
        raise


def load_request(path: Path, platform: Platform) -> Request:
    """Return a team's request; InvalidInput holds every problem with its place."""
    try:
        return Request.model_validate(_read(path))
    except ValidationError as error:
        refuse(_problems(error, path), str(path))
        raise


def _read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def _problems(error: ValidationError, path: Path) -> tuple[Problem, ...]:
    return tuple(Problem(f"{path}: {'.'.join(map(str, e['loc']))}", e["msg"]) for e in error.errors())
