"""Comments of an issue or pull request that are written once and then kept up to date in place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from provisioner.errors import InvalidInput
from provisioner.repository.api import GitHubApi

_THREAD = re.compile(r"(?P<repository>[A-Za-z0-9-]+/[A-Za-z0-9._-]+)#(?P<number>[1-9][0-9]*)")


def thread_path(thread: str) -> str:
    """Return the REST path of ``OWNER/REPO#NUMBER``. Raises InvalidInput."""
    found = _THREAD.fullmatch(thread)
    if found is None:
        raise InvalidInput(
            f"{thread!r} names no pull request", fix="write OWNER/REPO#NUMBER, such as example-ml/churn#12"
        )
    return f"/repos/{found['repository']}/issues/{found['number']}"


def keep_comments(api: GitHubApi, thread: str, parts: Sequence[str], *, begin: bool = True) -> str:
    """Make the comments of a thread that carry our marker exactly these parts; return the address of the first.

    The first line of a part is its marker, the same each time. A part that is there is updated, one that is missing is
    added, and one that is no longer needed is deleted. Without ``begin`` nothing is written where none is there yet,
    and the address is empty. Raises GitHubError.
    """
    path = thread_path(thread)
    wanted = {part.partition("\n")[0]: part for part in parts}
    family = f"{next(iter(wanted)).rsplit(' ', 2)[0]} "
    found = {_marker(each): each for each in api.pages(f"{path}/comments") if _marker(each).startswith(family)}
    if not begin and not found:
        return ""
    addresses = [_kept(api, path, found.get(marker), body) for marker, body in wanted.items()]
    for marker, comment in found.items():
        if marker not in wanted:
            api.write("DELETE", _of(path, comment))
    return addresses[0]


def _kept(api: GitHubApi, path: str, existing: dict[str, Any] | None, body: str) -> str:
    if existing is None:
        return str(api.write("POST", f"{path}/comments", {"body": body})["html_url"])
    if existing["body"] != body:
        api.write("PATCH", _of(path, existing), {"body": body})
    return str(existing["html_url"])


def _of(path: str, comment: dict[str, Any]) -> str:
    return f"{path.rpartition('/')[0]}/comments/{comment['id']}"


def _marker(comment: dict[str, Any]) -> str:
    return str(comment.get("body") or "").partition("\n")[0]
