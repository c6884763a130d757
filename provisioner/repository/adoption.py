"""Bring a repository with content in, by one pull request; nothing else in it is changed.

The pull request adds the template's files that the repository does not have. A file that it has in another form stays,
unless it was named to be replaced. A second run brings the same pull request up to date; commits that people made on
its branch are never overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from provisioner.errors import InvalidInput
from provisioner.repository import names
from provisioner.repository.bootstrap import is_empty, read_facts
from provisioner.repository.claim import claimed_by, require_ours_or_free
from provisioner.repository.facts import Difference
from provisioner.repository.proposal import BRANCH, Proposal
from provisioner.repository.setting import Target
from provisioner.repository.template import ANSWERS_FILE, Files
from provisioner.repository.trees import Blobs, blobs, read_tree

# GitHub takes the first of these and does not look at the others.
_OWNERS_FILES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


@dataclass(frozen=True, order=True)
class Kept:
    """A file of the template that was not proposed, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Adoption:
    """What came of it.

    ``state`` is ``opened``, ``updated``, ``unchanged`` (the pull request is as it should be) or ``nothing`` (the
    repository has every file that can be added). ``added`` and ``replaced`` are what the pull request holds.
    ``later`` is what setting the repository up will change once it is merged.
    """

    state: str
    pull_request: str | None
    added: tuple[str, ...]
    replaced: tuple[str, ...]
    kept: tuple[Kept, ...]
    later: tuple[Difference, ...] = ()


def adopt(target: Target, replace: tuple[str, ...]) -> Adoption:
    """Propose what the repository lacks; ``replace`` are patterns of paths (as of a shell) that may be overwritten.

    Raises InvalidInput for a repository that cannot be adopted.
    """
    found = _adoptable(target)
    base = target.api.get(f"{target.path}/git/ref/heads/{found['default_branch']}")["object"]["sha"]
    facts = read_facts(found, created=False, empty=False)
    files = target.kind.render(target.team, facts, target.outputs)
    had, wanted = read_tree(target.api, target.path, base), blobs(files)
    kept = _conflicts(had, wanted, replace)
    standing = {each.path for each in kept}
    chosen: Files = {
        path: content for path, content in files.items() if path not in standing and had.get(path) != wanted[path]
    }
    proposal = Proposal(target, found, base)
    state, address, edited = proposal.settle(chosen, tuple(sorted(kept)))
    return Adoption(
        state,
        address,
        tuple(path for path in chosen if path not in had),
        tuple(path for path in chosen if path in had),
        tuple(sorted([*kept, *(Kept(path, f"changed on {BRANCH} by people") for path in edited)])),
    )


def _adoptable(target: Target) -> dict[str, Any]:
    name, branch = target.team.repository_full_name, names.default_branch(target.team)
    found: dict[str, Any] | None = target.api.find(target.path)
    if found is None:
        raise _unfit(f"there is no repository {name}", "make one with provision-env repo bootstrap, or mend the name")
    if found["archived"]:
        raise _unfit(f"{name} is archived", "take it out of the archive first")
    if is_empty(target):
        raise _unfit(f"{name} is empty", "fill it with provision-env repo bootstrap: there is nothing to propose to")
    require_ours_or_free(target, claimed_by(target))
    if found["default_branch"] != branch:
        raise InvalidInput(
            f"{name} works on {found['default_branch']}, the request deploys from {branch}",
            fix=f"write branch: {found['default_branch']} for the environments, or rename the branch on GitHub",
            where="environments: branch",
        )
    return found


def _conflicts(had: Blobs, wanted: Blobs, replace: tuple[str, ...]) -> list[Kept]:
    """Return what stands in the way; our own answers are always brought up to date."""
    lower: dict[str, str] = {path.lower(): path for path in had}
    folders = {path[:place] for path in had for place, letter in enumerate(path) if letter == "/"}
    rows = []
    for path, blob in wanted.items():
        reason = _conflict(path, had, lower, folders)
        may = path == ANSWERS_FILE or any(fnmatchcase(path, pattern) for pattern in replace)
        if reason and had.get(path) != blob and not (may and path in had):
            rows.append(Kept(path, reason))
    return rows


def _conflict(path: str, had: Blobs, lower: dict[str, str], folders: set[str]) -> str:
    if path in had:
        return "exists with other content"
    if path in folders:
        return "is a folder here"
    parts = path.split("/")
    file = next((above for n in range(1, len(parts)) if (above := "/".join(parts[:n])) in had), None)
    if file:
        return f"{file} is a file here"
    if path.lower() in lower:
        return f"exists as {lower[path.lower()]}"
    if path in _OWNERS_FILES:
        return next((f"would hide {other}" for other in _OWNERS_FILES if other in had), "")
    return ""


def _unfit(reason: str, fix: str) -> InvalidInput:
    return InvalidInput(reason, fix=fix, where="repository.name")
