"""How an attack is carried out: from a job to a token, the exchange, the impersonation and a call."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.jwk import Key

from provisioner.access import JobContext
from provisioner.access.decision import Stage
from provisioner.errors import InvalidInput
from provisioner.sandbox.github import mint_job_token
from provisioner.sandbox.github.oidc_keys import key_id, signing_key
from provisioner.sandbox.http import Request
from tests.attacks.estate import Answer, Estate, Json

EVERYTHING = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True)
class Outcome:
    """Where an attempt ended, with the code and the words of whoever ended it."""

    stage: Stage
    code: str = ""
    words: str = ""


REACHED = Outcome("reached")


class Refusal(Exception):
    """Carries the outcome from the stage that refused."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.words)
        self.outcome = outcome


@dataclass(frozen=True)
class Victim:
    """The identity attacked (``prod/deploy``) and the job that is nearest to reaching it, or does."""

    identity: str
    job: JobContext

    @property
    def place(self) -> str:
        """Return the environment, as Estate names it."""
        return self.identity.rpartition("/")[0]


class Attempt(Protocol):
    """One way of attacking; ends with an outcome in place of an exception."""

    def __call__(self, estate: Estate, victim: Victim) -> Outcome:
        """Try it."""


def github_token(estate: Estate, job: JobContext, audience: str, **more: str) -> str:
    """Return the id token that GitHub signs for a job. Raises Refusal where its rules keep the job from having one."""
    context = {
        "repository": job.repository.full_name,
        "event_name": job.event_name,
        "ref": job.ref,
        "environment": job.environment or "",
        "workflow_ref": job.workflow_ref,
        "job_workflow_ref": job.job_workflow_ref,
        "runner_environment": job.runner_environment,
        "reviewed": "true",
        **more,
    }
    try:
        with estate.world.store.transaction() as tx:
            given = mint_job_token(estate.world, tx, {name: value for name, value in context.items() if value})
    except InvalidInput as refused:
        raise Refusal(Outcome("mint", "refused-by-github", refused.reason)) from None
    parts = urlsplit(given.request_url)
    headers = {"authorization": f"bearer {given.request_token}"}
    query = f"{parts.query}&audience={audience}"
    answer = estate.hub.application(Request("GET", parts.hostname or "", parts.path, query, headers))
    assert answer.status == 200, answer.body
    return str(json.loads(answer.body)["value"])


def audience_of(estate: Estate, place: str) -> str:
    """Return what a token for an environment's provider is made for."""
    return f"https://iam.googleapis.com/{estate.provider(place)}"


def legitimate(estate: Estate, victim: Victim) -> str:
    """Return GitHub's token for the victim's own job."""
    return github_token(estate, victim.job, audience_of(estate, victim.place))


def claims_in(token: str) -> Json:
    """Return what a token asserts."""
    payload = token.split(".")[1]
    found: Json = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def signed_by_github(estate: Estate, claims: Mapping[str, Any]) -> str:
    """Sign what GitHub itself never would, with GitHub's key."""
    with estate.world.store.transaction() as tx:
        key = signing_key(tx)
    return signed(claims, key, key_id(key))


def signed(claims: Mapping[str, Any], key: Key, kid: str, algorithm: str = "RS256") -> str:
    """Return a compact JWT."""
    return jwt.encode({"typ": "JWT", "alg": algorithm, "kid": kid}, dict(claims), key, algorithms=[algorithm])


def altered(estate: Estate, victim: Victim, **changes: Any) -> str:
    """Return the legitimate token with claims changed, or left out by None, under GitHub's own signature."""
    claims = {**claims_in(legitimate(estate, victim)), **changes}
    return signed_by_github(estate, {name: value for name, value in claims.items() if value is not None})


def exchanged(estate: Estate, token: str, place: str) -> str:
    """Return the federated token. Raises Refusal."""
    body = {
        "audience": f"//iam.googleapis.com/{estate.provider(place)}",
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
        "scope": EVERYTHING,
        "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
        "subjectToken": token,
    }
    answer = estate.call("POST", "sts.googleapis.com/v1/token", body)
    if not answer.ok:
        raise Refusal(Outcome("exchange", answer.body["error"], answer.body["error_description"]))
    return str(answer.body["access_token"])


def impersonated(estate: Estate, federated: str, email: str, **more: Any) -> str:
    """Return an account's access token. Raises Refusal."""
    url = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:generateAccessToken"
    answer = estate.call("POST", url, {"scope": [EVERYTHING], "lifetime": "900s", **more}, token=federated)
    if not answer.ok:
        raise Refusal(refusal_in("impersonate", answer))
    return str(answer.body["accessToken"])


def called(answer: Answer) -> Outcome:
    """Read how a call with an account's token ended."""
    return REACHED if answer.ok else refusal_in("call", answer)


def refusal_in(stage: Stage, answer: Answer) -> Outcome:
    """Read an error of any of Google's APIs: the newer ones name a status, storage a reason."""
    assert answer.status < 500, answer
    error = answer.body.get("error")
    if not isinstance(error, dict):
        return Outcome(stage, str(answer.status), str(answer.body))
    code = error.get("status") or error["errors"][0]["reason"]
    return Outcome(stage, code, error["message"])


def reads_services(estate: Estate, token: str, place: str) -> Answer:
    """List an environment's services: what plan and deploy both may."""
    spec = estate.spec(place)
    return estate.call(
        "GET", f"run.googleapis.com/v2/projects/{spec.project}/locations/{spec.region}/services", token=token
    )


def token_of(estate: Estate, victim: Victim) -> str:
    """Return an access token of the victim's account, got by the legitimate job."""
    federated = exchanged(estate, legitimate(estate, victim), victim.place)
    return impersonated(estate, federated, estate.email(victim.identity))


def go_on(estate: Estate, victim: Victim, token: str) -> Outcome:
    """Take an id token all the way: exchange, impersonation, a harmless call."""
    access = impersonated(estate, exchanged(estate, token, victim.place), estate.email(victim.identity))
    return called(reads_services(estate, access, victim.place))


def ending(attempt: Attempt) -> Attempt:
    """Let a refusal at any stage be the outcome."""

    def tried(estate: Estate, victim: Victim) -> Outcome:
        try:
            return attempt(estate, victim)
        except Refusal as refusal:
            return refusal.outcome

    return tried


def work(estate: Estate, victim: Victim) -> Outcome:
    """Do what the victim's own job does."""
    return go_on(estate, victim, legitimate(estate, victim))


def a_job(**changes: Any) -> Attempt:
    """Run another job, as GitHub lets anybody: same but for these changes."""
    more = {name: changes.pop(name) for name in ("head_repository", "reviewed") if name in changes}

    def attempt(estate: Estate, victim: Victim) -> Outcome:
        job = replace(victim.job, **changes)
        return go_on(estate, victim, github_token(estate, job, audience_of(estate, victim.place), **more))

    return ending(attempt)


def claiming(**changes: Any) -> Attempt:
    """Show the legitimate token with other claims under GitHub's signature."""
    return ending(lambda estate, victim: go_on(estate, victim, altered(estate, victim, **changes)))


def showing(forge: Callable[[Estate, Victim], str]) -> Attempt:
    """Show a token made in some other way."""
    return ending(lambda estate, victim: go_on(estate, victim, forge(estate, victim)))


def as_the_account(act: Callable[[Estate, Victim, str], Answer]) -> Attempt:
    """Become the account by right and then do something that is none of its business."""
    return ending(lambda estate, victim: called(act(estate, victim, token_of(estate, victim))))


def after(change: Callable[[Estate, Victim], object], attempt: Attempt = work) -> Attempt:
    """Change something as the operator first."""

    def tried(estate: Estate, victim: Victim) -> Outcome:
        change(estate, victim)
        return attempt(estate, victim)

    return ending(tried)
