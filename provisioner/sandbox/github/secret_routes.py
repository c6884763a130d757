"""Actions secrets over REST: sealed by the client for a public key, opened here once to check, never shown.

https://docs.github.com/rest/guides/encrypting-secrets-for-the-rest-api
"""

from __future__ import annotations

import base64
import binascii
from functools import partial
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from provisioner.sandbox.github import environments, values
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import unprocessable
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.github.routing import Route, repo_read, repo_write, route
from provisioner.sandbox.github.shapes import text
from provisioner.sandbox.github.values import SECRETS
from provisioner.sandbox.github.variable_routes import Scope
from provisioner.sandbox.store import Document

_KEYS = "github/sealing_keys"
_PUT = {"encrypted_value": text(required=True), "key_id": text(required=True)}


def _repository(call: Call) -> str:
    return values.repository_scope(call.repository)


def _environment(call: Call) -> str:
    found = environments.get(call.tx, call.repository["id"], call.parameters["environment_name"])
    return values.environment_scope(found)


def _key(call: Call) -> tuple[str, PrivateKey]:
    kept = call.tx.get(_KEYS, str(call.repository["id"]))
    if kept is None:
        kept = {"key_id": str(next_id(call.tx, "key")), "private": PrivateKey.generate().encode().hex()}
        call.tx.put(_KEYS, str(call.repository["id"]), kept)
    return kept["key_id"], PrivateKey(bytes.fromhex(kept["private"]))


def _public_key(scope: Scope, call: Call) -> Answer:
    scope(call)
    number, private = _key(call)
    return Answer({"key_id": number, "key": base64.b64encode(private.public_key.encode()).decode()})


def _list(scope: Scope, call: Call) -> Listing:
    return Listing(values.listed(call.tx, SECRETS, scope(call)), _show, "secrets")


def _get(scope: Scope, call: Call) -> Answer:
    return Answer(_show(values.get(call.tx, SECRETS, scope(call), call.parameters["secret_name"])))


def _put(scope: Scope, call: Call) -> Answer:
    wanted, place = call.body(_PUT), scope(call)
    name = values.check_name(SECRETS, call.parameters["secret_name"])
    _open(call, wanted)
    existing = values.find(call.tx, SECRETS, place, name)
    if existing is None:
        values.check_room(call.tx, SECRETS, place, 100)
    created = existing["created_at"] if existing else call.stamp
    document = {"name": name, "sealed": wanted["encrypted_value"], "created_at": created, "updated_at": call.stamp}
    values.put(call.tx, SECRETS, place, document)
    return NO_CONTENT if existing else Answer({}, 201)


def _open(call: Call, wanted: dict[str, Any]) -> None:
    number, private = _key(call)
    if wanted["key_id"] != number:
        raise unprocessable("Bad request - The key_id is not the current one; get the public key again")
    try:
        plain = SealedBox(private).decrypt(base64.b64decode(wanted["encrypted_value"], validate=True))
    except (CryptoError, binascii.Error, ValueError):
        raise unprocessable("Bad request - the encrypted value is not sealed for this key") from None
    if len(plain) > values.LARGEST:
        raise unprocessable("Secret value is too large. Maximum size is 48 KB")


def _delete(scope: Scope, call: Call) -> Answer:
    values.delete(call.tx, SECRETS, scope(call), call.parameters["secret_name"])
    return NO_CONTENT


def _show(document: Document) -> dict[str, str]:
    return {name: document[name] for name in ("name", "created_at", "updated_at")}


def _family(path: str, scope: Scope, permission: str) -> tuple[Route, ...]:
    read, write = repo_read(permission, "write"), repo_write(permission)
    one, docs = f"{path}/{{secret_name}}", "actions/secrets"
    return (
        route("GET", path, read, partial(_list, scope), docs),
        route("GET", f"{path}/public-key", read, partial(_public_key, scope), docs),
        route("GET", one, read, partial(_get, scope), docs),
        route("PUT", one, write, partial(_put, scope), docs),
        route("DELETE", one, write, partial(_delete, scope), docs),
    )


_REPO = "/repos/{owner}/{repo}"
ROUTES = (
    *_family(f"{_REPO}/actions/secrets", _repository, "secrets"),
    *_family(f"{_REPO}/environments/{{environment_name}}/secrets", _environment, "environments"),
)
