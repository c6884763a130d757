"""Our GitHub App on one organisation: its tokens are made when they are needed, and again before they expire.

The App proves who it is with a JWT that its private key signs (PyGithub's ``AppAuth``), looks its installation up and
asks for a token of an hour with the permissions that we need and not one more.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http import HTTPStatus
from typing import Any

from github import Auth

from provisioner.errors import InvalidInput, ProvisionError
from provisioner.repository.api import part
from provisioner.repository.errors import GitHubError
from provisioner.repository.tokens import NEEDED, Kind
from provisioner.repository.transport import Transport

APP_ID, APP_KEY, APP_KEY_FILE = (
    "PROVISION_ENV_GITHUB_APP_ID",
    "PROVISION_ENV_GITHUB_APP_PRIVATE_KEY",
    "PROVISION_ENV_GITHUB_APP_PRIVATE_KEY_FILE",
)
RENEWED_BEFORE = timedelta(minutes=5)
"""So long before its end a token is replaced: a push that starts now has to end with it."""

Connect = Callable[[Auth.Auth], Transport]


class AppRefused(ProvisionError):
    """The App cannot act for the organisation; what it says is for whoever set it up."""


@dataclass(frozen=True)
class AppKey:
    """An App's number (or client id) and its private key in PEM, which is never shown."""

    app_id: str
    private_key: str = field(repr=False)

    def auth(self) -> Auth.AppAuth:
        """Return what signs for the App. Raises InvalidInput for what is no RSA key."""
        found = Auth.AppAuth(self.app_id, self.private_key)
        try:
            found.create_jwt()
        except Exception as problem:  # the classes of PyJWT and cryptography differ by what is wrong with it
            raise InvalidInput(
                "the App's private key is no RSA key in PEM",
                fix="give the file that GitHub handed out under `Private keys` of the App's settings",
                where=APP_KEY,
            ) from problem
        return found


@dataclass(frozen=True)
class _Minted:
    secret: str
    ends: datetime
    permissions: Mapping[str, str]


class Application:
    """The App as the credential of a connection; safe to use from several threads.

    ``connect`` opens a transport for an authentication, ``now`` tells the time (UTC).
    """

    kind: Kind = "installation"
    is_installation = True

    def __init__(
        self, key: AppKey, owner: str, connect: Connect, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Keep the parts; nothing is asked yet."""
        self._key = key
        self._owner = owner
        self._connect = connect
        self._now = now
        self._lock = threading.Lock()
        self._minted: _Minted | None = None

    @property
    def secret(self) -> str:
        """Return a token that is good for some minutes at least. Raises AppRefused."""
        return self._current().secret

    @property
    def permissions(self) -> Mapping[str, str]:
        """Return what the token may do, as GitHub said when it was made. Raises AppRefused."""
        return self._current().permissions

    @property
    def slug(self) -> str:
        """Return the name of the App in addresses, which is what a ruleset's bypass goes by. Raises AppRefused."""
        with self._lock:
            return str(self._installation["app_slug"])

    def _current(self) -> _Minted:
        with self._lock:
            if self._minted is None or self._now() >= self._minted.ends - RENEWED_BEFORE:
                self._minted = self._mint()
            return self._minted

    def _mint(self) -> _Minted:
        held = self._installation
        if held.get("suspended_at"):
            raise self._refused("its installation is suspended", "have an owner of the organisation unsuspend it")
        granted = held["permissions"]
        wanted = {name: min(level, granted[name], key=_rank) for name, level in NEEDED.items() if name in granted}
        made = self._asked("POST", f"/app/installations/{held['id']}/access_tokens", {"permissions": wanted})
        return _Minted(made["token"], datetime.fromisoformat(made["expires_at"]), made["permissions"])

    @cached_property
    def _installation(self) -> dict[str, Any]:
        found: dict[str, Any] = self._asked("GET", f"/orgs/{part(self._owner)}/installation", None)
        return found

    @cached_property
    def _transport(self) -> Transport:
        return self._connect(self._key.auth())

    def _asked(self, method: str, path: str, body: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
        try:
            return self._transport.send(method, path, {}, body).document
        except GitHubError as problem:
            raise self._explained(problem) from problem

    def _explained(self, problem: GitHubError) -> ProvisionError:
        if problem.status == HTTPStatus.NOT_FOUND:
            return self._refused(
                f"it is not installed on {self._owner}", "have an owner of the organisation install it there"
            )
        if problem.status == HTTPStatus.UNAUTHORIZED:
            return self._refused(
                f"GitHub does not take its key: {problem.message}",
                f"check that {APP_ID} and the private key are of the same App, and this machine's clock",
            )
        return problem

    def _refused(self, reason: str, fix: str) -> AppRefused:
        return AppRefused(f"the GitHub App {self._key.app_id} cannot act: {reason}", fix=fix, where=APP_ID)


def _rank(level: str) -> int:
    return ("read", "write", "admin").index(level)
