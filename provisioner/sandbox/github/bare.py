"""Bare git repositories under the state folder, and how git is started: environment built from nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import ProvisionError

NO_OBJECT = "0" * 40
_PLAIN_REF = re.compile(r"refs/[a-z]+/[\w./-]+")
_OBJECT = re.compile(r"[0-9a-f]{40}")
_TIMEOUT = 120  # seconds for one git command


class GitRefused(Exception):
    """Git ended with an error; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Repository:
    """One bare repository. ``environment`` adds to that of every command (quarantined objects, authors)."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str, data: bytes = b"", more: Mapping[str, str] | None = None) -> bytes:
        """Run git and return its output. Raises GitRefused with what it wrote to stderr."""
        return run(("-C", str(self.folder), *arguments), data=data, more={**self.environment, **(more or {})})

    def text(self, *arguments: str, more: Mapping[str, str] | None = None) -> str:
        """Run git and return its output as text, without the newline at its end."""
        return self.run(*arguments, more=more).decode(errors="replace").rstrip("\n")

    def resolve(self, name: str, kind: str = "commit") -> str | None:
        """Return the id of an object by any name git knows, None when there is none of that kind."""
        if name.startswith("-") or not name:
            return None
        try:
            return self.text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{{kind}}}")
        except GitRefused:
            return None

    def commit_of(self, ref: str) -> str | None:
        """Return the commit of a full reference, as ``resolve`` does, from git's files: a process costs milliseconds.

        https://git-scm.com/docs/gitrepository-layout: a reference is a file, or a line of packed-refs.
        """
        if not _PLAIN_REF.fullmatch(ref) or ".." in ref or "//" in ref:
            return self.resolve(ref)
        named = self._named(ref)
        if named is None or (_OBJECT.fullmatch(named) and not ref.startswith("refs/tags/")):
            return named
        return self.resolve(ref)  # a tag may name an object of its own, another reference a reference

    def _named(self, ref: str) -> str | None:
        try:
            return (self.folder / ref).read_text().strip()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            pass
        try:
            lines = (self.folder / "packed-refs").read_text().splitlines()
        except FileNotFoundError:
            return None
        return next((line.partition(" ")[0] for line in lines if line.endswith(f" {ref}")), None)

    def refs(self, *patterns: str) -> dict[str, str]:
        """Return references and the objects they name, in name order."""
        lines = self.text("for-each-ref", "--format=%(refname) %(objectname)", *patterns).splitlines()
        return dict(line.split(" ", 1) for line in lines)


def path_of(folder: Path, number: int) -> Path:
    """Return where the bare repository of a repository number is."""
    return folder / "git" / f"{number}.git"


def opened(folder: Path, number: int) -> Repository:
    """Return the bare repository of a repository number."""
    return Repository(path_of(folder, number), {})


def create(folder: Path, number: int, default_branch: str) -> None:
    """Make a bare repository; what a rolled-back request left under this number is removed first."""
    place = path_of(folder, number)
    delete(folder, number)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    run(("init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}", str(place)))
    settings = {
        "http.receivepack": "true",
        "receive.autogc": "false",
        "gc.auto": "0",
        "uploadpack.allowFilter": "true",
        "uploadpack.allowAnySHA1InWant": "true",
        "core.logAllRefUpdates": "false",
    }
    with (place / "config").open("a", encoding="utf-8") as config:
        config.writelines(_setting(name, value) for name, value in settings.items())


def _setting(name: str, value: str) -> str:
    section, _, key = name.partition(".")
    return f"[{section}]\n\t{key} = {value}\n"


def delete(folder: Path, number: int) -> None:
    """Remove a bare repository, if there is one."""
    shutil.rmtree(path_of(folder, number), ignore_errors=True)


def run(arguments: Sequence[str], *, data: bytes = b"", more: Mapping[str, str] | None = None) -> bytes:
    """Run git to its end. Raises GitRefused, and ProvisionError when there is no git."""
    command, surroundings = [git_program(), *arguments], environment(more)
    if any("\0" in text for text in (*command, *surroundings.values())):
        raise GitRefused("a name contains a null character")
    done = subprocess.run(  # noqa: S603 - argv is ours, no shell
        command, input=data, capture_output=True, env=surroundings, check=False, timeout=_TIMEOUT
    )
    if done.returncode:
        raise GitRefused(done.stderr.decode(errors="replace").strip() or f"git ended with {done.returncode}")
    return done.stdout


def git_program() -> str:
    """Return the path of git. Raises ProvisionError when it is not installed."""
    program = shutil.which("git")
    if program is None:
        raise ProvisionError("git is not installed", fix="install git 2.38 or newer; the sandbox's GitHub runs on it")
    return program


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return all that git sees of the environment: nobody's configuration, no prompt, plain messages."""
    return {
        "PATH": f"{Path(git_program()).parent}:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "GitHub",
        "GIT_AUTHOR_EMAIL": "noreply@github.com",
        "GIT_COMMITTER_NAME": "GitHub",
        "GIT_COMMITTER_EMAIL": "noreply@github.com",
        **(more or {}),
    }
