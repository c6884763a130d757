"""The objects of GraphQL, made of the REST API's documents: what all have in common, accounts and repositories."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgpack  # type: ignore[import-untyped]  # has no type information

from provisioner.sandbox.github.errors import GithubError

Arguments = Mapping[str, Any]
_PERMISSIONS = (("admin", "ADMIN"), ("maintain", "MAINTAIN"), ("push", "WRITE"), ("triage", "TRIAGE"), ("pull", "READ"))


class Rest(Protocol):
    """The REST API as the caller sees it, and the names behind numbers."""

    def __call__(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - a document of the API
        """Return the document of a route, lists whole. Raises GithubError."""

    def account(self, number: int) -> tuple[str, str]:
        """Return login and type of an account. Raises GithubError (404)."""

    def repository(self, number: int) -> str:
        """Return the full name of a repository. Raises GithubError (404)."""

    def pull(self, number: int) -> tuple[str, int]:
        """Return the repository's full name and the number of a pull request. Raises GithubError (404)."""


@dataclass(frozen=True, slots=True)
class Node:
    """An object: its type, and its fields, each a value or a function of its arguments."""

    type: str
    fields: Mapping[str, Any]
    interfaces: tuple[str, ...] = ()


def number_of(global_id: str) -> int:
    """Return the number that a global id holds. Raises GithubError (404)."""
    _, _, packed = str(global_id).partition("_")
    try:
        _, number = msgpack.unpackb(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    except (ValueError, TypeError, binascii.Error, msgpack.UnpackException):
        raise GithubError(404, f"Could not resolve to a node with the global id of '{global_id}'") from None
    return int(number)


def connection(rows: list[Node], arguments: Arguments, kind: str) -> Node:
    """Return a list as a connection: the first or last so many, after a cursor."""
    marks = [f"cursor:{index}" for index in range(len(rows))]
    after = arguments.get("after")
    start = marks.index(after) + 1 if after in marks else 0
    first, last = arguments.get("first"), arguments.get("last")
    end = len(rows) if first is None else start + int(first)
    chosen = rows[start:end] if last is None else rows[max(start, len(rows) - int(last)) :]
    here = {"hasNextPage": end < len(rows), "hasPreviousPage": start > 0}
    cursors = {"endCursor": marks[start + len(chosen) - 1] if chosen else None, "startCursor": None}
    edges = [Node(f"{kind}Edge", {"node": row}) for row in chosen]
    page = Node("PageInfo", {**here, **cursors})
    return Node(f"{kind}Connection", {"nodes": chosen, "edges": edges, "totalCount": len(rows), "pageInfo": page})


def account(row: Mapping[str, Any]) -> Node:
    """Return a user, an organisation or a bot."""
    name = row.get("name")
    fields = {
        "id": row["node_id"],
        "login": row["login"],
        "url": row["html_url"],
        "databaseId": row["id"],
        "name": name,
    }
    return Node(row["type"], fields, ("Actor", "RepositoryOwner"))


def repository(rest: Rest, row: Mapping[str, Any]) -> Node:
    """Return a repository."""
    place = f"/repos/{row['full_name']}"
    held = row.get("permissions", {})
    branch = {"name": row["default_branch"], "prefix": "refs/heads/"}
    parent = repository(rest, row["parent"]) if row.get("parent") else None
    fields = {
        "id": row["node_id"],
        "databaseId": row["id"],
        "name": row["name"],
        "nameWithOwner": row["full_name"],
        "owner": account(row["owner"]),
        "description": row["description"],
        "url": row["html_url"],
        "sshUrl": row["ssh_url"],
        "homepageUrl": row["homepage"],
        "visibility": row["visibility"].upper(),
        "isPrivate": row["private"],
        "isFork": row["fork"],
        "isArchived": row["archived"],
        "isTemplate": row["is_template"],
        "isEmpty": lambda _: not rest("GET", f"{place}/branches"),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "pushedAt": row["pushed_at"],
        "hasIssuesEnabled": row["has_issues"],
        "hasWikiEnabled": row["has_wiki"],
        "hasProjectsEnabled": row["has_projects"],
        "viewerPermission": next((word for name, word in _PERMISSIONS if held.get(name)), None),
        "viewerCanAdminister": bool(held.get("admin")),
        "defaultBranchRef": Node("Ref", branch),
        "mergeCommitAllowed": row["allow_merge_commit"],
        "squashMergeAllowed": row["allow_squash_merge"],
        "rebaseMergeAllowed": row["allow_rebase_merge"],
        "deleteBranchOnMerge": row["delete_branch_on_merge"],
        "parent": parent,
        "forkCount": row["forks_count"],
        "stargazerCount": row["stargazers_count"],
    }
    return Node("Repository", fields)
