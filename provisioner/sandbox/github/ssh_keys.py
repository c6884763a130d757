"""Public SSH keys as people paste them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from provisioner.sandbox.github.errors import invalid

_KINDS = ("ssh-", "ecdsa-", "sk-")


def read_key(resource: str, pasted: str, held: Iterable[str]) -> str:
    """Return kind and data of a key without its comment.

    ``held`` are keys in that form which exist. Raises GithubError (422, on ``resource``) for what is no OpenSSH public
    key, and for one of ``held``.
    """
    kind, _, rest = pasted.strip().partition(" ")
    data = rest.split()[0] if rest.split() else ""
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        data = ""
    if not data or not kind.startswith(_KINDS):
        message = "key is invalid. You must supply a key in OpenSSH public key format"
        raise invalid(resource, "key", "custom", message)
    if any(key.split()[1] == data for key in held):
        raise invalid(resource, "key", "custom", "key is already in use")
    return f"{kind} {data}"
