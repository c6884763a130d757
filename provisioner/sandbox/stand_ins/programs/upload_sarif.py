"""github/codeql-action/upload-sarif: findings to code scanning over its own REST call.

https://docs.github.com/rest/code-scanning/code-scanning#upload-an-analysis-as-sarif-data
"""

from __future__ import annotations

import base64
import gzip
import json
import os
from pathlib import Path

from provisioner.sandbox.stand_ins.programs.workflow import call, fail, inputs, output, say


def main() -> None:
    """Upload one file, or every SARIF file of a folder as one."""
    given = inputs()
    place = Path(given["sarif_file"])
    files = sorted(place.rglob("*.sarif")) if place.is_dir() else [place]
    if not files or not all(file.is_file() for file in files):
        fail(f"Path does not exist: {place}")
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    document = found[0] | {"runs": [run for each in found for run in each["runs"]]}
    for run in document["runs"]:
        if given["category"]:
            run.setdefault("automationDetails", {"id": f"{given['category'].rstrip('/')}/"})
    packed = base64.b64encode(gzip.compress(json.dumps(document).encode(), mtime=0)).decode()
    body = {
        "commit_sha": given["sha"] or os.environ["GITHUB_SHA"],
        "ref": given["ref"] or os.environ["GITHUB_REF"],
        "sarif": packed,
        "checkout_uri": Path(given["checkout_path"]).resolve().as_uri(),
    }
    address = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/code-scanning/sarifs"
    try:
        answer = call(address, body, os.environ["STAND_IN_TOKEN"])
    except RuntimeError as refused:
        fail(f"Code scanning did not take the findings: {refused}")
    output("sarif-id", str(answer["id"]))
    say(f"Uploaded {len(files)} file(s), sarif id {answer['id']}")


if __name__ == "__main__":
    main()
