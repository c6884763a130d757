"""Become a container's program: read what to run from standard input, take the image as root, end with the parent.

Run as ``python -I -S launcher.py PARENT-PID``, by path and with nothing but the standard library. Standard input holds
a JSON object: ``root`` (folder to take as ``/``, or empty), ``folder`` (working directory), ``command``,
``environment``, ``user`` and ``group`` (numbers, or null). Environment and command come this way because an image's
LD_LIBRARY_PATH must not touch the interpreter that runs this, and secrets belong into no command line.

This is no isolation: the program sees this machine's network and processes, and as root it may leave its folder.
Sources: prctl(2), user_namespaces(7), mount_namespaces(7).
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_NEW_MOUNTS, _NEW_USERS = 0x00020000, 0x10000000
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18
_CANNOT_START = 127


def take_root(library: ctypes.CDLL, root: str) -> None:
    """Make a folder the root; raises OSError where this machine does not let us."""
    user, group = os.geteuid(), os.getegid()
    if user != 0:
        if library.unshare(_NEW_USERS | _NEW_MOUNTS):
            raise OSError(ctypes.get_errno(), "no user namespaces")
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {user} 1")
        _write("/proc/self/gid_map", f"0 {group} 1")
        own_mounts = True
    else:
        own_mounts = library.unshare(_NEW_MOUNTS) == 0
    # Only in mounts of our own, which no folder that is removed later can lead to.
    if own_mounts and library.mount(None, b"/", None, _RECURSIVE | _PRIVATE, None) == 0:
        for place in ("/dev", "/proc"):
            inner = root + place
            if not os.path.islink(inner):  # noqa: PTH114 - without pathlib this starts in half the time
                os.makedirs(inner, exist_ok=True)  # noqa: PTH103 - see above
                library.mount(place.encode(), inner.encode(), None, _BIND | _RECURSIVE, None)
    os.chroot(root)
    os.chdir("/")


def main(arguments: list[str]) -> None:
    """Become the program; the process id stays the same."""
    parent = int(arguments[0])
    wanted = json.load(sys.stdin)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if wanted["root"]:
            take_root(library, wanted["root"])
        os.chdir(wanted["folder"])
        if wanted["user"] is not None and os.geteuid() == 0:
            os.setgroups([])
            os.setgid(wanted["group"] or 0)
            os.setuid(wanted["user"])
        # Last: a change of user takes the order back.
        if sys.platform.startswith("linux"):
            library.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            raise SystemExit(_CANNOT_START)
        command = wanted["command"]
        os.execvpe(command[0], command, wanted["environment"])  # noqa: S606 - the very purpose, and no shell
    except OSError as error:
        sys.stderr.write(f"{error.filename or wanted['command'][0]}: {error.strerror}\n")
        raise SystemExit(_CANNOT_START) from None


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123 - see above
        file.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
