"""Teams that the tests render: the examples, and requests written in a test."""

from __future__ import annotations

from pathlib import Path

from provisioner.render import RepositoryIds
from provisioner.request.loading import load_platform, load_request, parse_request
from provisioner.request.models import Platform
from provisioner.request.platform_parts import ModuleSettings
from provisioner.request.resolve import Team, resolve

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "examples"
IDS = RepositoryIds("900100200", "700800")


def platform(**changes: object) -> Platform:
    return load_platform(EXAMPLES / "platform.yaml").model_copy(update=changes)


def example(name: str, settings: Platform | None = None) -> Team:
    chosen = settings or platform()
    return resolve(load_request(EXAMPLES / f"{name}.yaml", chosen), chosen)


def team(text: str, settings: Platform | None = None) -> Team:
    chosen = settings or platform()
    return resolve(parse_request(text, "teams/test.yaml", chosen), chosen)


def committed_example() -> Team:
    chosen = platform(modules=ModuleSettings(source="../../modules"))
    return resolve(load_request(PROJECT / "tests" / "render" / "example.yaml", chosen), chosen)
