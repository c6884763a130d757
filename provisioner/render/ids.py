"""The repository's numeric ids that go into the trust conditions."""

from __future__ import annotations

from dataclasses import dataclass

PREVIEW_ID = "0"


@dataclass(frozen=True, slots=True)
class RepositoryIds:
    """GitHub's ids as strings of digits; ``preview`` marks the sentinel of a repository that does not exist yet."""

    repository_id: str
    owner_id: str
    preview: bool = False

    @classmethod
    def of_preview(cls) -> RepositoryIds:
        """Return the ids to plan with before the repository exists; policy refuses them at apply."""
        return cls(PREVIEW_ID, PREVIEW_ID, preview=True)
