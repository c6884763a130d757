"""Starts a program with limits: python tests/limited.py RLIMIT_AS=BYTES … -- PROGRAM [ARGUMENT …].

``preexec_fn`` would do it between fork and exec, where the threads of gRPC, which other tests of the same process have
started, end the child now and then.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path


def limited(command: Sequence[str | Path], **limits: int) -> tuple[str, ...]:
    """Return the command that runs another one with these limits, named as in the module ``resource``."""
    stated = (f"{name}={value}" for name, value in limits.items())
    return (sys.executable, "-I", "-S", __file__, *stated, "--", *map(str, command))


def main(arguments: list[str]) -> None:
    """Become the program."""
    end = arguments.index("--")
    for name, _, value in (each.partition("=") for each in arguments[:end]):
        resource.setrlimit(getattr(resource, name), (int(value), int(value)))
    program = arguments[end + 1 :]
    os.execv(program[0], program)  # noqa: S606 - the very purpose


if __name__ == "__main__":
    main(sys.argv[1:])
