"""Try each identity with this job's own token, and fail when one answers that should not, or the other way round.

Reads the list that provision-env wrote (.provision-env/access.json). Standard library only, so that nothing has to be
installed in a job that can mint tokens. No token is printed. The exchange is that of
https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STS = "https://sts.googleapis.com/v1/token"
CREDENTIALS = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
REFUSALS = frozenset({400, 401, 403, 404})
TIMEOUT = 20


@dataclass(frozen=True)
class Row:
    """One identity, whether it should answer, and the provider to ask through."""

    environment: str
    identity: str
    account: str
    provider: str
    expected: bool


def rows(entries: list[dict[str, str]], variables: dict[str, str], ref: str) -> list[Row]:
    """Return what to try: plan answers on the environment's own branch, deploy and runtime never."""
    found = []
    for entry in entries:
        provider, plan = variables[entry["provider_variable"]], variables[entry["plan_variable"]]
        accounts = {"plan": plan, "deploy": entry["deploy"], "runtime": entry["runtime"]}
        found += [
            Row(entry["environment"], kind, account, provider, kind == "plan" and ref == entry["ref"])
            for kind, account in accounts.items()
        ]
    return found


def reaches(row: Row, request_url: str, request_token: str) -> tuple[bool, str]:
    """Return whether the identity answered, and at which stage it was refused: mint, exchange or impersonate."""
    audience = urllib.parse.quote(f"https://iam.googleapis.com/{row.provider}", safe="")
    minted = _call(f"{request_url}&audience={audience}", request_token, None)
    if minted is None:
        return False, "mint"
    exchange = {
        "audience": f"//iam.googleapis.com/{row.provider}",
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
        "scope": SCOPE,
        "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
        "subjectToken": minted["value"],
    }
    federated = _call(STS, None, exchange)
    if federated is None:
        return False, "exchange"
    wanted = {"scope": [SCOPE], "lifetime": "300s"}
    answer = _call(f"{CREDENTIALS}/{row.account}:generateAccessToken", federated["access_token"], wanted)
    return (True, "") if answer is not None else (False, "impersonate")


def _call(url: str, token: str | None, body: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the answer, or None when it is a refusal; anything else is an error of the run, not a finding."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    if not url.startswith("https://"):
        raise ValueError("tokens travel over https only")
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - https is checked above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - https is checked above
            return dict(json.load(answer))
    except urllib.error.HTTPError as refusal:
        if refusal.code in REFUSALS:
            return None
        raise


def main() -> int:
    """Print a table in Markdown; 1 when a row is not as it should be."""
    entries = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    url, token = os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"], os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    print("| environment | identity | expected | found | refused at |\n|---|---|---|---|---|")
    wrong = 0
    for row in rows(entries, dict(os.environ), os.environ["GITHUB_REF"]):
        reached, stage = reaches(row, url, token)
        wrong += reached != row.expected
        words = {True: "reached", False: "refused"}
        print(f"| {row.environment} | {row.identity} | {words[row.expected]} | {words[reached]} | {stage or '-'} |")
    if wrong:
        print(f"{wrong} of the identities are not as they should be", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
