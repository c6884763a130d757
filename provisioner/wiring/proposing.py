"""A changed request as its reviewers see it: rendered roots compared with the base branch's, and comments about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.errors import ProvisionError
from provisioner.policy.formats.comment import comment, marker
from provisioner.render import RepositoryIds, difference, render
from provisioner.request.loading import load_platform, load_request
from provisioner.request.models import Platform
from provisioner.request.resolve import Team, resolve
from provisioner.wiring.accessing import difference as access_difference
from provisioner.wiring.accessing import repository_of
from provisioner.wiring.observing import Preview

_ROOM = 55_000
"""Characters of diffs in one part of the comment; GitHub's limit is 65 536."""
_TICKS = re.compile(r"`+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a request renders to, compared with its base. ``base`` says what that is; ``diffs`` are by root."""

    base: str
    diffs: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the JSON shape: ``base`` and ``diffs``, unified, by the root's name."""
        return {"base": self.base, "diffs": self.diffs}


def proposal(team: Team, base: Path, ids: RepositoryIds, nearest: Platform | None) -> Proposal:
    """Compare a team's rendered roots with those of the request in ``base``, the file as the base branch has it.

    ``nearest`` are the settings of the base branch, those of the team when not given. A file that is absent makes the
    team a new one. One that this version cannot read is told, and everything then counts as new.
    """
    after = render(team, ids)
    if not base.exists():
        return Proposal("the base branch has no such request", difference(None, after))
    try:
        before = resolve(load_request(base, nearest or team.platform), nearest or team.platform)
        return Proposal("compared with the base branch", difference(render(before, ids), after))
    except ProvisionError as error:
        said = f"the request of the base branch cannot be read ({error.reason})"
        return Proposal(f"{said}: everything counts as new", difference(None, after))


def platform_of(base: Path, found: Path | None) -> Platform | None:
    """Return the settings beside the base, or None where there are none or this version cannot read them."""
    try:
        return load_platform(found) if base.exists() and found else None
    except ProvisionError:
        return None


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment as its parts. ``telling`` is false where it says that nothing changes: nobody needs it begun."""

    parts: tuple[str, ...]
    telling: bool


def comments(
    team: Team, ids: RepositoryIds, previews: Sequence[Preview], proposed: Proposal | None
) -> Iterator[Comment]:
    """Yield the comments of a pull request: one about the request, one about each root.

    None holds a value that a plan marks as sensitive, or that a service's environment was given.
    """
    telling = [_tells(each, proposed) for each in previews]
    yield Comment(_overview(team, previews, proposed), any(telling) or bool(proposed and proposed.diffs))
    repository = repository_of(team, ids.repository_id, ids.owner_id)
    for each, tells in zip(previews, telling, strict=True):
        access = access_difference(team, repository, [each.plan])
        said = (*(f"+ {one}" for one in access.gained), *(f"- {one}" for one in access.lost))
        yield Comment(
            comment(each.verdict, each.plan.redacted(), each.root, said, note=f"Planned {each.basis}."), tells
        )


def _tells(each: Preview, proposed: Proposal | None) -> bool:
    """Tell whether a root changes; of one that was planned from nothing, whether it is rendered otherwise."""
    if not each.verdict.passed or proposed is None or each.root in proposed.diffs:
        return True
    return each.basis.state and not each.plan.is_empty


def _overview(team: Team, previews: Iterable[Preview], proposed: Proposal | None) -> tuple[str, ...]:
    rows = [f"| {each.root} | {each.basis} | {_outcome(each)} |" for each in previews]
    lead = "\n".join(("| root | planned | changes |", "|---|---|---|", *rows))
    groups = list(_groups(_folded(proposed)))
    title = f"### {team.slug}: what is proposed"
    parts = []
    for number, group in enumerate(groups, 1):
        head = title if len(groups) == 1 else f"{title} ({number} of {len(groups)})"
        body = (lead, *group) if number == 1 else group
        parts.append("\n\n".join((f"{marker(f'{team.slug}/proposed', number)}\n{head}", *body)) + "\n")
    return tuple(parts)


def _outcome(each: Preview) -> str:
    changes = "none" if each.plan.is_empty else str(each.plan.summary())
    return changes if each.verdict.passed else f"{changes}, **refused**"


def _folded(proposed: Proposal | None) -> Iterator[str]:
    if proposed is None:
        return
    yield f"Rendered roots, {proposed.base}: {'these differ.' if proposed.diffs else 'nothing differs.'}"
    for root, text in proposed.diffs.items():
        fence = "`" * max(4, 1 + max((len(found) for found in _TICKS.findall(text)), default=0))
        summary = f"<summary>{root}: {text.count(chr(10)) + 1} lines</summary>"
        yield f"<details>{summary}\n\n{fence}diff\n{text}\n{fence}\n\n</details>"


def _groups(texts: Iterable[str]) -> Iterator[list[str]]:
    group: list[str] = []
    size = 0
    for text in texts:
        if group and size + len(text) > _ROOM:
            yield group
            group, size = [], 0
        group.append(text)
        size += len(text)
    yield group
