"""hashicorp/setup-terraform: Terraform of this machine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from provisioner.sandbox.stand_ins.programs.workflow import fail, first_on_path, flag, inputs, say, warn


def main() -> None:
    """Find Terraform and put it first."""
    given = inputs()
    if given["cli_config_credentials_token"]:
        fail("The sandbox's setup-terraform does not play the input cli_config_credentials_token")
    program = shutil.which("terraform")
    if program is None:
        fail("terraform is not installed on this machine, and the sandbox's setup-terraform downloads nothing")
    asked = [program, "version", "-json"]
    said = json.loads(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)  # noqa: S603
    version = said["terraform_version"]
    if given["terraform_version"] not in {"latest", version}:
        warn(f"Terraform {given['terraform_version']} is not on this machine; the sandbox goes on with {version}")
    if flag(given["terraform_wrapper"]):
        warn("The sandbox's setup-terraform has no wrapper: steps have no stdout, stderr and exitcode as outputs")
    first_on_path(str(Path(program).parent))
    say(f"Terraform {version}: {program}")


if __name__ == "__main__":
    main()
