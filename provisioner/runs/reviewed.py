"""Changes that were reviewed elsewhere: a job planned and published them, people agreed, another job plans again.

A plan file never travels between machines; what travels is redacted. Only a plan that does the same is applied.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.errors import InvalidInput, NeedsApproval
from provisioner.render import PREVIEW_ID
from provisioner.runs.approval import ApprovalRequest
from provisioner.runs.progress import counted
from provisioner.terraform.changes import ChangeSet
from provisioner.terraform.document import mapping, text

_SCHEMA = 1
_SHOWN = 10
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What every root of a team was going to change. ``preview``: planned before the repository had its number."""

    team: str
    preview: bool
    roots: Mapping[str, ChangeSet]

    @classmethod
    def read(cls, path: Path) -> Reviewed:
        """Read what ``write`` wrote. Raises InvalidInput for anything else."""
        fix = "give the file that `provision-env plan --out-changes` of this version wrote"
        try:
            with path.open("rb") as file:
                document = json.loads(file.read(_LARGEST))
        except OSError as error:
            raise InvalidInput(f"it cannot be read: {error.strerror}", fix=fix, where=str(path)) from None
        except (ValueError, RecursionError):
            raise InvalidInput("this is no JSON, or too much of it", fix=fix, where=str(path)) from None
        if not isinstance(document, dict) or document.get("schema") != _SCHEMA:
            raise InvalidInput("this is no set of reviewed changes", fix=fix, where=str(path))
        roots = mapping(document.get("roots"), what="roots")
        return cls(
            text(document.get("team"), what="team"),
            document.get("preview") is True,
            {str(root): ChangeSet.from_json(changes) for root, changes in roots.items()},
        )

    def write(self, path: Path) -> None:
        """Write it as JSON. It holds no secret: the changes are redacted. Raises InvalidInput when it cannot."""
        content = json.dumps(self.document(), indent=1, sort_keys=True, ensure_ascii=False)
        try:
            path.write_text(content, encoding="utf-8")
        except OSError as error:
            raise InvalidInput(
                f"cannot be written: {error.strerror}", fix="name another file", where=str(path)
            ) from None

    def document(self) -> dict[str, Any]:
        """Return the JSON shape."""
        roots = {root: changes.as_json() for root, changes in self.roots.items()}
        return {"schema": _SCHEMA, "team": self.team, "preview": self.preview, "roots": roots}

    def differences(self, root: str, changes: ChangeSet, ids: tuple[str, ...]) -> tuple[str, ...]:
        """Return what a plan of a root does otherwise than was reviewed: addresses with their root.

        ``ids`` are the numbers of the repository and its owner; a preview holds a stand-in in their place.
        """
        if root not in self.roots:
            return (f"{root}: was not reviewed",)
        exchanged = changes.replacing(dict.fromkeys(ids, PREVIEW_ID)) if self.preview else changes
        return tuple(f"{root}: {address}" for address in self.roots[root].differences(exchanged))


def require_as_reviewed(found: Sequence[str]) -> None:
    """Raise NeedsApproval when there are ``differences``, with their addresses."""
    if not found:
        return
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise NeedsApproval(
        f"{counted(len(found), 'change')} not as reviewed: {', '.join(found[:_SHOWN])}{more}",
        fix="plan again, have those changes reviewed, then apply them",
    )


@dataclass(frozen=True, slots=True)
class ReviewedApprover:
    """Agrees to exactly what was reviewed, and to nothing else. ``user`` is who applies."""

    reviewed: Reviewed
    user: str

    def __call__(self, request: ApprovalRequest) -> str:
        """Return who agreed; raises NeedsApproval with every address that is not as it was reviewed."""
        sets = request.sets()
        found = [
            each
            for change in request.changes
            for each in self.reviewed.differences(change.root, sets[change.root], request.ids)
        ]
        if self.reviewed.team != request.team:
            found = [f"the changes are those of {self.reviewed.team}"]
        require_as_reviewed(found)
        return f"the reviewers of these changes (applied by {self.user})"
