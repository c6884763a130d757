"""``python -m provisioner.sandbox --state DIR``: the server process."""

from __future__ import annotations

import argparse
import atexit
import gc
import logging
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from provisioner.errors import ProvisionError
from provisioner.sandbox.server import Options, run

_ALLOCATIONS = 50_000
"""Between two looks for garbage: Python's own 700 are for programs that make more cycles and less haste."""
_DESCRIPTORS = 8192


def main(arguments: Sequence[str]) -> int:
    """Serve; return the exit code (4: another server holds the folder)."""
    parsed = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    gc.set_threshold(_ALLOCATIONS)
    atexit.register(gc.freeze)  # a client that stops the sandbox waits for its end: no last look for garbage
    _allow_many_connections()
    options = Options(parsed.state, parsed.idle_seconds, parsed.port, parsed.control_port, tuple(parsed.allow_host))
    try:
        run(options, lambda: _announce(parsed.ready_fd))
    except ProvisionError as error:
        sys.stderr.write(f"{error}\n")
        _tell(parsed.ready_fd, f"failed {error}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m provisioner.sandbox", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state folder, made when missing")
    parser.add_argument("--idle-seconds", type=float, default=900, help="stop after so long without requests; 0: never")
    parser.add_argument("--port", type=int, default=0, help="port of the proxy (default: any)")
    parser.add_argument("--control-port", type=int, default=0, help="port of the control interface (default: any)")
    parser.add_argument("--allow-host", action="append", default=[], help="let this host through to the real world")
    parser.add_argument("--ready-fd", type=int, default=-1, help=argparse.SUPPRESS)
    return parser


def _allow_many_connections() -> None:
    """Use all the descriptors that the system lets us have; a connection costs two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, _DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _announce(descriptor: int) -> None:
    _tell(descriptor, "ready\n")


def _tell(descriptor: int, text: str) -> None:
    if descriptor >= 0:
        os.write(descriptor, text.encode())
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
