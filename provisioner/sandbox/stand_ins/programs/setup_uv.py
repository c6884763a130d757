"""astral-sh/setup-uv: uv of this machine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from provisioner.sandbox.stand_ins.programs.workflow import export, fail, first_on_path, inputs, output, say, warn


def main() -> None:
    """Find uv and put it first."""
    given = inputs()
    program = shutil.which("uv")
    if program is None:
        fail("uv is not installed on this machine, and the sandbox's setup-uv downloads nothing")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()  # noqa: S603
    version = said[1]
    if given["version"] not in {"", "latest", version}:
        warn(f"uv {given['version']} is not on this machine; the sandbox goes on with {version}")
    first_on_path(str(Path(program).parent))
    if given["python-version"]:
        export("UV_PYTHON", given["python-version"])
    output("uv-version", version)
    output("uv-path", program)
    output("uvx-path", str(Path(program).with_name("uvx")))
    output("cache-hit", "false")
    say(f"uv {version}: {program}")


if __name__ == "__main__":
    main()
