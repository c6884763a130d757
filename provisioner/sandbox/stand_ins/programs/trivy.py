"""aquasecurity/trivy-action: trivy of this machine; where there is none the job says that nothing was scanned."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from provisioner.sandbox.stand_ins.programs.workflow import flag, inputs, warn

_OPTIONS = ("severity", "format", "output", "template", "timeout", "scanners", "ignore-policy")


def main() -> None:
    """Scan, if it can be done."""
    given = inputs()
    program = shutil.which("trivy")
    if program is None:
        text = "NOT SCANNED: trivy is not installed on this machine; nothing is known of this image."
        warn(text)
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write(f"**{text}**\n")
        return
    command = [program, given["scan-type"]]
    for name in _OPTIONS:
        if given[name]:
            command += [f"--{name}", given[name]]
    if given["exit-code"]:
        command += ["--exit-code", given["exit-code"]]
    if flag(given["ignore-unfixed"]):
        command += ["--ignore-unfixed"]
    target = ["--input", given["input"]] if given["input"] else [given["image-ref"] or given["scan-ref"]]
    sys.exit(subprocess.run([*command, *target], check=False).returncode)  # noqa: S603


if __name__ == "__main__":
    main()
