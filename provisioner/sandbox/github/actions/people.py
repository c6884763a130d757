"""Tokens of people, for whoever plays a reviewer in the sandbox."""

from __future__ import annotations

from provisioner.errors import InvalidInput
from provisioner.sandbox.github.accounts import USER, find_account
from provisioner.sandbox.github.callers import issue_classic_token
from provisioner.sandbox.store import Transaction

_SCOPES = ("repo", "workflow", "read:org")


def token_of(tx: Transaction, login: str) -> str:
    """Make a classic token of a user. Raises InvalidInput for a login that is nobody's."""
    account = find_account(tx, login)
    if account is None or account["type"] != USER:
        raise InvalidInput(f"{login} is no user of the sandbox's GitHub", fix="name one that was seeded")
    return issue_classic_token(tx, account["id"], _SCOPES)
