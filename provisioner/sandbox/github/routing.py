"""Routes: a method, a path template, what a caller needs, who handles it, where GitHub documents it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from provisioner.sandbox.github.call import Handler


@dataclass(frozen=True, slots=True)
class Needs:
    """What a caller must have.

    ``permission`` and ``level`` count for Apps and fine-grained tokens, ``scopes`` (one of them) for classic tokens,
    ``role`` is the least role of a person in the repository. ``who`` restricts the kind of caller:
    ``anyone``, ``known`` (with credentials), ``app`` (an App's own JWT), ``installation``.
    """

    permission: str = "metadata"
    level: str = "read"
    scopes: tuple[str, ...] = ()
    role: str = "read"
    who: str = "known"

    @property
    def accepted(self) -> str:
        """Return the value of X-Accepted-GitHub-Permissions."""
        return f"{self.permission}={self.level}" if self.permission else "allows_permissionless_access=true"


@dataclass(frozen=True, slots=True)
class Route:
    """One entry of the table. ``template`` has ``{name}`` for a part and ``{name+}`` for a rest with slashes."""

    method: str
    template: str
    needs: Needs
    handler: Handler
    docs: str
    pattern: re.Pattern[str]

    def parameters(self, path: str) -> dict[str, str] | None:
        """Return the decoded parts of a raw path, None when it is not this one."""
        match = self.pattern.fullmatch(path)
        return {name: unquote(value) for name, value in match.groupdict().items()} if match else None

    @property
    def openapi_template(self) -> str:
        """Return the template as GitHub's OpenAPI description writes it."""
        return self.template.replace("+}", "}")


def route(method: str, template: str, needs: Needs, handler: Handler, docs: str = "") -> Route:
    """Build a route; ``docs`` is the page under docs.github.com/rest."""
    parts = re.split(r"(\{\w+\+?\})", template)
    pattern = re.compile("".join(_pattern(part) for part in parts))
    return Route(method, template, needs, handler, docs, pattern)


def repo_read(permission: str = "metadata", role: str = "read") -> Needs:
    """Return what reading something of a repository needs; public ones are open to anyone with metadata or contents."""
    who = "anyone" if permission in {"metadata", "contents", "actions", "issues", "pull_requests"} else "known"
    return Needs(permission, "read", ("repo", "public_repo"), role, who if role == "read" else "known")


def repo_write(permission: str, role: str = "write", *scopes: str) -> Needs:
    """Return what changing something of a repository needs."""
    return Needs(permission, "write", scopes or ("repo", "public_repo"), role)


def org_read(permission: str = "members") -> Needs:
    """Return what reading something of an organisation needs."""
    return Needs(permission, "read", ("read:org", "write:org", "admin:org", "repo"))


def org_write(permission: str, *scopes: str) -> Needs:
    """Return what changing something of an organisation needs."""
    return Needs(permission, "write", scopes or ("admin:org",), "admin")


ANYONE = Needs(permission="", who="anyone")
KNOWN = Needs(permission="")
APP = Needs(permission="", who="app")
INSTALLATION = Needs(who="installation")


def _pattern(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    if part.endswith("+}"):
        return f"(?P<{part[1:-2]}>.+)"
    return f"(?P<{part[1:-1]}>[^/]+)"
