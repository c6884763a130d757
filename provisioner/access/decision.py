"""Decide, as Google would, whether a job's token becomes an account: exchange at STS, then impersonation.

Written from Google's documentation and independent of the sandbox's STS, so that each can contradict the other:
https://cloud.google.com/iam/docs/workload-identity-federation, https://cloud.google.com/iam/docs/principal-identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from provisioner.access.claims import JobContext, claims
from provisioner.access.expressions import ExpressionError, evaluate, text
from provisioner.access.model import UNKNOWN, AccessModel, Grant, Provider

Stage = Literal["mint", "exchange", "impersonate", "call", "reached"]

SUBJECT_BYTES = 127
GIVES_TOKENS = frozenset({"roles/iam.workloadIdentityUser", "roles/iam.serviceAccountTokenCreator"})
"""The predefined roles that hold iam.serviceAccounts.getAccessToken."""

_ABOVE = ("folder:folders/", "organization:")
"""Scopes above projects: a role there counts in every project below, and nobody here knows which those are."""
_PRINCIPAL = re.compile(
    r"(?P<form>principal|principalSet)://iam\.googleapis\.com/projects/(?P<number>\d+)/locations/global"
    r"/workloadIdentityPools/(?P<pool>[^/]+)/(?P<rest>.+)"
)
_HOPS = 4


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome for one job and one account.

    ``reached`` None means that a value which a plan does not know yet would decide. ``stage`` is where it was refused
    (or ``reached``), ``reason`` a stable code, ``detail`` what decided: the binding, the condition, the missing claim.
    ``provider`` is the full name of the provider that the token got furthest with.
    """

    reached: bool | None
    stage: Stage
    reason: str
    detail: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The outcome of one exchange: the attributes of the federated principal, or why there is none."""

    provider: Provider
    attributes: Mapping[str, str]
    refusal: str = ""
    detail: str = ""


def exchange(job: JobContext, provider: Provider) -> Exchange:
    """Exchange the job's token at one provider."""
    if provider.disabled:
        return Exchange(provider, {}, "provider-disabled", provider.name)
    if job.issuer != provider.issuer:
        return Exchange(provider, {}, "wrong-issuer", job.issuer)
    if job.audience is not None and job.audience not in audiences(provider):
        return Exchange(provider, {}, "wrong-audience", job.audience)
    assertion = claims(job)
    attributes = _attributes(provider, assertion)
    return attributes if attributes.refusal else _conditioned(attributes, assertion)


def audiences(provider: Provider) -> tuple[str, ...]:
    """Return what a token may be made for: the listed audiences, else the provider's own name in both spellings."""
    own = f"//iam.googleapis.com/{provider.name}"
    return provider.audiences or (f"https:{own}", own)


def _attributes(provider: Provider, assertion: Mapping[str, str]) -> Exchange:
    attributes: dict[str, str] = {}
    for name, expression in provider.mapping.items():
        if expression == UNKNOWN or name == "google.groups":
            return Exchange(provider, {}, "unknown", f"the mapping of {name}")
        try:
            attributes[name] = text(expression, assertion)
        except ExpressionError as error:
            return Exchange(provider, {}, "mapping-failed", f"{name}: {error}")
    subject = attributes.get("google.subject", "")
    if not subject or len(subject.encode()) > SUBJECT_BYTES:
        return Exchange(provider, {}, "subject-length", f"{len(subject.encode())} bytes")
    return Exchange(provider, attributes)


def _conditioned(found: Exchange, assertion: Mapping[str, str]) -> Exchange:
    condition = found.provider.condition
    if condition == UNKNOWN:
        return Exchange(found.provider, {}, "unknown", "the attribute condition")
    google = {name.removeprefix("google."): v for name, v in found.attributes.items() if name.startswith("google.")}
    attribute = {n.removeprefix("attribute."): v for n, v in found.attributes.items() if n.startswith("attribute.")}
    try:
        holds = not condition or evaluate(condition, assertion, google=google, attribute=attribute)
    except ExpressionError as error:
        return Exchange(found.provider, {}, "condition-failed", str(error))
    return found if holds is True else Exchange(found.provider, {}, "condition-false", condition)


def decide(model: AccessModel, job: JobContext, email: str) -> Decision:
    """Tell whether the job becomes the account, over any provider and any chain of accounts."""
    return decide_among(model, tuple(exchange(job, provider) for provider in model.providers), email)


def decide_among(model: AccessModel, exchanges: tuple[Exchange, ...], email: str) -> Decision:
    """Decide with exchanges made before; they depend on the job alone and serve every account.

    Of several providers the one counts with which the token gets furthest; of equals the account's own.
    """
    if email in model.disabled_accounts:
        return Decision(reached=False, stage="impersonate", reason="account-disabled", detail=email)
    if not exchanges:
        return Decision(reached=False, stage="exchange", reason="no-provider")
    decisions = [(_impersonate(model, found, email), _closeness(model, found.provider, email)) for found in exchanges]
    return max(decisions, key=lambda each: (_distance(each[0]), each[1]))[0]


def _closeness(model: AccessModel, provider: Provider, email: str) -> tuple[bool, bool]:
    pool = f"/workloadIdentityPools/{provider.pool}/"
    bound = any(pool in grant.member for grant in model.grants if grant.scope == f"account:{email}")
    return bound, provider.project == _project_of(email)


def _distance(decision: Decision) -> int:
    """Order outcomes: reached before undecided before refused late before refused early."""
    if decision.reached is not False:
        return 3 if decision.reached else 2
    return 1 if decision.stage == "impersonate" else 0


def _impersonate(model: AccessModel, found: Exchange, email: str) -> Decision:
    name = found.provider.name
    if found.refusal == "unknown":
        return Decision(reached=None, stage="exchange", reason="unknown", detail=found.detail, provider=name)
    if found.refusal:
        return Decision(reached=False, stage="exchange", reason=found.refusal, detail=found.detail, provider=name)
    outcome = max(_ways_in(model, found, email, _HOPS), key=_distance, default=None)
    refused = Decision(reached=False, stage="impersonate", reason="no-binding", detail=email, provider=name)
    return outcome or refused


def _ways_in(model: AccessModel, found: Exchange, email: str, hops: int) -> Iterator[Decision]:
    for grant in model.grants:
        if not _may_give_tokens(grant.role) or not _covers(grant, email):
            continue
        match = _matches(grant.member, found)
        if match is None or (match and _uncertain(grant)):
            yield Decision(None, "impersonate", "unknown", grant.address, found.provider.name)
        elif match:
            yield Decision(
                reached=True, stage="reached", reason="bound", detail=grant.member, provider=found.provider.name
            )
        elif hops and grant.member.startswith("serviceAccount:"):
            yield from _over(model, found, grant, hops - 1)


def _over(model: AccessModel, found: Exchange, grant: Grant, hops: int) -> Iterator[Decision]:
    """Follow a chain: the job may become the member, and the member may make tokens of the account."""
    account = grant.member.removeprefix("serviceAccount:")
    for way in _ways_in(model, found, account, hops):
        yield Decision(way.reached, way.stage, "delegated", f"{account} by {grant.address}", way.provider)


def _uncertain(grant: Grant) -> bool:
    """Whether a grant may or may not give tokens of the account: a condition, an unread role, an unknown account."""
    above = grant.scope.startswith(_ABOVE)
    return grant.conditional or above or grant.role not in GIVES_TOKENS or grant.scope.endswith(UNKNOWN)


def _may_give_tokens(role: str) -> bool:
    """Say yes to a custom role as well: nobody here knows what is in it."""
    return role in GIVES_TOKENS or not role.startswith("roles/")


def _covers(grant: Grant, email: str) -> bool:
    project = _project_of(email)
    places = {f"account:{email}", f"account:{UNKNOWN}", f"project:{project}", f"project:{UNKNOWN}"}
    return grant.scope in places or grant.scope.startswith(_ABOVE)


def _project_of(email: str) -> str:
    return email.partition("@")[2].partition(".")[0]


def _matches(member: str, found: Exchange) -> bool | None:
    """Tell whether the federated principal is, or belongs to, the member; None when nobody knows yet."""
    if member == UNKNOWN:
        return None
    if member in {"allUsers", "allAuthenticatedUsers"}:
        return True
    principal = _PRINCIPAL.fullmatch(member)
    if principal is None or principal["pool"] != found.provider.pool:
        return False
    if found.provider.number and principal["number"] != found.provider.number:
        return False
    return _in_set(principal["form"], principal["rest"], found.attributes)


def _in_set(form: str, rest: str, attributes: Mapping[str, str]) -> bool:
    kind, _, value = rest.partition("/")
    if form == "principal":
        return kind == "subject" and attributes.get("google.subject") == value
    if rest == "*":
        return True
    return kind.startswith("attribute.") and kind in attributes and attributes[kind] == value
