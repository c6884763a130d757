"""Lets something happen between any two steps of some Python code, one step further each time.

A signal's handler may interrupt any of them, and who leaves it to chance meets the bad moment once in hundreds of runs.
Used in a process of its own: a deadlock must not take the test with it.
"""

from __future__ import annotations

import faulthandler
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

_LONGEST = 10
"""Seconds after which a step counts as stuck: it takes a few milliseconds."""
_PATIENCE = 120


def each_moment(attempt: Callable[[], object], strike: Callable[[], object]) -> Iterator[int]:
    """Run ``attempt`` again and again, with ``strike`` at its first step, its second and so on; yield the number.

    Ends the process with a traceback when one of them, or what the caller does with it, gets stuck.
    """
    for moment in itertools.count():
        faulthandler.dump_traceback_later(_LONGEST, exit=True)
        if not _struck(attempt, strike, moment):
            break
        yield moment
    faulthandler.cancel_dump_traceback_later()


def _struck(attempt: Callable[[], object], strike: Callable[[], object], moment: int) -> bool:
    left = moment

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        frame.f_trace_opcodes = True
        left -= 1
        if left == -1:
            strike()
        return trace

    sys.settrace(trace)
    try:
        attempt()
    finally:
        sys.settrace(None)
    return left < 0


def said_by(script: str) -> str:
    """Return what a script prints; it has two minutes."""
    return subprocess.run(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True, timeout=_PATIENCE
    ).stdout
