"""Tokens of the people and the App of a ``Hub``."""

from __future__ import annotations

from provisioner.sandbox.github import apps, callers
from provisioner.sandbox.github.accounts import find_account
from tests.sandbox.github.hub import Hub


def person(hub: Hub, login: str, *scopes: str) -> str:
    """Make a classic token of a user."""
    account = hub.write(lambda tx: find_account(tx, login))
    return str(hub.write(lambda tx: callers.issue_classic_token(tx, account["id"], scopes or ("repo",))))


def app(hub: Hub, **permissions: str) -> str:
    """Make an installation token of the App with these permissions only."""
    held = hub.write(lambda tx: apps.account_has_app(tx, app_number(hub), "acme"))
    return str(hub.write(lambda tx: callers.issue_installation_token(tx, held["id"], permissions)))


def app_number(hub: Hub) -> int:
    """Return the App's number."""
    return int(hub.write(lambda tx: apps.find_app(tx, "provision-env"))["id"])
