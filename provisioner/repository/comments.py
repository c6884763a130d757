"""Comments of an issue or pull request that are written once and then kept up to date in place.

Anybody who may comment can write our marker, and later change what stands under his own name: a comment is ours only
where an App wrote it, as the token of a job is one, or the person whose token this is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

from provisioner.errors import InvalidInput
from provisioner.repository.api import GitHubApi
from provisioner.repository.errors import GitHubError

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
    """Make our comments of a thread that carry this marker exactly these parts; return the address of the first.

    The first line of a part is its marker, the same each time. A part that is there is updated, one that is missing is
    added, and one that is no longer needed is deleted. Without ``begin`` nothing is written where none is there yet,
    and the address is empty. Raises GitHubError.
    """
    path = thread_path(thread)
    wanted = {part.partition("\n")[0]: part for part in parts}
    family = f"{next(iter(wanted)).rsplit(' ', 2)[0]} "
    ours = _ours(api)
    marked = (each for each in api.pages(f"{path}/comments") if _marker(each).startswith(family))
    found = {_marker(each): each for each in marked if ours(each)}
    if not begin and not found:
        return ""
    addresses = [_kept(api, path, found.get(marker), body) for marker, body in wanted.items()]
    for marker, comment in found.items():
        if marker not in wanted:
            api.write("DELETE", _of(path, comment))
    return addresses[0]


def _ours(api: GitHubApi) -> Callable[[dict[str, Any]], bool]:
    """Return what tells whether a comment is ours; who we are is asked once, and only where it matters."""
    login = cache(lambda: _login(api))

    def ours(comment: dict[str, Any]) -> bool:
        author = comment.get("user") or {}  # of an account that is gone, none
        return bool(author) and (author.get("type") == "Bot" or author.get("login") == login())

    return ours


def _login(api: GitHubApi) -> str | None:
    """Return the person whose token this is; None for an App's, which GitHub refuses to tell of itself."""
    try:
        return str(api.get("/user")["login"])
    except GitHubError as problem:
        if problem.status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
            return None
        raise


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
