"""CODEOWNERS: who must approve changes of which files. The last line that fits a file decides.

https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from provisioner.sandbox.github import teams
from provisioner.sandbox.github.access import at_least, person_role
from provisioner.sandbox.github.accounts import account_by_id, find_account
from provisioner.sandbox.github.bare import Repository
from provisioner.sandbox.store import Document, Transaction

_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
_LARGEST = 3 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One rule: its number in the file, the pattern and the owners as written (``@login``, ``@org/team``)."""

    number: int
    pattern: str
    owners: tuple[str, ...]


def read(git: Repository, commit: str) -> tuple[str, tuple[Line, ...]]:
    """Return the path of the file in force and its rules; an empty path when there is none."""
    for path in _PLACES:
        if git.text("ls-tree", "--name-only", commit, "--", path) == path:
            text = git.text("cat-file", "blob", f"{commit}:{path}")
            return path, _parsed(text) if len(text) <= _LARGEST else ()
    return "", ()


def _parsed(text: str) -> tuple[Line, ...]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if words:
            found.append(Line(number, words[0], tuple(words[1:])))
    return tuple(found)


def owners_of(rules: Sequence[Line], path: str) -> tuple[str, ...]:
    """Return the owners of a file; nobody where the last rule that fits names nobody."""
    return next((line.owners for line in reversed(rules) if fits(line.pattern, path)), ())


def fits(pattern: str, path: str) -> bool:
    """Tell whether a pattern of the file, which follows most rules of .gitignore, includes a path."""
    anchored = "/" in pattern.rstrip("/")
    body = pattern.strip("/") if anchored else pattern.rstrip("/")
    start = "" if anchored else "(?:.*/)?"
    # A folder owns all below it; `docs/*` alone stops at the folder's own files.
    tail = "" if body.endswith("/*") or body == "*" else "/.*" if pattern.endswith("/") else "(?:/.*)?"
    return re.fullmatch(start + _translated(body) + tail, path) is not None


def _translated(body: str) -> str:
    pieces = re.split(r"(\*\*/|/\*\*|\*|\?)", body)
    meaning = {"**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
    return "".join(meaning.get(piece, re.escape(piece)) for piece in pieces)


def missing(tx: Transaction, repository: Document, wanted: Iterable[tuple[str, ...]], approvers: set[int]) -> list[str]:
    """Return the owners still to approve: of each file's owners one is enough."""
    found: dict[str, None] = {}
    for owners in wanted:
        known = [(owner, people) for owner in owners if (people := people_of(tx, repository, owner))]
        if known and not any(people & approvers for _, people in known):
            found |= dict.fromkeys(owner.removeprefix("@") for owner, _ in known)
    return list(found)


def people_of(tx: Transaction, repository: Document, owner: str) -> set[int]:
    """Return the numbers of those an owner stands for; nobody for one without write access."""
    name, slash, slug = owner.removeprefix("@").partition("/")
    if not owner.startswith("@"):
        return set()
    if not slash:
        account = find_account(tx, name)
        role = person_role(tx, account["id"], repository) if account else ""
        return {account["id"]} if account and at_least(role, "write") else set()
    return _team_people(tx, repository, name, slug)


def _team_people(tx: Transaction, repository: Document, org: str, slug: str) -> set[int]:
    owner = account_by_id(tx, repository["owner_id"])
    team = teams.find(tx, owner["id"], slug) if owner["login"].lower() == org.lower() else None
    if team is None or not at_least(teams.role_in(tx, team, repository["id"]), "write"):
        return set()
    return {person["id"] for person in teams.members(tx, team)}
