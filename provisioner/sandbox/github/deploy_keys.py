"""SSH keys of one repository, which machines read or write it with.

The sandbox records them; it speaks no SSH. https://docs.github.com/rest/deploy-keys/deploy-keys
"""

from __future__ import annotations

from functools import partial
from typing import Any

from provisioner.sandbox.github import events, repositories
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.errors import not_found
from provisioner.sandbox.github.identifiers import next_id
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, TEXT, text
from provisioner.sandbox.github.ssh_keys import read_key
from provisioner.sandbox.store import Document

_KEYS = "github/deploy_keys"
_KEY = {"title": TEXT, "key": text(required=True), "read_only": FLAG}


def _place(call: Call, number: int | str) -> str:
    return f"{call.repository['id']}/{number:>016}"


def _show(call: Call, row: Document) -> dict[str, Any]:
    name = repositories.full_name(call.tx, call.repository)
    return {**row, "url": call.urls.api("repos", name, "keys", row["id"])}


def list_keys(call: Call) -> Listing:
    """List the keys."""
    return Listing([row for _, row in call.tx.scan(_KEYS, f"{call.repository['id']}/")], partial(_show, call))


def create(call: Call) -> Answer:
    """Add a key: one that is in use nowhere else."""
    wanted = call.body(_KEY)
    key = read_key("PublicKey", wanted["key"], (row["key"] for _, row in call.tx.scan(_KEYS)))
    row = {
        "id": next_id(call.tx, "deploy_key"),
        "key": key,
        "title": wanted.get("title") or "",
        "verified": True,
        "created_at": call.stamp,
        "read_only": wanted.get("read_only", False),
        "added_by": call.caller.account["login"],
        "last_used": None,
        "enabled": True,
    }
    call.tx.put(_KEYS, _place(call, row["id"]), row)
    events.publish(call, "deploy_key", lambda: {"key": _show(call, row)}, "created")
    return Answer(_show(call, row), 201)


def _held(call: Call) -> Document:
    found = call.tx.get(_KEYS, _place(call, call.parameters["key_id"]))
    if found is None:
        raise not_found()
    return found


def get(call: Call) -> Answer:
    """Show a key."""
    return Answer(_show(call, _held(call)))


def delete(call: Call) -> Answer:
    """Remove a key."""
    row = _held(call)
    call.tx.delete(_KEYS, _place(call, row["id"]))
    events.publish(call, "deploy_key", lambda: {"key": _show(call, row)}, "deleted")
    return NO_CONTENT


_ALL, _DOCS = "/repos/{owner}/{repo}/keys", "deploy-keys/deploy-keys"
_READ, _WRITE = repo_read("administration", "admin"), repo_write("administration", "admin")
ROUTES = (
    route("GET", _ALL, _READ, list_keys, _DOCS),
    route("POST", _ALL, _WRITE, create, _DOCS),
    route("GET", f"{_ALL}/{{key_id}}", _READ, get, _DOCS),
    route("DELETE", f"{_ALL}/{{key_id}}", _WRITE, delete, _DOCS),
)
