"""GitHub Apps: the App, its bot account, its installations, and the JWT it signs for itself.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from provisioner.sandbox.github.accounts import account_by_id, create_account, find_account, simple
from provisioner.sandbox.github.errors import GithubError, not_found
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.github.urls import Urls
from provisioner.sandbox.store import Document, Transaction

_APPS = "github/apps"
_INSTALLATIONS = "github/installations"
_LONGEST_JWT = 600  # seconds from now to exp
_SKEW = 60


def create_app(tx: Transaction, slug: str, owner_id: int, permissions: Mapping[str, str], stamp: str) -> Document:
    """Register an App with a key of its own; its private key is read with ``app_private_key``."""
    number = next_id(tx, "app")
    bot = create_account(tx, f"{slug}[bot]", "Bot", stamp)
    app = {
        "id": number,
        "slug": slug,
        "name": slug,
        "client_id": f"Iv23li{number:014x}",
        "owner_id": owner_id,
        "bot_id": bot["id"],
        "permissions": dict(permissions),
        "created_at": stamp,
        "updated_at": stamp,
    }
    put_app(tx, app)
    return app


def put_app(tx: Transaction, app: Document) -> None:
    """Write an App back."""
    tx.put(_APPS, str(app["id"]), app)


def app_private_key(tx: Transaction, app_id: int) -> bytes:
    """Return the PEM an App's owner downloads; the key is made when it is first asked for."""
    pem = tx.get_blob(f"github/app-key/{app_id}")
    if pem is None:
        pem = RSAKey.generate_key(2048).as_pem(private=True)
        tx.put_blob(f"github/app-key/{app_id}", pem)
    return pem


def find_app(tx: Transaction, slug: str) -> Document | None:
    """Look an App up by its slug."""
    return next((app for _, app in tx.scan(_APPS) if app["slug"] == slug), None)


def app_by_id(tx: Transaction, number: int) -> Document | None:
    """Look an App up by its number."""
    return tx.get(_APPS, str(number))


def bot_account(tx: Transaction, app_id: int) -> tuple[Document, Document]:
    """Return an App and the account it acts as. Raises GithubError."""
    app = tx.get(_APPS, str(app_id))
    if app is None:
        raise GithubError(401, "Bad credentials")
    return app, account_by_id(tx, app["bot_id"])


def install(tx: Transaction, app: Document, account_id: int, stamp: str) -> Document:
    """Install an App on an account (once), for all its repositories."""
    existing = find_installation(tx, app["id"], account_id)
    if existing:
        return existing
    number = next_id(tx, "installation")
    document = {"id": number, "app_id": app["id"], "account_id": account_id, "created_at": stamp, "updated_at": stamp}
    put_installation(tx, document)
    return document


def put_installation(tx: Transaction, document: Document) -> None:
    """Write an installation back."""
    tx.put(_INSTALLATIONS, str(document["id"]), document)


def installation(tx: Transaction, number: int | str) -> Document:
    """Return an installation by number. Raises GithubError (404)."""
    document = tx.get(_INSTALLATIONS, str(number))
    if document is None:
        raise not_found()
    return document


def find_installation(tx: Transaction, app_id: int, account_id: int) -> Document | None:
    """Look up the installation of an App on an account."""
    return next((held for held in installations_on(tx, account_id) if held["app_id"] == app_id), None)


def installations_on(tx: Transaction, account_id: int) -> list[Document]:
    """Return every App's installation on an account."""
    return [held for _, held in tx.scan(_INSTALLATIONS) if held["account_id"] == account_id]


def installations_of(tx: Transaction, app_id: int) -> list[Document]:
    """Return where an App is installed (on an account, that is)."""
    return [held for _, held in tx.scan(_INSTALLATIONS) if held["app_id"] == app_id and held["account_id"]]


def app_of_jwt(tx: Transaction, token: str, now: datetime) -> Document:
    """Verify an App's own JWT (RS256, ten minutes at most). Raises GithubError (401) in GitHub's words."""
    for _, app in list(tx.scan(_APPS)):
        try:
            key = RSAKey.import_key(app_private_key(tx, app["id"]))
            claims = jwt.decode(token, key, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            continue
        if str(claims.get("iss")) in {str(app["id"]), app["client_id"]}:
            _check_times(claims, now.timestamp())
            return app
    raise GithubError(401, "A JSON web token could not be decoded")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    issued, ends = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > now + _SKEW:
        raise GithubError(
            401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )
    if not isinstance(ends, int) or ends <= now:
        raise GithubError(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
            "assertion expires",
        )
    if ends > now + _LONGEST_JWT + _SKEW:
        raise GithubError(401, "'Expiration time' claim ('exp') is too far in the future")


def show_app(tx: Transaction, urls: Urls, app: Document) -> dict[str, Any]:
    """Show an App as ``GET /app`` does."""
    return {
        **{name: app[name] for name in ("id", "slug", "client_id", "name", "created_at", "updated_at", "permissions")},
        "node_id": node_id("A", app["id"]),
        "owner": simple(urls, account_by_id(tx, app["owner_id"])),
        "description": "Sets up model platforms.",
        "external_url": urls.web("apps", app["slug"]),
        "html_url": urls.web("apps", app["slug"]),
        "events": [],
        "installations_count": len(installations_of(tx, app["id"])),
    }


def show_installation(tx: Transaction, urls: Urls, held: Document) -> dict[str, Any]:
    """Show an installation with the permissions the account's owner agreed to."""
    app, _ = bot_account(tx, held["app_id"])
    account = account_by_id(tx, held["account_id"])
    own = urls.api("app/installations", held["id"])
    return {
        "id": held["id"],
        "client_id": app["client_id"],
        "account": simple(urls, account),
        "repository_selection": "all",
        "access_tokens_url": f"{own}/access_tokens",
        "repositories_url": urls.api("installation/repositories"),
        "html_url": urls.web("organizations", account["login"], "settings/installations", held["id"]),
        "app_id": app["id"],
        "app_slug": app["slug"],
        "target_id": account["id"],
        "target_type": account["type"],
        "permissions": app["permissions"],
        "events": [],
        "created_at": held["created_at"],
        "updated_at": held["updated_at"],
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": None,
    }


def account_has_app(tx: Transaction, app_id: int, login: str) -> Document | None:
    """Return the installation of an App on the account of this login."""
    account = find_account(tx, login)
    return find_installation(tx, app_id, account["id"]) if account else None
