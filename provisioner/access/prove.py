"""Prove the matrix by trying: mint a job's token, exchange it, impersonate the account, call an API.

Every step is a real HTTPS call: GitHub's token endpoint as a job sees it, then
https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token and
https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import groupby
from typing import Any

import requests

from provisioner.access.acts import Act, reading
from provisioner.access.claims import JobContext
from provisioner.access.decision import Stage
from provisioner.access.matrix import AccessMatrix, Row
from provisioner.access.minting import Minter, NotExecutable, Refused
from provisioner.access.model import AccessModel, Provider
from provisioner.access.transport import make_prompt
from provisioner.errors import ProvisionError

LIFETIME = "900s"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_STS = "https://sts.googleapis.com/v1/token"
_CREDENTIALS = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Tried:
    """How far an attempt came. ``token`` is what the stage gave; never shown, never stored."""

    stage: Stage
    reason: str
    detail: str = ""
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Prover:
    """Executes the rows of a computed matrix.

    ``session`` leads to the clouds in question (proxy and certificate authority are its own; it gets an adapter for
    many small requests); ``workers`` jobs are tried at a time.
    """

    session: requests.Session
    minter: Minter
    model: AccessModel
    workers: int = 6

    def prove(self, matrix: AccessMatrix) -> AccessMatrix:
        """Return the matrix with every row executed that can be; the order stays.

        Raises ProvisionError when a service does not answer or answers nonsense: nothing was established then.
        """
        make_prompt(self.session, self.workers)
        rows = list(enumerate(matrix.rows))
        ordered = sorted(rows, key=lambda entry: repr(entry[1].case.job))
        jobs = [list(group) for _, group in groupby(ordered, key=lambda entry: entry[1].case.job)]
        with ThreadPoolExecutor(self.workers, thread_name_prefix="prove") as pool:
            done = [entry for group in pool.map(self._try_job, jobs) for entry in group]
        tried = tuple(row for _, row in sorted(done, key=lambda entry: entry[0]))
        return AccessMatrix(tried, matrix.holdings)

    def _try_job(self, entries: Sequence[tuple[int, Row]]) -> list[tuple[int, Row]]:
        attempt = _Attempt(self, entries[0][1].case.job)
        try:
            return [(position, attempt.row(row)) for position, row in entries]
        except NotExecutable as impossible:
            reason = str(impossible)
            return [(p, replace(row, how="not executable here", detail=reason)) for p, row in entries]
        except requests.RequestException as error:
            reason = f"the proof was cut short: {type(error).__name__}"
            raise ProvisionError(reason, fix="run the same again; nothing is concluded from half a proof") from error

    def provider_for(self, row: Row) -> Provider:
        """Return the provider to try: the one that the computation found to lead furthest."""
        for provider in self.model.providers:
            if provider.name == row.decision.provider:
                return provider
        raise NotExecutable("the account is reached over no provider: there is nothing to try")


@dataclass
class _Attempt:
    """One job at all its accounts; what it was given once is used again."""

    prover: Prover
    job: JobContext
    federated: dict[str, Tried] = field(default_factory=dict)

    def row(self, row: Row) -> Row:
        provider = self.prover.provider_for(row)
        if provider.name not in self.federated:
            self.federated[provider.name] = self._federate(provider)
        tried = self.federated[provider.name]
        if tried.token:
            tried = self._impersonate(tried.token, row)
        reached = tried.stage == "reached"
        return replace(
            row, how="executed", executed=reached, stage=tried.stage, reason=tried.reason, detail=tried.detail
        )

    def _federate(self, provider: Provider) -> Tried:
        minted = self.prover.minter.mint(self.job, _audience(self.job, provider))
        if isinstance(minted, Refused):
            return Tried("mint", "refused-by-github", minted.reason)
        body = {
            "audience": f"//iam.googleapis.com/{provider.name}",
            "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
            "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
            "scope": _SCOPE,
            "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
            "subjectToken": minted,
        }
        answer = self.prover.session.post(_STS, json=body, timeout=_SECONDS)
        document = _document(answer)
        if answer.status_code == HTTPStatus.OK:
            return Tried("exchange", "exchanged", token=str(document["access_token"]))
        return Tried("exchange", str(document.get("error")), str(document.get("error_description", "")))

    def _impersonate(self, federated: str, row: Row) -> Tried:
        email = row.case.identity.email
        wanted = {"lifetime": LIFETIME, "scope": [_SCOPE]}
        answer = self._post(f"{_CREDENTIALS}/{email}:generateAccessToken", federated, wanted)
        if answer.status_code != HTTPStatus.OK:
            return Tried("impersonate", *_error(answer))
        act = row.case.act or row.case.identity.proof or reading(row.case.identity.environment)
        return self._act(act, str(_document(answer)["accessToken"]))

    def _act(self, act: Act, token: str) -> Tried:
        if act.asks:
            return _answered(act, self._post(act.url, token, {"permissions": [act.permission]}))
        headers = {"Authorization": f"Bearer {token}"}
        called = self.prover.session.get(act.url, headers=headers, timeout=_SECONDS)
        if called.status_code == HTTPStatus.OK:
            return Tried("reached", "called", act.url)
        return Tried("call", *_error(called))

    def _post(self, url: str, token: str, body: Mapping[str, Any]) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return self.prover.session.post(url, json=body, headers=headers, timeout=_SECONDS)


def _audience(job: JobContext, provider: Provider) -> str:
    listed = next(iter(provider.audiences), "")
    return job.audience or listed or f"https://iam.googleapis.com/{provider.name}"


def _answered(act: Act, answer: requests.Response) -> Tried:
    """Read what ``testIamPermissions`` says: an absent list means that nothing of what was asked is held."""
    if answer.status_code != HTTPStatus.OK:
        return Tried("call", *_error(answer))
    held = act.permission in _document(answer).get("permissions", [])
    return Tried("reached", "held", act.permission) if held else Tried("call", "not-held", act.permission)


def _document(answer: requests.Response) -> Mapping[str, Any]:
    """Parse an answer; a server's own failure or anything but JSON proves nothing either way."""
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise requests.HTTPError(f"{answer.status_code} from {answer.url}")
    found = answer.json()
    if not isinstance(found, dict):
        raise requests.exceptions.InvalidJSONError(f"no object from {answer.url}")
    return found


def _error(answer: requests.Response) -> tuple[str, str]:
    error = _document(answer).get("error")
    if not isinstance(error, dict):
        return str(answer.status_code), str(error)
    return str(error.get("status", answer.status_code)), str(error.get("message", ""))
