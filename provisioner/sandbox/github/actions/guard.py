"""Holds one job's processes together: they end with the job, with a cancellation, and with the sandbox.

    python guard.py PROGRAM ARGUMENT…

A program of its own, standard library only. A line on standard input asks for an orderly stop (the program gets an
interrupt and ten seconds); the end of standard input, which the death of the sandbox brings about, ends everything.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, linux/prctl.h: orphans of the job become ours
_GRACE = 10.0
_ROUNDS = 1000
_SIGNALLED = 128  # as shells tell of a program that a signal ended


def main(command: list[str]) -> int:
    """Run a program to its end; return its exit code."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - the sandbox names the program
    threading.Thread(target=_obey, args=(child,), daemon=True).start()
    code = child.wait()
    _end_all()
    return code if code >= 0 else _SIGNALLED - code


def _obey(child: subprocess.Popen[bytes]) -> None:
    if os.read(sys.stdin.fileno(), 1):
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE)
    else:
        _end_all()
    _end_all()


def _end_all() -> None:
    """Kill all descendants; those started meanwhile are found in the next round."""
    for _ in range(_ROUNDS):
        found = _descendants()
        if not found:
            return
        for number in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        for number in found:
            with contextlib.suppress(ChildProcessError, OSError):
                os.waitpid(number, os.WNOHANG)


def _descendants() -> set[int]:
    parents = dict(_processes())
    found, left = set[int](), {os.getpid()}
    while left:
        left = {number for number, parent in parents.items() if parent in left} - found
        found |= left
    return found


def _processes() -> list[tuple[int, int]]:
    if sys.platform != "linux":
        listed = subprocess.run(["/bin/ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False)
        return [(int(row.split()[0]), int(row.split()[1])) for row in listed.stdout.splitlines()]
    rows = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                rows.append((int(folder.name), int(parent)))
    return rows


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # the thread that waits for the sandbox's word is not asked
