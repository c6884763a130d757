"""Id tokens of Actions jobs: the request token a job gets, and what it is exchanged for."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jwt

from provisioner.sandbox.github.errors import GithubError
from provisioner.sandbox.github.identifiers import moment_of, next_id, stamp
from provisioner.sandbox.github.jobs import claims_of
from provisioner.sandbox.github.oidc_keys import key_id, signing_key
from provisioner.sandbox.store import Transaction
from provisioner.sandbox.world import World

ISSUER = "https://token.actions.githubusercontent.com"
_JOB_TOKENS = "github/job_tokens"
_LONGEST_JOB = 6 * 3600  # seconds: the longest a job runs on a hosted runner
# As in the token that GitHub's reference prints: valid since ten minutes before, for five minutes.
_BEFORE, _LIFETIME = 600, 300


@dataclass(frozen=True, slots=True)
class JobToken:
    """What a job finds in ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN."""

    request_url: str
    request_token: str


def mint_job_token(world: World, tx: Transaction, context: Mapping[str, str]) -> JobToken:
    """Return what a job of a context (see jobs.py) would be given. Raises InvalidInput in GitHub's words."""
    number = next_id(tx, "run")
    return mint(world, tx, context, {"id": str(number), "number": str(tx.next_number("github/run-number"))})


def mint(world: World, tx: Transaction, context: Mapping[str, str], run: Mapping[str, str]) -> JobToken:
    """Return what a job of a run (``id``, ``number``, ``attempt``, ``sha``) is given. Raises InvalidInput."""
    claims = claims_of(world, tx, context, run)
    token, job = secrets.token_urlsafe(48), str(uuid.uuid4())
    ends = world.clock.now() + timedelta(seconds=_LONGEST_JOB)
    record = {"claims": claims, "job": job, "run": run["id"], "expires_at": stamp(ends)}
    tx.put(_JOB_TOKENS, _digest(token), record)
    return JobToken(f"{ISSUER}/idtoken/{run['id']}/{job}?api-version=2.0", token)


def revoke(tx: Transaction, request_token: str) -> None:
    """Forget a request token: its job is over."""
    tx.delete(_JOB_TOKENS, _digest(request_token))


def id_token(tx: Transaction, request_token: str, place: tuple[str, str], audience: str, now: datetime) -> str:
    """Return the signed id token for a job's request token; ``place`` is (run, job). Raises GithubError (401)."""
    record = tx.get(_JOB_TOKENS, _digest(request_token))
    if record is None or (record["run"], record["job"]) != place or moment_of(record["expires_at"]) <= now:
        raise GithubError(401, "The request token is not one of this job, or the job has ended.")
    claims, issued = record["claims"], int(now.timestamp())
    timed = {
        "jti": str(uuid.uuid4()),
        **claims,
        "aud": audience or f"https://github.com/{claims['repository_owner']}",
        "iss": ISSUER,
        "nbf": issued - _BEFORE,
        "exp": issued + _LIFETIME,
        "iat": issued,
    }
    key = signing_key(tx)
    return jwt.encode({"typ": "JWT", "alg": "RS256", "kid": key_id(key)}, timed, key, algorithms=["RS256"])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
