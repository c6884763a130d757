"""What the shell can complete: teams, environments, runs, rules, roots. Never an error, and nothing is made or asked.

Teams and environments are those of the request files in this folder (``teams/*.yaml``, and beside the nearest
platform.yaml) and those of the runs that this machine recorded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from click.shell_completion import CompletionItem

from provisioner import settings
from provisioner.cli.inputs import nearest_platform
from provisioner.errors import ProvisionError
from provisioner.wiring.folders import open_artifacts, open_ledger, runs_folder

if TYPE_CHECKING:
    from provisioner.runs.ledger import Ledger

_NEWEST = 50
_LARGEST = 1 << 20
_Pairs = Iterable[tuple[str, str]]
Completing: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completing(names: Callable[[], _Pairs]) -> Completing:
    """Make a function for click out of one that yields names, each with a word about it."""

    @functools.wraps(names)
    def complete(_ctx: click.Context, _option: click.Parameter, begun: str) -> list[CompletionItem]:
        try:
            found = dict(names())
        except Exception:  # noqa: BLE001 - a key press must not end in an error across the prompt
            return []
        return [CompletionItem(name, help=text or None) for name, text in found.items() if name.startswith(begun)]

    return complete


@_completing
def teams() -> _Pairs:
    """Return the teams."""
    for team, environments in _known():
        yield team, ", ".join(environments)


@_completing
def environments() -> _Pairs:
    """Return TEAM/ENVIRONMENT."""
    return ((f"{team}/{name}", "") for team, names in _known() for name in names)


@_completing
def teams_and_environments() -> _Pairs:
    """Return both forms."""
    for team, names in _known():
        yield team, "all environments"
        yield from ((f"{team}/{name}", "") for name in names)


@_completing
def runs() -> _Pairs:
    """Return the ids of the newest runs."""
    ledger = _ledger()
    return ((run.id, f"{run.verb} {run.team}, {run.status}") for run in (ledger.runs()[:_NEWEST] if ledger else ()))


@_completing
def unfinished_runs() -> _Pairs:
    """Return the ids of the newest runs that can go on."""
    ledger = _ledger()
    found = [run for run in (ledger.runs() if ledger else ()) if run.status != "done"]
    return ((run.id, f"{run.verb} {run.team}, {run.status}") for run in found[:_NEWEST])


@_completing
def rules() -> _Pairs:
    """Return the ids of the rules."""
    from provisioner.policy import explanations  # noqa: PLC0415 - other names come without the rules

    return ((each.id, each.title) for each in explanations())


@_completing
def roots() -> _Pairs:
    """Return the Terraform roots of the teams."""
    return ((f"{team}-{name}", "") for team, names in _known() for name in (*names, "links"))


def _known() -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from (_of(document) for document in (*_files(), *_recorded()) if document.get("team"))


def _of(document: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    return str(document["team"]), tuple(map(str, document.get("environments") or ()))


def _files() -> Iterator[dict[str, Any]]:
    here = Path.cwd()
    platform = nearest_platform(here)
    folders = dict.fromkeys([here / "teams", here, *([platform.parent / "teams"] if platform else [])])
    for file in (file for folder in folders for file in sorted(folder.glob("*.yaml"))):
        if file.stat().st_size < _LARGEST:
            yield _read(file)


def _read(file: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415 - other names come without reading YAML
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 - likewise

    try:
        document = YAML(typ="safe", pure=True).load(file)
    except (OSError, YAMLError, UnicodeDecodeError):
        return {}
    return document if isinstance(document, dict) else {}


def _recorded() -> Iterator[dict[str, Any]]:
    """Return what each team was last asked to be."""
    ledger, artifacts, seen = _ledger(), open_artifacts(settings.read()), set[str]()
    for run in ledger.runs() if ledger else ():
        if run.team not in seen:
            seen.add(run.team)
            try:
                yield artifacts.thaw(run.inputs)["request"]
            except (ProvisionError, KeyError):
                yield {"team": run.team}


def _ledger() -> Ledger | None:
    """Open the book of runs where there is one; pressing a key begins none."""
    current = settings.read()
    return open_ledger(current) if (runs_folder(current) / "ledger.sqlite3").is_file() else None
