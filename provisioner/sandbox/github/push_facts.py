"""What a change of a reference brings, asked of git: new commits, their files, fast forward or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from provisioner.sandbox.github.bare import GitRefused, Repository
from provisioner.sandbox.github.pktline import Command
from provisioner.sandbox.github.push_rules import Change
from provisioner.sandbox.github.push_texts import LARGEST_FILE

WORKFLOWS = ".github/workflows"


@contextmanager
def quarantined(git: Repository, pack: bytes) -> Iterator[Repository]:
    """Unpack what is pushed beside the repository and yield a view that has both. Raises GitRefused on a bad pack."""
    with TemporaryDirectory(prefix="incoming-", dir=git.folder) as place:
        both = {
            "GIT_OBJECT_DIRECTORY": place,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(git.folder / "objects"),
        }
        view = Repository(git.folder, {**git.environment, **both})
        if pack:
            view.run("index-pack", "--stdin", "--fix-thin", data=pack)
        yield view


def new_commits(git: Repository, command: Command) -> list[str]:
    """Return the commits of a command that no reference of the repository reaches yet, newest first."""
    if command.deletes or git.resolve(command.new) is None:
        return []
    return git.text("rev-list", command.new, "--not", "--all").split()


def change_of(git: Repository, command: Command) -> Change:
    """Return the facts that rules ask for."""
    commits = new_commits(git, command)
    merges = bool(commits) and git.text("rev-list", "--merges", "--max-count=1", command.new, "--not", "--all") != ""
    forward = command.creates or command.deletes or is_ancestor(git, command.old, command.new)
    messages, authors, committers = _people(git, commits)
    return Change(
        command.ref,
        command.creates,
        command.deletes,
        forward,
        merges,
        messages=messages,
        authors=authors,
        committers=committers,
    )


def _people(git: Repository, commits: list[str]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    if not commits:
        return (), (), ()
    asked = ("log", "--stdin", "--no-walk=unsorted", "-z", "--format=%ae%x1f%ce%x1f%B")
    text = git.run(*asked, data="\n".join(commits).encode() + b"\n").decode(errors="replace")
    rows = [row.split("\x1f") for row in text.split("\0") if row]
    authors, committers, messages = zip(*rows, strict=True)
    return tuple(message.rstrip("\n") for message in messages), authors, committers


def new_files(git: Repository, command: Command) -> list[tuple[str, int]]:
    """Return (path, bytes) of the files that the new commits of a command add or change."""
    commits = new_commits(git, command)
    if not commits:
        return []
    asked = ("diff-tree", "-r", "--root", "-m", "-z", "--no-commit-id", "--diff-filter=d", "--raw", "--no-abbrev")
    parts = git.run(*asked, "--stdin", data="\n".join(commits).encode() + b"\n").decode(errors="replace").split("\0")
    blobs = {path: head.split()[3] for head, path in zip(parts[::2], parts[1::2], strict=False) if head}
    sizes = git.run("cat-file", "--batch-check=%(objectsize)", data="\n".join(blobs.values()).encode() + b"\n").split()
    return [(path, int(size)) for path, size in zip(blobs, sizes, strict=False) if size.isdigit()]


def is_ancestor(git: Repository, old: str, new: str) -> bool:
    """Tell whether one commit leads to the other."""
    try:
        git.run("merge-base", "--is-ancestor", old, new)
    except GitRefused:
        return False
    return True


def workflow_paths(git: Repository, command: Command) -> list[str]:
    """Return the workflow files that the new commits of a command touch."""
    commits = new_commits(git, command)
    if not commits:
        return []
    asked = ("diff-tree", "-r", "--root", "-m", "--name-only", "--no-commit-id", "--stdin", "--", WORKFLOWS)
    return sorted(set(git.run(*asked, data="\n".join(commits).encode() + b"\n").decode().split("\n")) - {""})


def large_files(git: Repository, command: Command) -> list[tuple[str, int]]:
    """Return (path, bytes) of the new files that are larger than GitHub takes."""
    if command.deletes:
        return []
    objects = git.run(
        "rev-list",
        "--objects",
        f"--filter=blob:limit={LARGEST_FILE + 1}",
        "--filter-print-omitted",
        command.new,
        "--not",
        "--all",
    )
    omitted = [line[1:].decode() for line in objects.splitlines() if line.startswith(b"~")]
    if not omitted:
        return []
    names = _paths(git, command.new)
    return [(names.get(blob, blob), int(git.text("cat-file", "-s", blob))) for blob in omitted]


def _paths(git: Repository, commit: str) -> dict[str, str]:
    rows = git.run("rev-list", "--objects", commit, "--not", "--all").decode(errors="replace").splitlines()
    return dict(row.split(" ", 1) for row in rows if " " in row)
