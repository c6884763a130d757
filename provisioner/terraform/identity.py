"""Which process this was, beyond doubt: a process id alone is reused."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

_STATE, _START_TIME = 0, 19  # positions after the command's closing parenthesis, see proc_pid_stat(5)
_DEAD = ("Z", "X", "x")


@dataclass(frozen=True)
class ProcessIdentity:
    """A process on this machine since this boot.

    ``start_time`` is opaque text (clock ticks since boot on Linux, a date elsewhere), ``boot_id`` is empty where the
    system has none, ``host`` the machine's name.
    """

    pid: int
    start_time: str
    boot_id: str
    host: str

    def as_dict(self) -> dict[str, str | int]:
        """Return it as a JSON document."""
        return asdict(self)


def identify(pid: int) -> ProcessIdentity | None:
    """Describe a living process; None when there is none (or only a zombie)."""
    start_time = _start_time(pid)
    if not start_time:
        return None
    return ProcessIdentity(pid, start_time, _boot_id(), os.uname().nodename)


def is_alive(identity: ProcessIdentity) -> bool:
    """Tell whether exactly this process still runs.

    Only meaningful on its own machine: a process of another host counts as alive, because nothing here can know.
    """
    if identity.host != os.uname().nodename:
        return True
    return identify(identity.pid) == identity


def _start_time(pid: int) -> str:
    if not sys.platform.startswith("linux"):
        return _start_time_from_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[_STATE] in _DEAD else fields[_START_TIME]


def _start_time_from_ps(pid: int) -> str:
    command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C"})  # noqa: S603 - fixed program, a number
    return done.stdout.strip()


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
