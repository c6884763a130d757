"""What differs from what was set up beyond the settings that a run mends: files of the template, who has access."""

from __future__ import annotations

import base64
import re
from functools import partial
from typing import Any

from provisioner.repository.api import gather, part
from provisioner.repository.facts import Difference, RepositoryFacts
from provisioner.repository.permissions import named_people, named_teams
from provisioner.repository.setting import Target
from provisioner.repository.template import ANSWERS_FILE, load_template
from provisioner.repository.trees import Blob, blobs, read_tree
from provisioner.request.data import data_folder

# What a team makes of its code is its own; these say what workflows do, who reviews them and what they may reach.
_GUARDED = re.compile(r"\.github/.+|\.provision-env/.+|pipeline/.+")
_VERSION = re.compile(rb"^  version: '?([^'\s]+)'?$", re.MULTILINE)


def inspect(target: Target, facts: RepositoryFacts) -> tuple[Difference, ...]:
    """Return files that are missing or changed where that matters, and access that the request does not give."""
    looks = [partial(_files, target, facts), *(partial(look, target) for look in (_people, _teams, _keys))]
    found = gather(looks)
    return tuple(row for rows in found for row in rows)


def _files(target: Target, facts: RepositoryFacts) -> list[Difference]:
    head = target.api.find(f"{target.path}/git/ref/heads/{facts.default_branch}")
    if head is None:
        return []
    had = read_tree(target.api, target.path, head["object"]["sha"])
    wanted = blobs(target.kind.render(target.team, facts, target.outputs))
    missing = [_differing(path, "nothing") for path in wanted if path not in had and path != ANSWERS_FILE]
    current, recorded = load_template(data_folder(target.kind.template)).version, _recorded(target, had)
    if recorded not in {current, None}:
        # Another version's files are not here to compare with.
        return [*missing, Difference("template", f"version {current}", f"version {recorded}")]
    changed = [path for path, blob in wanted.items() if path in had and _guarded(path) and had[path] != blob]
    return [*missing, *(_differing(path, _how(had[path], wanted[path])) for path in changed)]


def _differing(path: str, found: str) -> Difference:
    return Difference(f"file {path}", "the template's", found)


def _recorded(target: Target, had: dict[str, Blob]) -> str | None:
    """Return the version of the template that the repository was rendered from; None when it does not say."""
    if ANSWERS_FILE not in had:
        return None
    content = target.api.get(f"{target.path}/git/blobs/{had[ANSWERS_FILE].sha}")["content"]
    found = _VERSION.search(base64.b64decode(content))
    return found[1].decode() if found else "unknown"


def _guarded(path: str) -> bool:
    return path != ANSWERS_FILE and _GUARDED.fullmatch(path) is not None


def _how(found: Blob, wanted: Blob) -> str:
    return "other content" if found.sha != wanted.sha else f"mode {found.mode}"


def _people(target: Target) -> list[Difference]:
    named = named_people(target)
    rows = target.api.pages(f"{target.path}/collaborators?affiliation=direct")
    others = {row["login"]: row["role_name"] for row in rows if row["login"].lower() not in named}
    owners = _owners(target) if others else set()  # who owns the organisation may do everything as it is
    invited = [row for row in target.api.pages(f"{target.path}/invitations") if row.get("invitee")]
    strangers = {row["invitee"]["login"]: row["permissions"] for row in invited}
    waiting = {login: f"invited: {what}" for login, what in strangers.items() if login.lower() not in named}
    return [
        Difference(f"access of {login}", "nothing", what)
        for login, what in {**waiting, **others}.items()
        if login.lower() not in owners
    ]


def _owners(target: Target) -> set[str]:
    rows: list[dict[str, Any]] = target.api.pages(f"/orgs/{part(target.owner)}/members?role=admin")
    return {row["login"].lower() for row in rows}


def _teams(target: Target) -> list[Difference]:
    named = named_teams(target)
    return [
        Difference(f"access of team {row['slug']}", "nothing", row["permission"])
        for row in target.api.pages(f"{target.path}/teams")
        if row["slug"] not in named
    ]


def _keys(target: Target) -> list[Difference]:
    """Nothing that is set up has an SSH key: one is a way in that nobody's membership ends."""
    return [
        Difference(f"deploy key {row['title'] or row['id']}", "nothing", "reads" if row["read_only"] else "writes")
        for row in target.api.pages(f"{target.path}/keys")
    ]
