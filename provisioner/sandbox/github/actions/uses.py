"""Which actions a job uses and where they come from: stand-ins of the sandbox, or repositories of this GitHub."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.sandbox.github import actions_settings, bare, repositories
from provisioner.sandbox.github.actions import stand_ins
from provisioner.sandbox.github.actions.contexts import full_name
from provisioner.sandbox.github.actions.definition import load
from provisioner.sandbox.github.actions.records import Board
from provisioner.sandbox.github.errors import GithubError
from provisioner.sandbox.world import World

_REFERENCE = re.compile(r"([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)((?:/[^@]+)?)@(.+)")
_DEEPEST = 10
_SHA = re.compile(r"[0-9a-f]{40}")
_GITHUBS = ("actions", "github")
# Of the creators whom the marketplace calls verified, those whose actions there are stand-ins for, and their like.
_VERIFIED = ("google-github-actions", "docker", "astral-sh", "aquasecurity", "hashicorp", "aws-actions", "azure")


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


def _check_allowed(board: Board, name: str, ref: str) -> None:
    """Hold an action against what the repository's settings allow. Raises ActionRefused."""
    rules = actions_settings.read(board.tx, board.repository)
    place, owner = full_name(board), name.partition("/")[0].lower()
    refusal = f"The action {name}@{ref} is not allowed in {place} because all actions must be "
    if rules["sha_pinning_required"] and not _SHA.fullmatch(ref):
        raise ActionRefused(f"{refusal}pinned to a full-length commit SHA.")
    own = place.partition("/")[0].lower()
    if rules["allowed_actions"] == "all" or owner == own:
        return
    if rules["allowed_actions"] == "local_only":
        raise ActionRefused(f"{refusal}from a repository owned by {own}.")
    known = (rules["github_owned_allowed"] and owner in _GITHUBS) or (rules["verified_allowed"] and owner in _VERIFIED)
    patterns = [text if "@" in text else f"{text}@*" for text in rules["patterns_allowed"]]
    if not known and not any(fnmatch.fnmatchcase(f"{name}@{ref}", pattern) for pattern in patterns):
        raise ActionRefused(f"{refusal}from a repository owned by {own}, created by GitHub, or match its patterns.")


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
    _check_allowed(board, f"{owner}/{name}", ref)
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
