"""Which actions a job uses and where they come from: stand-ins of the sandbox, or repositories of this GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.sandbox.github import bare, repositories
from provisioner.sandbox.github.actions import stand_ins
from provisioner.sandbox.github.actions.definition import load
from provisioner.sandbox.github.actions.records import Board
from provisioner.sandbox.github.errors import GithubError
from provisioner.sandbox.world import World

_REFERENCE = re.compile(r"([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)((?:/[^@]+)?)@(.+)")
_DEEPEST = 10


class ActionRefused(Exception):
    """An action that cannot be used here; the text names it and the way out."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an action's repository at a ref lies: a folder, or a commit of a bare repository to be unpacked."""

    name: str
    ref: str
    folder: Path | None = None
    repository: Path | None = None
    commit: str = ""


def sources(world: World, board: Board, steps: Iterable[Mapping[str, Any]]) -> tuple[Source, ...]:
    """Return the repositories that steps (and the composite actions in them) use. Raises ActionRefused."""
    found: dict[tuple[str, str], Source] = {}
    for step in steps:
        _collect(world, board, str(step["uses"]), found, 0)
    return tuple(found.values())


def _collect(world: World, board: Board, wanted: str, found: dict[tuple[str, str], Source], depth: int) -> None:
    if wanted.startswith("./"):
        return
    if wanted.startswith("docker://"):
        raise ActionRefused(f"The sandbox runs jobs without containers: {wanted} cannot be used")
    match = _REFERENCE.fullmatch(wanted)
    if match is None or depth > _DEEPEST:
        raise ActionRefused(
            f"Expected format {{org}}/{{repo}}[/path]@ref. Actual '{wanted}' Input string was not in a correct format."
        )
    owner, name, inner, ref = match[1], match[2], match[3].strip("/"), match[4]
    if (f"{owner}/{name}", ref) in found:
        return
    folder = stand_ins.folder_of(f"{owner}/{name}")
    if folder is None:
        source = _imported(world, board, (owner, name), ref, wanted)
        found[f"{owner}/{name}", ref] = source
        for nested in _nested(source, inner):
            _collect(world, board, nested, found, depth + 1)
        return
    found[f"{owner}/{name}", ref] = Source(f"{owner}/{name}", ref, folder)


def _imported(world: World, board: Board, place: tuple[str, str], ref: str, wanted: str) -> Source:
    owner, name = place
    try:
        repository, _ = repositories.by_name(board.tx, owner, name)
    except GithubError:
        raise ActionRefused(_unknown(f"{owner}/{name}", wanted)) from None
    reachable = repository["visibility"] == "public" or repository["owner_id"] == board.repository["owner_id"]
    git = bare.opened(world.folder, repository["id"])
    commit = git.resolve(ref) or git.resolve(f"refs/tags/{ref}") or git.resolve(f"refs/heads/{ref}")
    if not reachable:
        raise ActionRefused(_unknown(f"{owner}/{name}", wanted))
    if commit is None:
        raise ActionRefused(f"Unable to resolve action `{wanted}`, unable to find version `{ref}`")
    return Source(f"{owner}/{name}", ref, repository=git.folder, commit=commit)


def _unknown(name: str, wanted: str) -> str:
    return (
        f"Unable to resolve action `{wanted}`, repository not found. The sandbox has no stand-in for it; with a clone "
        f"of it, `provision-env sandbox import-repo FOLDER {name}` brings it in"
    )


def _nested(source: Source, inner: str) -> Iterator[str]:
    git = bare.Repository(source.repository or Path(), {})
    for file in ("action.yml", "action.yaml"):
        path = f"{inner}/{file}" if inner else file
        try:
            document = load(git.run("cat-file", "blob", f"{source.commit}:{path}")) or {}
        except bare.GitRefused:
            continue
        for step in (document.get("runs") or {}).get("steps") or ():
            if "uses" in step:
                yield str(step["uses"])
        return
