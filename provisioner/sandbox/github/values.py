"""Actions variables and secrets as stored, per scope: a repository, one of its environments, an organisation.

https://docs.github.com/actions/reference/workflows-and-actions/variables#naming-conventions-for-configuration-variables
"""

from __future__ import annotations

import re

from provisioner.sandbox.github.errors import not_found, unprocessable
from provisioner.sandbox.store import Document, Transaction

VARIABLES, SECRETS = "github/variables", "github/secrets"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LARGEST = 48 * 1024  # bytes of one value
_WORD = {VARIABLES: "Variable", SECRETS: "Secret"}


def repository_scope(repository: Document) -> str:
    """Return the scope of a repository's own values."""
    return f"{repository['id']}/repository"


def environment_scope(environment: Document) -> str:
    """Return the scope of an environment's values."""
    return f"{environment['repo_id']}/environment/{environment['id']}"


def organization_scope(org: Document) -> str:
    """Return the scope of an organisation's values."""
    return f"organization/{org['id']}"


def listed(tx: Transaction, collection: str, scope: str) -> list[Document]:
    """Return the values of a scope by name."""
    return [document for _, document in tx.scan(collection, f"{scope}/")]


def find(tx: Transaction, collection: str, scope: str, name: str) -> Document | None:
    """Look a value up; names are kept in upper case."""
    return tx.get(collection, f"{scope}/{name.upper()}")


def get(tx: Transaction, collection: str, scope: str, name: str) -> Document:
    """Return a value. Raises GithubError (404)."""
    document = find(tx, collection, scope, name)
    if document is None:
        raise not_found()
    return document


def put(tx: Transaction, collection: str, scope: str, document: Document) -> None:
    """Write a value."""
    tx.put(collection, f"{scope}/{document['name']}", document)


def delete(tx: Transaction, collection: str, scope: str, name: str) -> None:
    """Remove a value. Raises GithubError (404)."""
    if not tx.delete(collection, f"{scope}/{name.upper()}"):
        raise not_found()


def forget(tx: Transaction, scope: str) -> None:
    """Remove everything of a scope."""
    for collection in (VARIABLES, SECRETS):
        for key, _ in list(tx.scan(collection, f"{scope}/")):
            tx.delete(collection, key)


def check_name(collection: str, name: str) -> str:
    """Return a name in upper case. Raises GithubError (422) when GitHub does not allow it."""
    word = _WORD[collection]
    if name.upper().startswith("GITHUB_"):
        raise unprocessable(f"{word} names must not start with GITHUB_")
    if not _NAME.fullmatch(name):
        raise unprocessable(
            f"{word} names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). "
            "Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
        )
    return name.upper()


def check_room(tx: Transaction, collection: str, scope: str, most: int) -> None:
    """Check that a scope can have one more value. Raises GithubError (422)."""
    if len(listed(tx, collection, scope)) >= most:
        raise unprocessable(f"Maximum number of {_WORD[collection].lower()}s ({most}) reached")
