"""How an unpacked image can be started on this machine: with its folder as root, with the host's interpreter, or not.

No container is made. ``root``: the program and its loader are both in the image, and this machine lets us change the
root. ``host``: a static program, or a script whose interpreter only the host has. Everything else is not started, and
the reason is kept. ELF: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html.
"""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.sandbox.google.run.images import ImageError
from provisioner.sandbox.google.run.unpacking import inside

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_INTERPRETERS = frozenset(("sh", "bash", "python", "python3", "node", "perl", "ruby"))
_AMD64 = 62
_PT_INTERP = 3
_HEADER = 64
_LONGEST_NAME = 4096


class MissingError(Exception):
    """The image's own command is not in it: it cannot start anywhere."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to start: ``root`` empty or the folder to take as root, the rest as the started program sees it."""

    root: str
    folder: str
    command: tuple[str, ...]
    user: int | None = None
    group: int | None = None


def find_program(root: Path, config: Mapping[str, Any], container: Mapping[str, Any], *, rooted: bool) -> Program:
    """Return how to start a container of an unpacked image; ``rooted`` tells whether roots can be changed here.

    Raises MissingError when the image has no such command, ImageError when this machine cannot start it.
    """
    command = _command(config, container)
    folder = container.get("workingDir") or config.get("WorkingDir") or "/"
    found = _look_up(root, command[0], _variables(config).get("PATH", _PATH), folder)
    if found is None:
        return _with_hosts_interpreter(root, command, folder)
    loaders = _loaders(root, found)
    if rooted and all(inside(root, loader).is_file() for loader in loaders):
        inside(root, folder).mkdir(parents=True, exist_ok=True)
        user, group = _user(root, str(config.get("User", "")))
        own = "/" + found.relative_to(root).as_posix()
        return Program(str(root), folder, (own, *command[1:]), user, group)
    if all(Path(loader).is_file() for loader in loaders):
        return Program("", _host_folder(root, folder), (str(found), *_mapped(root, command[1:])))
    raise ImageError(f"neither it nor this machine has {', '.join(loaders)}")


def image_environment(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that an image sets."""
    return {"PATH": _PATH} | _variables(config)


def _variables(config: Mapping[str, Any]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in config.get("Env") or [] if "=" in line)


def _command(config: Mapping[str, Any], container: Mapping[str, Any]) -> list[str]:
    """Return what is run: https://docs.docker.com/reference/dockerfile/#understand-how-cmd-and-entrypoint-interact."""
    if container.get("command"):
        command = [*container["command"], *container.get("args", [])]
    else:
        command = [*(config.get("Entrypoint") or []), *(container.get("args") or config.get("Cmd") or [])]
    if not command:
        raise MissingError("No command specified")
    return [str(part) for part in command]


def _look_up(root: Path, name: str, path: str, folder: str) -> Path | None:
    places = [f"{folder}/{name}" if not name.startswith("/") else name] if "/" in name else []
    places = places or [f"{place}/{name}" for place in path.split(":")]
    found = (inside(root, place) for place in places)
    return next((file for file in found if file.is_file()), None)


def _with_hosts_interpreter(root: Path, command: Sequence[str], folder: str) -> Program:
    name = command[0].rpartition("/")[2]
    host = shutil.which(name) if name in _INTERPRETERS else None
    if host is None:
        raise MissingError(f'exec: "{command[0]}": no such file or directory')
    return Program("", _host_folder(root, folder), (host, *_mapped(root, command[1:])))


def _host_folder(root: Path, folder: str) -> str:
    found = inside(root, folder)
    found.mkdir(parents=True, exist_ok=True)
    return str(found)


def _mapped(root: Path, arguments: Sequence[str]) -> list[str]:
    """Return arguments with those that are files of the image said as paths of this machine."""
    return [
        str(inside(root, text)) if text.startswith("/") and inside(root, text).exists() else text for text in arguments
    ]


def _loaders(root: Path, program: Path) -> list[str]:
    """Return what the kernel needs besides the program: a script's interpreter and its loader; empty if static.

    Raises ImageError for what this machine's kernel does not start.
    """
    with program.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"#!"):
        words = start[2:].split(b"\n", 1)[0].decode(errors="replace").split()
        if not words:
            raise ImageError(f"{program.name} names no interpreter")
        below = inside(root, words[0])
        return [words[0], *(_loaders(root, below) if below.is_file() else [])]
    if not start.startswith(b"\x7fELF"):
        raise ImageError(f"{program.name} is neither a Linux program nor a script")
    return _elf_loader(program, start)


def _elf_loader(program: Path, start: bytes) -> list[str]:
    if len(start) < _HEADER or start[4] != 2 or struct.unpack_from("<H", start, 18)[0] != _AMD64:  # noqa: PLR2004 - 64 bit
        raise ImageError(f"{program.name} is not made for amd64")
    if os.uname().machine != "x86_64":
        raise ImageError(f"this machine is {os.uname().machine}")
    try:
        return _interpreter(program, start)
    except (struct.error, OverflowError, ValueError):
        raise ImageError(f"{program.name} is a damaged program") from None


def _interpreter(program: Path, start: bytes) -> list[str]:
    offset, size, count = struct.unpack_from("<Q", start, 32)[0], *struct.unpack_from("<HH", start, 54)
    with program.open("rb") as file:
        for place in range(count):
            file.seek(offset + place * size)
            header = file.read(size)
            if struct.unpack_from("<I", header)[0] == _PT_INTERP:
                at, length = struct.unpack_from("<Q", header, 8)[0], struct.unpack_from("<Q", header, 32)[0]
                file.seek(at)
                return [file.read(min(length, _LONGEST_NAME)).rstrip(b"\0").decode(errors="replace")]
    return []


def _user(root: Path, text: str) -> tuple[int | None, int | None]:
    """Return user and group numbers of an image's ``User``; names are looked up in the image."""
    name, _, group = text.partition(":")
    if not name:
        return None, None
    users = {row[0]: row for row in _rows(inside(root, "/etc/passwd"))}
    groups = {row[0]: row for row in _rows(inside(root, "/etc/group"))}
    row = users.get(name) or next((row for row in users.values() if row[2] == name), None)
    number = int(name) if name.isdigit() else int(row[2]) if row else None
    if number is None:
        raise MissingError(f"unable to find user {name}: no matching entries in passwd file")
    if group:
        return number, int(group) if group.isdigit() else int(groups[group][2]) if group in groups else None
    return number, int(row[3]) if row else None


def _rows(file: Path) -> list[list[str]]:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
    return [row for row in (line.split(":") for line in lines) if len(row) >= 4 and row[2].isdigit()]  # noqa: PLR2004 - fields we read
