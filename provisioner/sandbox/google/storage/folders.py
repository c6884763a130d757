"""Folders of a bucket with a hierarchical namespace: real things that objects are in.

https://cloud.google.com/storage/docs/folders-overview.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.identity.policies import POLICIES
from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.storage import objects
from provisioner.sandbox.google.storage.buckets import hierarchical, policy_name
from provisioner.sandbox.google.storage.refusals import conflict, invalid
from provisioner.sandbox.google.wire import timestamp
from provisioner.sandbox.store import Document, Transaction

Json = dict[str, Any]
FOLDERS = "google/storage.folders"  # "<bucket>/<folder>/"
_LONGEST_NAME = 512


def check_hierarchical(holder: Document) -> None:
    """Raise ApiError unless a bucket has folders."""
    if not hierarchical(holder):
        raise invalid("The bucket does not support hierarchical namespace.")


def folder_name(name: object) -> str:
    """Return a valid folder name, which ends with a slash. Raises ApiError INVALID_ARGUMENT."""
    checked = objects.check_name(name)
    full = checked if checked.endswith("/") else f"{checked}/"
    if len(full.encode()) > _LONGEST_NAME or full.startswith("/") or "//" in full:
        raise invalid(f"Invalid folder name: {full}", location="name")
    return full


def find(tx: Transaction, bucket_name: str, name: str) -> Document:
    """Return a folder. Raises ApiError NOT_FOUND."""
    found = tx.get(FOLDERS, f"{bucket_name}/{name}")
    if found is None:
        raise ApiError("NOT_FOUND", "The folder does not exist.")
    return found


def make(call: Call, holder: Document, name: str, *, recursive: bool) -> Document:
    """Create a folder; its parent must be there unless ``recursive``. Raises ApiError."""
    key = f"{holder['name']}/{name}"
    if call.tx.get(FOLDERS, key) is not None:
        raise conflict("The folder already exists.")
    above = parents(name)
    if recursive:
        make_parents(call, holder, name)
    elif above and call.tx.get(FOLDERS, f"{holder['name']}/{above[-1]}") is None:
        raise ApiError("NOT_FOUND", f"The parent folder {above[-1]} does not exist.")
    return _put(call, holder["name"], name)


def make_parents(call: Call, holder: Document, name: str) -> None:
    """Create the folders that an object or folder lies in, where the bucket has folders."""
    if not hierarchical(holder):
        return
    for above in parents(name):
        if call.tx.get(FOLDERS, f"{holder['name']}/{above}") is None:
            _put(call, holder["name"], above)


def parents(name: str) -> list[str]:
    """Return the folders that an object or folder lies in, outmost first."""
    parts = name.rstrip("/").split("/")[:-1]
    return ["/".join(parts[: count + 1]) + "/" for count in range(len(parts))]


def below(tx: Transaction, bucket_name: str, name: str) -> Iterator[tuple[str, str, Document]]:
    """Yield (collection, key, document) of what is in a folder, at any depth, the folder itself left out."""
    start = f"{bucket_name}/{name}"
    for collection in (FOLDERS, objects.LIVE, objects.NONCURRENT, objects.MANAGED_FOLDERS):
        for key, document in tx.scan(collection, start):
            if not (collection == FOLDERS and key == start):
                yield collection, key, document


def rename(call: Call, bucket_name: str, source: str, target: str) -> Document:
    """Move a folder and everything in it, in one step; return the folder. Raises ApiError."""
    found = find(call.tx, bucket_name, source)
    if target.startswith(source):
        raise invalid("A folder cannot be renamed into itself.")
    if call.tx.get(FOLDERS, f"{bucket_name}/{target}") is not None:
        raise conflict("The destination folder already exists.")
    above = parents(target)
    if above and call.tx.get(FOLDERS, f"{bucket_name}/{above[-1]}") is None:
        raise ApiError("NOT_FOUND", f"The parent folder {above[-1]} does not exist.")
    for collection, key, document in list(below(call.tx, bucket_name, source)):
        call.tx.delete(collection, key)
        name = target + document["name"][len(source) :]
        moved = _renamed(document, bucket_name, name)
        call.tx.put(collection, f"{bucket_name}/{target}" + key[len(bucket_name) + 1 + len(source) :], moved)
        if collection == objects.MANAGED_FOLDERS:
            _move_policy(call.tx, bucket_name, document["name"], name)
    call.tx.delete(FOLDERS, f"{bucket_name}/{source}")
    changed = _renamed(found, bucket_name, target)
    changed |= {"metageneration": str(int(found["metageneration"]) + 1), "updateTime": timestamp(call.now)}
    call.tx.put(FOLDERS, f"{bucket_name}/{target}", changed)
    return changed


def _move_policy(tx: Transaction, bucket_name: str, old: str, new: str) -> None:
    root = f"{policy_name(bucket_name)}/managedFolders"
    policy = tx.get(POLICIES, f"{root}/{old}")
    if policy is not None:
        tx.delete(POLICIES, f"{root}/{old}")
        tx.put(POLICIES, f"{root}/{new}", policy)


def _put(call: Call, bucket_name: str, name: str) -> Document:
    moment = timestamp(call.now)
    made = {"kind": "storage#folder", "metageneration": "1", "createTime": moment, "updateTime": moment}
    made = _renamed(made, bucket_name, name)
    call.tx.put(FOLDERS, f"{bucket_name}/{name}", made)
    return made


def _renamed(document: Document, bucket_name: str, name: str) -> Document:
    """Return a folder, managed folder or version under another name."""
    place = {"storage#folder": "folders", "storage#managedFolder": "managedFolders"}.get(document["kind"], "o")
    root = f"https://www.googleapis.com/storage/v1/b/{bucket_name}/{place}/"
    changed = document | {"bucket": bucket_name, "name": name, "selfLink": root + name.replace("/", "%2F")}
    if place != "o":
        return changed | {"id": f"{bucket_name}/{name}"}
    path = name.replace("/", "%2F")
    media = f"https://storage.googleapis.com/download/storage/v1/b/{bucket_name}/o/{path}"
    query = f"?generation={document['generation']}&alt=media"
    return changed | {"id": f"{bucket_name}/{name}/{document['generation']}", "mediaLink": media + query}
