"""SSH keys with which people sign commits.

https://docs.github.com/rest/users/ssh-signing-keys
"""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.github.access import refusal
from provisioner.sandbox.github.accounts import user
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import not_found
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.github.routing import ANYONE, Needs, route
from provisioner.sandbox.github.shapes import TEXT, text
from provisioner.sandbox.github.signatures import SIGNING_KEYS
from provisioner.sandbox.github.ssh_keys import read_key
from provisioner.sandbox.store import Document

_KEY = {"title": TEXT, "key": text(required=True)}


def _of(call: Call, number: int) -> list[Document]:
    return [row for _, row in call.tx.scan(SIGNING_KEYS, f"{number}/")]


def _person(call: Call) -> int:
    if not call.caller.is_person:
        raise refusal(call.caller)
    return int(call.caller.account["id"])


def _show(row: Document) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "key", "title", "created_at")}


def list_own(call: Call) -> Listing:
    """List the keys of the person calling."""
    return Listing(_of(call, _person(call)), _show)


def list_of_user(call: Call) -> Listing:
    """List somebody's keys."""
    return Listing(_of(call, user(call.tx, call.parameters["username"])["id"]), _show)


def create(call: Call) -> Answer:
    """Add a key; ed25519 keys are the ones whose signatures the sandbox verifies."""
    wanted, person = call.body(_KEY), _person(call)
    key = read_key("SshSigningKey", wanted["key"], (row["key"] for _, row in call.tx.scan(SIGNING_KEYS)))
    row = {
        "id": next_id(call.tx, "key"),
        "key": key,
        "title": wanted.get("title", ""),
        "created_at": call.stamp,
    }
    call.tx.put(SIGNING_KEYS, f"{person}/{row['id']:016}", row)
    return Answer(_show(row), 201)


def _key(call: Call) -> Document:
    number = call.parameters["ssh_signing_key_id"].zfill(16)
    found = call.tx.get(SIGNING_KEYS, f"{_person(call)}/{number}")
    if found is None:
        raise not_found()
    return found


def get(call: Call) -> Answer:
    """Show a key."""
    return Answer(_show(_key(call)))


def delete(call: Call) -> Answer:
    """Remove a key: commits signed with it are verified no longer."""
    call.tx.delete(SIGNING_KEYS, f"{_person(call)}/{_key(call)['id']:016}")
    return NO_CONTENT


_OWN = "/user/ssh_signing_keys"
_READ = Needs("git_ssh_keys", "read", ("read:ssh_signing_key", "write:ssh_signing_key", "admin:ssh_signing_key"))
_WRITE = Needs("git_ssh_keys", "write", ("write:ssh_signing_key", "admin:ssh_signing_key"))
_DOCS = "users/ssh-signing-keys"
ROUTES = (
    route("GET", _OWN, _READ, list_own, _DOCS),
    route("POST", _OWN, _WRITE, create, _DOCS),
    route("GET", f"{_OWN}/{{ssh_signing_key_id}}", _READ, get, _DOCS),
    route("DELETE", f"{_OWN}/{{ssh_signing_key_id}}", _WRITE, delete, _DOCS),
    route("GET", "/users/{username}/ssh_signing_keys", ANYONE, list_of_user, _DOCS),
)
