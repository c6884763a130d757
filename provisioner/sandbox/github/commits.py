"""Commits, trees and differences read from git, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.github import bare, repositories, signatures
from provisioner.sandbox.github.accounts import ACCOUNTS, find_account, simple
from provisioner.sandbox.github.bare import Repository
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.github.errors import conflict, not_found, unprocessable
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.store import Document

_FIELDS = ("%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B")
_STATUS = {"A": "added", "D": "removed", "M": "modified", "T": "changed", "R": "renamed", "C": "copied"}


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. ``author`` and ``committer`` have name, email and date (ISO 8601)."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: dict[str, str]
    committer: dict[str, str]
    message: str


def git_of(call: Call) -> Repository:
    """Return the bare repository of a call."""
    return bare.opened(call.world.folder, call.repository["id"])


def branch_tip(call: Call, repository: Document, branch: str) -> str | None:
    """Return the newest commit of a branch of any repository, None when there is no such branch."""
    return bare.opened(call.world.folder, repository["id"]).resolve(f"refs/heads/{branch}")


def require_commit(git: Repository, name: str, *, of: str = "") -> str:
    """Return the commit a branch, tag or id names. Raises GithubError: 409 in an empty repository, else 404 or 422."""
    for candidate in (f"refs/heads/{name}", f"refs/tags/{name}", name):
        if sha := git.resolve(candidate):
            return sha
    if not git.refs():
        raise conflict("Git Repository is empty.")
    raise unprocessable(f"No commit found for SHA: {name}") if of == "commit" else not_found()


def read(git: Repository, *revisions: str, most: int | None = None, path: str = "") -> list[Commit]:
    """Return commits from newest to oldest, as ``git log`` selects them."""
    limit = () if most is None else (f"--max-count={most}",)
    paths = ("--", path) if path else ("--",)
    output = git.text("log", "-z", f"--format={'%x1f'.join(_FIELDS)}", *limit, *revisions, *paths)
    return [_commit(record) for record in output.split("\0") if record]


def _commit(record: str) -> Commit:
    sha, tree, parents, *people, message = record.split("\x1f")
    first, second = (dict(zip(("name", "email", "date"), part, strict=True)) for part in (people[:3], people[3:]))
    return Commit(sha.strip(), tree, tuple(parents.split()), _utc(first), _utc(second), message.rstrip("\n"))


def _utc(person: dict[str, str]) -> dict[str, str]:
    return {**person, "date": person["date"].replace("+00:00", "Z")}


def show_git(call: Call, commit: Commit) -> dict[str, Any]:
    """Show a commit as a git object."""
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "git/commits")
    pages = call.urls.web(name, "commit")
    return {
        "sha": commit.sha,
        "node_id": node_id("C", int(commit.sha[:8], 16)),
        "url": f"{own}/{commit.sha}",
        "html_url": f"{pages}/{commit.sha}",
        "author": commit.author,
        "committer": commit.committer,
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": call.urls.api("repos", name, "git/trees", commit.tree)},
        "parents": [{"sha": sha, "url": f"{own}/{sha}", "html_url": f"{pages}/{sha}"} for sha in commit.parents],
        "verification": signatures.verification(call.tx, git_of(call), commit.sha),
    }


def show(call: Call, commit: Commit) -> dict[str, Any]:
    """Show a commit as a step of the repository's history."""
    name = repositories.full_name(call.tx, call.repository)
    own = call.urls.api("repos", name, "commits")
    inner = show_git(call, commit)
    parents = [{**parent, "url": f"{own}/{parent['sha']}"} for parent in inner["parents"]]
    kept = ("author", "committer", "message", "tree", "verification", "url")
    return {
        "sha": commit.sha,
        "node_id": inner["node_id"],
        "url": f"{own}/{commit.sha}",
        "html_url": inner["html_url"],
        "comments_url": f"{own}/{commit.sha}/comments",
        "commit": {**{field: inner[field] for field in kept}, "comment_count": 0},
        "author": account_of(call, commit.author["email"]),
        "committer": account_of(call, commit.committer["email"]),
        "parents": parents,
    }


def account_of(call: Call, email: str) -> dict[str, Any] | None:
    """Return the account behind a no-reply address, or an e-mail's local part that is a login; as GitHub links them."""
    local, _, domain = email.partition("@")
    if domain != "users.noreply.github.com":
        return None
    number, _, login = local.rpartition("+")
    account = call.tx.get(ACCOUNTS, number) if number else find_account(call.tx, login)
    return simple(call.urls, account) if account else None


def files(call: Call, git: Repository, *revisions: str) -> list[dict[str, Any]]:
    """Return the files that differ between two trees, with their line counts and patches."""
    raw = git.text("diff", "--raw", "-z", "-M", "--no-abbrev", *revisions).split("\0")
    counts = _line_counts(git, revisions)
    rows, position = [], 0
    while position + 1 < len(raw):
        state, first = raw[position], raw[position + 1]
        renamed = state.split()[4][0] in "RC"
        path = raw[position + 2] if renamed else first
        row = _file(call, state.split(), path, counts.get(path, (0, 0)))
        row["patch"] = _patch(git, revisions, path)
        rows.append(row | ({"previous_filename": first} if renamed else {}))
        position += 3 if renamed else 2
    return rows


def _line_counts(git: Repository, revisions: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    rows = git.text("diff", "--numstat", "--no-renames", "-z", *revisions).split("\0")
    found = [row.split("\t", 2) for row in rows if row]
    return {path: (_number(added), _number(removed)) for added, removed, path in found}


def _number(text: str) -> int:
    return 0 if text == "-" else int(text)  # binary files have no lines


def _patch(git: Repository, revisions: tuple[str, ...], path: str) -> str:
    text = git.text("diff", *revisions, "--", path)
    start = text.find("\n@@")
    return text[start + 1 :] if start >= 0 else ""


def _file(call: Call, state: list[str], path: str, counts: tuple[int, int]) -> dict[str, Any]:
    name = repositories.full_name(call.tx, call.repository)
    sha = state[3] if set(state[3]) != {"0"} else state[2]
    return {
        "sha": sha,
        "filename": path,
        "status": _STATUS[state[4][0]],
        "additions": counts[0],
        "deletions": counts[1],
        "changes": sum(counts),
        "blob_url": call.urls.web(name, "blob", sha, path),
        "raw_url": call.urls.web(name, "raw", sha, path),
        "contents_url": call.urls.api("repos", name, "contents", path),
    }
