"""What the token may do, as far as that can be known without writing anything."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from provisioner.repository.api import gather, part
from provisioner.repository.errors import GitHubError
from provisioner.repository.setting import Target
from provisioner.repository.tokens import NEEDED, NEEDED_SCOPES, Credential, lacking, lacking_scopes
from provisioner.request.problems import Problem

_WHERE = "GITHUB_TOKEN"
# Reading these needs at least the permission's read level; writing cannot be tried without writing.
_PROBES = {
    "administration": "/rulesets",
    "actions": "/actions/permissions/workflow",
    "environments": "/environments",
    "actions_variables": "/actions/variables",
    "secrets": "/actions/secrets",
    "contents": "/branches",
    "pull_requests": "/pulls",
}
_REFUSED = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


class Permits:
    """The permissions of one token on one owner."""

    def __init__(self, target: Target, token: Credential) -> None:
        self._target = target
        self._token = token
        self._api = target.api

    def problems(self, found: dict[str, Any] | None) -> list[Problem]:
        """Return what is missing; ``found`` is the repository, None while it does not exist."""
        if self._token.kind == "classic":
            return self._classic()
        permissions = self._token.permissions or self._installation()
        if permissions is not None:
            return self._named(permissions)
        return self._probed(found)

    def _named(self, permissions: Mapping[str, str]) -> list[Problem]:
        missing, declared = lacking(permissions), self._target.team.platform.github.app_slug
        slug = self._token.slug or declared
        fix = f"add them to the App '{slug}' and accept the change"
        where = f"GitHub App '{slug}'" if self._token.slug else _WHERE
        rows = [Problem(where, f"the App's installation lacks {', '.join(missing)}", fix)] if missing else []
        if slug != declared:
            # The ruleset lets the App of this name pass: it has to be the one that we are.
            reason = f"'{declared}' is said to be our App, and we act as '{slug}'"
            rows.append(Problem("platform.yaml: github.app_slug", reason, f"write app_slug: {slug}"))
        return rows

    def _installation(self) -> Mapping[str, str] | None:
        """Return what the organisation lets our App do; where it may not be asked, what the App asks for at most."""
        if not self._token.is_installation:
            return None
        slug = self._target.team.platform.github.app_slug
        try:
            rows = self._api.pages(f"/orgs/{part(self._target.owner)}/installations", "installations")
        except GitHubError as problem:
            if problem.status not in _REFUSED:
                raise
            rows = []
        found = next((row for row in rows if row["app_slug"] == slug), None) or self._api.find(f"/apps/{part(slug)}")
        return None if found is None else found["permissions"]

    def _classic(self) -> list[Problem]:
        """Check the scopes, and say that another kind of token is better."""
        answer = self._api.answer(f"/users/{part(self._target.owner)}")
        missing = lacking_scopes(answer.headers.get("x-oauth-scopes", ""))
        advice = "use a GitHub App; a classic token reaches every repository of its owner"
        if missing:
            return [Problem(_WHERE, f"the classic token lacks the scopes {', '.join(missing)}", advice)]
        scopes = ", ".join(sorted(NEEDED_SCOPES))
        return [Problem(_WHERE, f"this is a classic token ({scopes})", advice, blocking=False)]

    def _probed(self, found: dict[str, Any] | None) -> list[Problem]:
        if found is None:
            return [_unproven(sorted(NEEDED))]
        refused = gather([partial(self._refused, probe) for probe in _PROBES.values()])
        missing = [name for name, no in zip(_PROBES, refused, strict=True) if no]
        rows = [Problem(_WHERE, f"the token lacks {name}: {NEEDED[name]}", "add the permission") for name in missing]
        return [*rows, _unproven(sorted(set(NEEDED) - set(missing) - {"metadata"}))]

    def _refused(self, probe: str) -> bool:
        try:
            self._api.get(f"{self._target.path}{probe}?per_page=1")
        except GitHubError as problem:
            if problem.status in _REFUSED:
                return True
            raise
        return False


def _unproven(permissions: list[str]) -> Problem:
    return Problem(
        _WHERE,
        f"these permissions cannot be proven without writing: {', '.join(permissions)}",
        "check them yourself, or use a GitHub App, whose permissions can be read",
        blocking=False,
    )
