"""Users and organisations: stored documents, look-up by login or number, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from provisioner.sandbox.github.errors import not_found
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.github.urls import Urls
from provisioner.sandbox.store import Document, Transaction

ACCOUNTS = "github/accounts"
_LOGINS = "github/logins"
MEMBERS = "github/members"
USER, ORGANIZATION = "User", "Organization"
# Alphanumerics and single hyphens, not at an end, 39 characters; a trailing [bot] belongs to an App's own account.
_LOGIN = re.compile(r"(?!.*--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?(?:\[bot\])?")


def create_account(tx: Transaction, login: str, kind: str, stamp: str, **more: object) -> Document:
    """Make a user or organisation. Raises ValueError for a login GitHub would not allow."""
    if not _LOGIN.fullmatch(login):
        raise ValueError(f"{login!r} is no GitHub login: letters, digits and single hyphens, at most 39")
    number = next_id(tx, "account")
    account = {"id": number, "login": login, "type": kind, "created_at": stamp, "updated_at": stamp, **more}
    put_account(tx, account)
    tx.put(_LOGINS, login.lower(), {"id": number})
    return account


def put_account(tx: Transaction, account: Document) -> None:
    """Write an account back."""
    tx.put(ACCOUNTS, str(account["id"]), account)


def find_account(tx: Transaction, login: str) -> Document | None:
    """Look an account up by its login, in any case of letters."""
    entry = tx.get(_LOGINS, login.lower())
    return tx.get(ACCOUNTS, str(entry["id"])) if entry else None


def account_by_id(tx: Transaction, number: int) -> Document:
    """Return an account that must exist. Raises GithubError (404)."""
    account = tx.get(ACCOUNTS, str(number))
    if account is None:
        raise not_found()
    return account


def user(tx: Transaction, login: str) -> Document:
    """Return a user by login. Raises GithubError (404)."""
    account = find_account(tx, login)
    if account is None or account["type"] == ORGANIZATION:
        raise not_found()
    return account


def organization(tx: Transaction, login: str) -> Document:
    """Return an organisation by login. Raises GithubError (404)."""
    account = find_account(tx, login)
    if account is None or account["type"] != ORGANIZATION:
        raise not_found()
    return account


def set_member(tx: Transaction, org_id: int, user_id: int, role: str = "member") -> None:
    """Make a user a member or an ``admin`` (owner) of an organisation."""
    tx.put(MEMBERS, f"{org_id}/{user_id}", {"role": role})


def membership(tx: Transaction, org_id: int, user_id: int) -> str:
    """Return ``admin``, ``member``, or nothing."""
    entry = tx.get(MEMBERS, f"{org_id}/{user_id}")
    return str(entry["role"]) if entry else ""


def members(tx: Transaction, org_id: int) -> Iterator[tuple[Document, str]]:
    """Yield the members of an organisation with their role."""
    for key, entry in list(tx.scan(MEMBERS, f"{org_id}/")):
        yield account_by_id(tx, int(key.partition("/")[2])), entry["role"]


def account_node_id(account: Document) -> str:
    """Return an account's global id."""
    prefix = {USER: "U", ORGANIZATION: "O"}.get(account["type"], "BOT")
    return node_id(prefix, account["id"])


def simple(urls: Urls, account: Document) -> dict[str, Any]:
    """Show an account the short way, as it appears inside other documents (organisations too)."""
    login = account["login"]
    own = urls.api("users", login)
    return {
        "login": login,
        "id": account["id"],
        "node_id": account_node_id(account),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{account['id']}?v=4",
        "gravatar_id": "",
        "url": own,
        "html_url": urls.web(login),
        "followers_url": f"{own}/followers",
        "following_url": f"{own}/following{{/other_user}}",
        "gists_url": f"{own}/gists{{/gist_id}}",
        "starred_url": f"{own}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{own}/subscriptions",
        "organizations_url": f"{own}/orgs",
        "repos_url": f"{own}/repos",
        "events_url": f"{own}/events{{/privacy}}",
        "received_events_url": f"{own}/received_events",
        "type": account["type"],
        "site_admin": False,
        "user_view_type": "public",
    }


def public(urls: Urls, account: Document) -> dict[str, Any]:
    """Show an account as ``GET /users/{login}`` does."""
    empty = dict.fromkeys(("company", "location", "email", "hireable", "bio", "twitter_username"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    times = {name: account[name] for name in ("created_at", "updated_at")}
    return {**simple(urls, account), "name": account.get("name"), "blog": "", **empty, **counts, **times}
