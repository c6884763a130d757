"""Listing objects: prefixes, delimiters, offsets, globs, versions.

https://cloud.google.com/storage/docs/json_api/v1/objects/list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from provisioner.sandbox.google.method import Call
from provisioner.sandbox.google.storage.folders import FOLDERS
from provisioner.sandbox.google.storage.objects import LIVE, MANAGED_FOLDERS, NONCURRENT, SOFT_DELETED
from provisioner.sandbox.google.storage.refusals import invalid
from provisioner.sandbox.google.wire import parse_timestamp
from provisioner.sandbox.store import Document

Entry = Document | str


def entries(call: Call, holder: Document) -> Iterator[tuple[str, Entry]]:
    """Yield (sort key, version or prefix) in order of names; each prefix once."""
    params = call.params
    prefix, delimiter = params.get("prefix", ""), params.get("delimiter", "")
    last = ""
    for key, name, found in _named(call, holder, prefix):
        group = _group(name, prefix, delimiter)
        # An object that is called like its prefix ("a/") is shown beside it only when asked for.
        if group and (name != group or not params.get("includeTrailingDelimiter")):
            if group != last:
                yield group, group
            last = group
        elif found is not None:
            if group and group != last:
                yield group, group
                last = group
            yield key, found


def _named(call: Call, holder: Document, prefix: str) -> Iterator[tuple[str, str, Document | None]]:
    """Yield (sort key, name, version) for all that the offsets and the glob let through."""
    params = call.params
    start, end = params.get("startOffset", ""), params.get("endOffset", "")
    pattern = glob(params["matchGlob"]) if params.get("matchGlob") else None
    for key, found in _versions(call, f"{holder['name']}/", prefix):
        name = key.partition("\n")[0]
        if (start and name < start) or (end and name >= end) or (pattern and not pattern.fullmatch(name)):
            continue
        yield key, name, found


def _versions(call: Call, inside: str, prefix: str) -> Iterator[tuple[str, Document | None]]:
    tx, params = call.tx, call.params
    cut = len(inside)
    if params.get("softDeleted"):
        for key, found in tx.scan(SOFT_DELETED, inside + prefix):
            if parse_timestamp(found["hardDeleteTime"]) > call.now:
                yield key[cut:], found
        return
    rows: list[tuple[str, Document | None]] = [(key[cut:], found) for key, found in tx.scan(LIVE, inside + prefix)]
    if params.get("versions"):
        old = [(key[cut:], found) for key, found in tx.scan(NONCURRENT, inside + prefix)]
        live = [(f"{name}\n{found['generation']}", found) for name, found in rows if found]
        rows = sorted([*old, *live], key=lambda row: row[0])
    if params.get("includeFoldersAsPrefixes"):
        found_folders = {key for place in (MANAGED_FOLDERS, FOLDERS) for key, _ in tx.scan(place, inside + prefix)}
        rows = sorted([*rows, *((key[cut:], None) for key in found_folders)], key=lambda row: row[0])
    yield from rows


def _group(name: str, prefix: str, delimiter: str) -> str:
    """Return the prefix that stands for a name, or an empty string."""
    if not delimiter:
        return ""
    place = name.find(delimiter, len(prefix))
    return "" if place < 0 else name[: place + len(delimiter)]


@cache
def glob(pattern: str) -> re.Pattern[Any]:
    """Return the expression of a glob: ``*``, ``**``, ``?``, ``[a-z]`` and ``{a,b}``. Raises ApiError."""
    pieces = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
    parts = re.findall(r"\*\*|\[[^\]]*\]|.", pattern, re.DOTALL)
    depth, out = 0, []
    for part in parts:
        depth += {"{": 1, "}": -1}.get(part, 0)
        if part == "," and not depth:
            out.append(",")
        else:
            out.append(pieces.get(part) or (_class(part) if len(part) > 1 else re.escape(part)))
    try:
        return re.compile("".join(out), re.DOTALL)
    except re.error:
        raise invalid(f"Invalid matchGlob: {pattern}", location="matchGlob") from None


def _class(part: str) -> str:
    inner = part[1:-1].replace("\\", "\\\\").replace("[", "\\[")
    return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
