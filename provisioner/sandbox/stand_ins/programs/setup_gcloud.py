"""google-github-actions/setup-gcloud: gcloud of this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

from provisioner.sandbox.stand_ins.programs.workflow import export, fail, inputs, output, say


def main() -> None:
    """Find gcloud, say its version, sign it in where the job has credentials."""
    given = inputs()
    program = shutil.which("gcloud")
    if program is None:
        fail("gcloud is not installed on this machine, and the sandbox's setup-gcloud downloads nothing")
    asked = [program, "version", "--format=json"]
    version = json.loads(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)["Google Cloud SDK"]  # noqa: S603
    output("version", version)
    export("CLOUDSDK_METRICS_ENVIRONMENT", "github-actions-setup-gcloud")
    credentials = os.environ.get("GOOGLE_GHA_CREDS_PATH")
    if credentials:
        subprocess.run([program, "--quiet", "auth", "login", "--force", f"--cred-file={credentials}"], check=True)  # noqa: S603
    project = given["project_id"] or os.environ.get("GOOGLE_CLOUD_PROJECT", "")
    if project:
        export("CLOUDSDK_CORE_PROJECT", project)
    say(f"gcloud {version}: {program}")


if __name__ == "__main__":
    main()
