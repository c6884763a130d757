"""What kind of token GitHub gave us, and what it needs to be allowed.

Prefixes as in "GitHub's token formats" (docs.github.com, About authentication to GitHub).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Kind = Literal["installation", "user of an App", "fine-grained", "classic", "unknown"]

_KINDS: tuple[tuple[str, Kind], ...] = (
    ("ghs_", "installation"),
    ("ghu_", "user of an App"),
    ("github_pat_", "fine-grained"),
    ("ghp_", "classic"),
    ("gho_", "classic"),
)

# As an App's or fine-grained token's permissions are called in the API.
NEEDED: dict[str, str] = {
    "administration": "write",
    "actions": "write",
    "contents": "write",
    "workflows": "write",
    "environments": "write",
    "actions_variables": "write",
    "secrets": "write",
    "pull_requests": "write",
    "members": "read",
    "metadata": "read",
}
NEEDED_SCOPES = frozenset({"repo", "workflow", "read:org"})
_INCLUDES = {"read:org": {"admin:org", "write:org"}}
_LEVELS = ("none", "read", "write", "admin")


class Credential(Protocol):
    """How we are known to GitHub: a token that was given, or an App that makes its own."""

    @property
    def kind(self) -> Kind:
        """Return what kind of token it is."""
        ...

    @property
    def is_installation(self) -> bool:
        """Tell whether we act as an App."""
        ...

    @property
    def permissions(self) -> Mapping[str, str] | None:
        """Return what GitHub said of the token's permissions when it was made; None when it was not made by us."""
        ...

    @property
    def slug(self) -> str | None:
        """Return the App's name in addresses, None where a token was given and nobody said whose."""
        ...

    @property
    def secret(self) -> str:
        """Return a token that works now; it is never shown."""
        ...


@dataclass(frozen=True)
class Token:
    """The token itself is never shown. ``permissions`` is what GitHub said when it was minted, if it was by us."""

    secret: str = field(repr=False)
    permissions: Mapping[str, str] | None = None

    @property
    def kind(self) -> Kind:
        """Return the kind by the prefix."""
        return next((kind for prefix, kind in _KINDS if self.secret.startswith(prefix)), "unknown")

    @property
    def slug(self) -> None:
        """Say nothing: a token does not tell whose it is."""
        return

    @property
    def is_installation(self) -> bool:
        """Tell whether we act as an App."""
        return self.kind == "installation"


def lacking(permissions: Mapping[str, str]) -> list[str]:
    """Return the needed permissions that are not there, as ``name: level``."""
    return [
        f"{name}: {level}"
        for name, level in NEEDED.items()
        if _LEVELS.index(permissions.get(name, "none")) < _LEVELS.index(level)
    ]


def lacking_scopes(header: str) -> list[str]:
    """Return the needed scopes of a classic token that its ``X-OAuth-Scopes`` header does not list."""
    have = {scope.strip() for scope in header.split(",")}
    return sorted(scope for scope in NEEDED_SCOPES if scope not in have and not _INCLUDES.get(scope, set()) & have)
