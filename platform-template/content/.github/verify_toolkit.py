"""Try the toolkit's identities with this job's own token, and fail when one answers that should not, or the reverse.

The environment names the PROVIDER, the accounts PLAN, PREVIEW and DEPLOY, and the ref of the MAIN branch. How one is
tried is in verify_access.py beside this file, which teams' repositories have as well. No token is printed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import verify_access
from verify_access import Row


def rows(given: Mapping[str, str]) -> list[Row]:
    """Return what to try from this job, by its event and ref."""
    in_pull_request = given["GITHUB_EVENT_NAME"] == "pull_request"
    expected = {
        "PLAN": not in_pull_request and given["GITHUB_REF"] == given["MAIN"],
        "PREVIEW": in_pull_request,
        "DEPLOY": False,
    }
    return [Row("platform", name.lower(), given[name], given["PROVIDER"], want) for name, want in expected.items()]


def main() -> int:
    """Print a table in Markdown; 1 when a row is not as it should be."""
    url, token = os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"], os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    print("| identity | expected | found | refused at |\n|---|---|---|---|")
    words, wrong = {True: "reached", False: "refused"}, 0
    for row in rows(os.environ):
        reached, stage = verify_access.reaches(row, url, token)
        wrong += reached != row.expected
        print(f"| {row.identity} | {words[row.expected]} | {words[reached]} | {stage or '-'} |")
    if wrong:
        print(f"{wrong} of the identities are not as they should be", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
