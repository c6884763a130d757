"""The repository's numeric ids that go into the trust conditions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioner.errors import InvalidInput

PREVIEW_ID = "0"
_DIGITS = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class RepositoryIds:
    """GitHub's ids as strings of digits; ``preview`` marks the sentinel of a repository that does not exist yet."""

    repository_id: str
    owner_id: str
    preview: bool = False

    def __post_init__(self) -> None:
        """Refuse anything but digits: the ids stand inside trust conditions."""
        for name, value in (("repository", self.repository_id), ("owner", self.owner_id)):
            if not _DIGITS.fullmatch(value):
                raise InvalidInput(f"'{value}' is no {name} id", fix="give GitHub's number, digits only")

    @classmethod
    def of_preview(cls) -> RepositoryIds:
        """Return the ids to plan with before the repository exists; policy refuses them at apply."""
        return cls(PREVIEW_ID, PREVIEW_ID, preview=True)
