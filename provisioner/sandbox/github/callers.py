"""Who is calling: tokens of Apps and people, and an App's own JWT.

Tokens are kept by their SHA-256 only; what is handed to the operator is kept apart (see operator.py).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from provisioner.sandbox.github.accounts import account_by_id
from provisioner.sandbox.github.apps import app_of_jwt, bot_account, installation
from provisioner.sandbox.github.errors import GithubError
from provisioner.sandbox.github.identifiers import moment_of, stamp
from provisioner.sandbox.http import Request
from provisioner.sandbox.store import Document, Transaction

_TOKENS = "github/tokens"
_JWT_PARTS = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity behind a request.

    ``kind`` is ``anonymous``, ``app`` (its own JWT), ``installation``, ``fine_grained`` or ``classic``. ``account`` is
    the person, or the App's bot. ``owner_id`` is the one account whose things the token reaches (0: not limited), and
    ``repositories`` the numbers of the only repositories it reaches (empty: all of the account).
    """

    kind: str
    account: Document = field(default_factory=dict)
    permissions: Mapping[str, str] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()
    owner_id: int = 0
    app: Document = field(default_factory=dict)
    installation_id: int = 0
    repositories: frozenset[int] = frozenset()

    @property
    def is_person(self) -> bool:
        """Tell whether a person's roles count."""
        return self.kind in {"classic", "fine_grained"}

    @property
    def rate_key(self) -> str:
        """Return the name under which the caller's requests are counted."""
        return f"{self.kind}/{self.installation_id or self.app.get('id') or self.account.get('id', 0)}"

    @property
    def name(self) -> str:
        """Return a name for logs."""
        return str(self.account.get("login") or self.app.get("slug") or "anonymous")


ANONYMOUS = Caller("anonymous")


def authenticate(tx: Transaction, request: Request, now: datetime) -> Caller:
    """Return the caller of a request; without credentials the anonymous one. Raises GithubError (401)."""
    token = presented_token(request)
    if token is None:
        return ANONYMOUS
    if token.count(".") == _JWT_PARTS - 1:
        return Caller("app", app=app_of_jwt(tx, token, now))
    return caller_of_token(tx, token, now)


def caller_of_token(tx: Transaction, token: str, now: datetime) -> Caller:
    """Return whom a token speaks for. Raises GithubError (401)."""
    record = tx.get(_TOKENS, _digest(token))
    if record is None or _expired(record, now):
        raise GithubError(401, "Bad credentials")
    if record["kind"] == "installation":
        return _installation_caller(tx, record)
    return Caller(
        record["kind"],
        account_by_id(tx, record["user_id"]),
        record.get("permissions", {}),
        frozenset(record.get("scopes", ())),
        record.get("owner_id", 0),
    )


def _expired(record: Document, now: datetime) -> bool:
    ends = record.get("expires_at")
    return ends is not None and moment_of(ends) <= now


def _installation_caller(tx: Transaction, record: Document) -> Caller:
    held = installation(tx, record["installation_id"])
    app, bot = bot_account(tx, held["app_id"])
    owner = 0 if record.get("every_installation") else held["account_id"]
    only = frozenset(record.get("repositories", ()))
    return Caller("installation", bot, record["permissions"], frozenset(), owner, app, held["id"], only)


def presented_token(request: Request) -> str | None:
    """Return the token of an Authorization header: Bearer, token, or the password of Basic."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if not value.strip():
        return None
    if scheme.lower() in {"bearer", "token"}:
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password if password and password != "x-oauth-basic" else name  # noqa: S105 - a fixed word of GitHub's


def issue_installation_token(  # noqa: PLR0913 - each argument is a limit GitHub knows
    tx: Transaction,
    installation_id: int,
    permissions: Mapping[str, str],
    expires: datetime | None = None,
    *,
    every_installation: bool = False,
    repository_ids: Iterable[int] = (),
) -> str:
    """Make a token of an App's installation.

    With ``every_installation`` it reaches each account that has the App; with ``repository_ids`` only those
    repositories.
    """
    record = {
        "kind": "installation",
        "installation_id": installation_id,
        "permissions": dict(permissions),
        "every_installation": every_installation,
        "repositories": [*repository_ids],
    }
    return _keep(tx, f"ghs_{secrets.token_hex(18)}", record, expires)


def issue_classic_token(tx: Transaction, user_id: int, scopes: Iterable[str]) -> str:
    """Make a person's classic token."""
    return _keep(tx, f"ghp_{secrets.token_hex(18)}", {"kind": "classic", "user_id": user_id, "scopes": [*scopes]}, None)


def issue_fine_grained_token(tx: Transaction, user_id: int, owner_id: int, permissions: Mapping[str, str]) -> str:
    """Make a person's fine-grained token for the things of one account."""
    record = {"kind": "fine_grained", "user_id": user_id, "owner_id": owner_id, "permissions": dict(permissions)}
    return _keep(tx, f"github_pat_{secrets.token_hex(11)}_{secrets.token_hex(29)}", record, None)


def revoke(tx: Transaction, token: str) -> None:
    """Forget a token."""
    tx.delete(_TOKENS, _digest(token))


def _keep(tx: Transaction, token: str, record: Document, expires: datetime | None) -> str:
    tx.put(_TOKENS, _digest(token), record | ({"expires_at": stamp(expires)} if expires else {}))
    return token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
