"""actions/setup-python: nothing is downloaded; a Python of this machine is used, the wanted version if it is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from provisioner.sandbox.stand_ins.programs.workflow import export, fail, first_on_path, inputs, output, say, warn

_VERSION = re.compile(r"(\d+)\.(\d+)")
_SHOW = "import sys; print('.'.join(map(str, sys.version_info[:3])), sys.executable)"


def main() -> None:
    """Choose one and put it first."""
    given = inputs()
    wanted = given["python-version"]
    if not wanted and given["python-version-file"]:
        wanted = Path(given["python-version-file"]).read_text(encoding="utf-8").strip()
    match = _VERSION.search(wanted)
    names = [f"python{match[1]}.{match[2]}"] if match else []
    for name in (*names, "python3", "python"):
        found = _asked(name)
        if found:
            _use(wanted, *found)
            return
    fail("There is no Python on this machine")


def _asked(name: str) -> tuple[str, str] | None:
    program = shutil.which(name)
    if program is None:
        return None
    done = subprocess.run([program, "-I", "-c", _SHOW], capture_output=True, text=True, check=False)  # noqa: S603
    version, _, path = done.stdout.strip().partition(" ")
    return (version, path) if done.returncode == 0 and path else None


def _use(wanted: str, version: str, path: str) -> None:
    match = _VERSION.search(wanted)
    if match and not version.startswith(f"{match[1]}.{match[2]}."):
        warn(f"Python {wanted} is not on this machine; the sandbox goes on with {version}")
    folder = Path(os.environ["RUNNER_TEMP"]) / "python" / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("python", "python3", f"python{'.'.join(version.split('.')[:2])}"):
        (folder / name).unlink(missing_ok=True)
        # A link would make Python look for its library in the wrong place.
        (folder / name).write_text(f'#!/bin/sh\nexec "{path}" "$@"\n', encoding="utf-8")
        (folder / name).chmod(0o755)
    first_on_path(str(folder))
    export("pythonLocation", str(Path(path).parent.parent))
    output("python-version", version)
    output("python-path", path)
    say(f"Python {version}: {path}")


if __name__ == "__main__":
    main()
