"""Runs tests in forks of one process that has read the libraries already: what a start of pytest costs is paid once.

usage: python tests/nursery.py < REQUESTS, one JSON document a line: {"tests": [...], "read": [...]}. Each is answered
by one line: {"code": exit code of pytest, "output": str, "libraries": modules that the tests read}. ``tests`` may hold
options of pytest. Libraries that a request names under ``read`` are imported before the fork; the project itself is
read anew in every fork.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any, NoReturn

import pytest

PLUGINS = ("xdist.plugin", "pytest_timeout", "pytest_socket")
"""What the project's configuration names, and no other: each costs at every start."""
_BROKEN = 70
# pytest wants to read its plugins itself.
_NEVER = ("xdist", "execnet", "pytest", "_pytest", "pytest_timeout", "pytest_socket", "_hypothesis_pytestplugin")


def main() -> int:
    """Answer requests until there are no more."""
    for line in sys.stdin:
        request = json.loads(line)
        for name in request.get("read", []):
            # Some parts of libraries cannot be read alone; whoever needs them reads them in their order.
            with contextlib.suppress(BaseException):
                importlib.import_module(name)
        print(json.dumps(_forked(request["tests"])), flush=True)
    return 0


def _forked(tests: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        output, libraries = Path(folder) / "output", Path(folder) / "libraries"
        child = os.fork()
        if not child:
            _end(tests, output, libraries)
        _, status = os.waitpid(child, 0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "output": output.read_text(errors="replace"),
            "libraries": libraries.read_text().split() if libraries.exists() else [],
        }


def _end(tests: list[str], output: Path, libraries: Path) -> NoReturn:
    """Run pytest and end this process, whatever happens: threads that a broken program left behind do not keep it."""
    code = _BROKEN
    try:
        code = _run(tests, output, libraries)
    except BaseException:  # noqa: BLE001 - the fork must never go on as if it were the process it came from
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(tests: list[str], output: Path, libraries: Path) -> int:
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)
    plugins = [word for name in PLUGINS for word in ("-p", name)]
    # Its own folder: several of these at once would clear one another's away.
    place = ["--basetemp", str(output.with_name("tests"))]
    code = int(pytest.main(["-q", "-x", *plugins, *place, *tests]))
    libraries.write_text("\n".join(_libraries()))
    return code


def _libraries() -> list[str]:
    places = {name: getattr(module, "__file__", None) or "" for name, module in list(sys.modules.items())}
    return sorted(
        name
        for name, place in places.items()
        if "site-packages" in place and not any(name == never or name.startswith(f"{never}.") for never in _NEVER)
    )


if __name__ == "__main__":
    sys.exit(main())
