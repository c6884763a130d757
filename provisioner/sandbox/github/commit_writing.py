"""Commits that GitHub makes itself: the README of auto_init, files written through the API, merges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from provisioner.sandbox.github import bare, signatures
from provisioner.sandbox.github.bare import Repository
from provisioner.sandbox.github.call import Call
from provisioner.sandbox.store import Document

FILE_MODE = "100644"
WEB_FLOW: Mapping[str, str] = MappingProxyType({"name": "GitHub", "email": "noreply@github.com"})


def first_commit(call: Call, repository: Document) -> None:
    """Write the README that ``auto_init`` asks for, on the default branch."""
    git = bare.opened(call.world.folder, repository["id"])
    text = f"# {repository['name']}\n" + (f"{repository['description']}\n" if repository["description"] else "")
    blob = write_blob(git, text.encode())
    tree = git.run("mktree", "-z", data=f"{FILE_MODE} blob {blob}\tREADME.md\0".encode()).decode().strip()
    commit = write_commit(call, git, Draft(tree, (), "Initial commit"))
    git.run("update-ref", f"refs/heads/{repository['default_branch']}", commit)


def write_blob(git: Repository, content: bytes) -> str:
    """Keep a file's content; return its id."""
    return git.run("hash-object", "-w", "--stdin", data=content).decode().strip()


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit to write. ``people`` may have ``author`` and ``committer`` (name, email, date)."""

    tree: str
    parents: tuple[str, ...]
    message: str
    people: Mapping[str, Any] = field(default_factory=dict)


def write_commit(call: Call, git: Repository, draft: Draft) -> str:
    """Write a commit; author and committer are the caller unless the draft says otherwise. Raises GitRefused.

    What an App writes in its own name is signed by GitHub.
    """
    given = draft.people
    author = given.get("author") or given.get("committer")
    who = {**_person(call, "AUTHOR", author), **_person(call, "COMMITTER", given.get("committer") or author)}
    arguments = [part for parent in draft.parents for part in ("-p", parent)]
    commit = git.run("commit-tree", draft.tree, *arguments, data=draft.message.encode(), more=who).decode().strip()
    own = call.caller.kind == "installation" and not given
    return signatures.signed(call.tx, git, commit) if own else commit


def email_of(account: Document) -> str:
    """Return the no-reply address of an account, by which its commits are known as its own."""
    return f"{account['id']}+{account['login']}@users.noreply.github.com"


def _person(call: Call, role: str, given: Mapping[str, Any] | None) -> dict[str, str]:
    account = call.caller.account
    default = {"name": account["login"], "email": email_of(account)}
    person = {**default, **(given or {})}
    date = person.get("date") or call.stamp
    return {
        f"GIT_{role}_NAME": person["name"],
        f"GIT_{role}_EMAIL": person["email"],
        f"GIT_{role}_DATE": date,
    }
