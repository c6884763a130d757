"""Whatever a token says: only the exact set gets in, and the computation knows it as well as the cloud does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.access import AccessModel, JobContext
from provisioner.access.claims import ISSUER, Repository
from provisioner.access.decision import decide
from tests.attacks.attempts import Refusal, audience_of, exchanged, impersonated, signed_by_github
from tests.attacks.estate import Estate, taken_back

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("attacks")]
Claims = dict[str, Any]
Changes = dict[str, "Value | Near"]
ABSENT = object()
BRANCH = "refs/heads/main"
IDENTITIES = ("dev/plan", "dev/deploy", "prod/plan", "prod/deploy")
# Letters that look like others, or that case folding takes for others.
_ALIKE = str.maketrans("aeopscyKi", "аеорѕсуKı")  # noqa: RUF001 - that is the attack
_MAPPED = ("repository", "ref", "actor_id", "job_workflow_ref")

legitimate = st.sampled_from(
    [
        {"event_name": event, "ref": BRANCH, "environment": environment}
        for environment, events in (
            (ABSENT, ("push", "schedule")),
            ("dev", ("push",)),
            ("prod", ("workflow_dispatch",)),
        )
        for event in events
    ]
    + [{"event_name": "pull_request", "ref": "refs/pull/7/merge", "environment": ABSENT}]
)
SIGNS = (":", "/", " ", "\n", "\x00", "0", "x", "%", "\u200b", ":push", "\u0301")
NEAR: tuple[Callable[[str, int, str], object], ...] = (
    lambda value, _at, _sign: value.upper(),
    lambda value, _at, _sign: value.title(),
    lambda value, _at, _sign: value.translate(_ALIKE),
    lambda value, _at, _sign: value[::-1],
    lambda value, _at, _sign: value * 2,
    lambda value, _at, _sign: [value],
    lambda value, _at, _sign: int(value) if value.isdecimal() else {value: value},
    lambda value, at, _sign: value[:at],
    lambda value, at, _sign: value[at:],
    lambda value, at, sign: value[:at] + sign + value[at:],
    lambda value, _at, sign: f"{sign}{value}",
    lambda value, _at, sign: f"{value}{sign}",
)


@dataclass(frozen=True)
class Value:
    """Another value in place of a claim's."""

    value: object

    def of(self, _claim: object) -> object:
        return self.value


@dataclass(frozen=True)
class Near:
    """Something like a claim's value; where there is none, the sign alone."""

    how: int
    at: int
    sign: str

    def of(self, claim: object) -> object:
        return NEAR[self.how](claim, min(self.at, len(claim)), self.sign) if isinstance(claim, str) else self.sign


anything = st.one_of(
    st.just(ABSENT),
    st.text(max_size=12),
    st.sampled_from(["dev", "prod", "push", "pull_request", BRANCH, "", "true", "91234567", "*", "'", "') || ('"]),
    st.integers(-(2**63), 2**63 - 1),  # JSON numbers beyond have no meaning in CEL
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=1),
)


edits = st.one_of(
    st.builds(Value, anything),
    st.builds(Near, st.integers(0, len(NEAR) - 1), st.integers(0, 60), st.sampled_from(SIGNS)),
)


CLAIMS = (
    *("repository_id", "repository_owner_id", "event_name", "ref", "environment", "runner_environment"),
    *("iss", "aud", "sub", "repository", "repository_owner", "actor_id", "job_workflow_ref", "ref_type"),
)
examples = given(legitimate, st.dictionaries(st.sampled_from(CLAIMS), edits, max_size=2))
some = settings(
    max_examples=50, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def claims_of(estate: Estate, place: str, job: Mapping[str, object]) -> Claims:
    repository, now = estate.repositories["fraud-detection"], int(estate.clock.now.timestamp())
    return {
        "iss": ISSUER,
        "aud": audience_of(estate, place),
        "sub": f"repo:{repository.full_name}",
        "repository": repository.full_name,
        "repository_id": repository.id,
        "repository_owner": repository.owner,
        "repository_owner_id": repository.owner_id,
        "runner_environment": "github-hosted",
        "actor_id": "583231",
        "job_workflow_ref": f"{repository.full_name}/.github/workflows/release.yaml@{BRANCH}",
        "ref_type": "branch",
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        **job,
    }


def promised(identity: str, claims: Claims, repository: Repository, audience: str) -> bool:
    """Say what the promise says, claim by claim."""
    place, _, kind = identity.rpartition("/")
    exact = {
        "iss": ISSUER,
        "repository_id": repository.id,
        "repository_owner_id": repository.owner_id,
        "runner_environment": "github-hosted",
    }
    verbatim = all(type(claims.get(name)) is str and claims[name] == value for name, value in exact.items())
    textual = all(isinstance(claims.get(name, ""), str) for name in _MAPPED)
    given = claims.get("aud")
    meant = (audience, audience.removeprefix("https:"))
    listed = given if isinstance(given, list) else [given]  # one audience or several (RFC 7519, 4.1.3)
    if not (verbatim and textual and any(each in meant for each in listed)):
        return False
    event, ref, environment = claims.get("event_name"), claims.get("ref"), claims.get("environment", "")
    if kind == "deploy":
        return (environment, ref) == (place, BRANCH) and event in ("push", "workflow_dispatch")
    if event == "pull_request":
        return place == "dev" and environment == "" and isinstance(ref, str)
    return (environment, ref) == ("", BRANCH) and event in ("push", "schedule", "workflow_dispatch")


def gets_in(estate: Estate, identity: str, claims: Claims) -> bool:
    """Ask the cloud: exchange and impersonation."""
    try:
        federated = exchanged(estate, signed_by_github(estate, claims), identity.rpartition("/")[0])
        impersonated(estate, federated, estate.email(identity))
    except Refusal:
        return False
    return True


def computed(model: AccessModel, estate: Estate, identity: str, claims: Claims) -> bool | None:
    """Ask the computation about the same token at the identity's own pool."""
    place = identity.rpartition("/")[0]
    pool = AccessModel(tuple(each for each in model.providers if each.name == estate.provider(place)), model.grants)
    names = {*claims, "environment", "ref", "event_name", "repository_id", "repository_owner_id", "runner_environment"}
    names |= {*_MAPPED}
    told: Any = tuple((name, claims.get(name)) for name in sorted(names))
    job = JobContext(
        estate.repositories["fraud-detection"],
        "push",
        BRANCH,
        issuer=claims.get("iss", ""),
        audience=claims.get("aud", ""),
        altered=told,
    )
    return decide(pool, job, estate.email(identity)).reached


def agree(estate: Estate, job: Claims, changes: Changes) -> None:
    model = AccessModel.merged(AccessModel.from_state(state) for state in estate.states.values())
    base = claims_of(estate, "prod", job)
    told = {name: change.of(base.get(name, ABSENT)) for name, change in changes.items()}
    for identity in IDENTITIES:
        audience = audience_of(estate, identity.rpartition("/")[0])
        claims = {**base, "aud": audience, **told}
        claims = {name: value for name, value in claims.items() if value is not ABSENT}
        expected = promised(identity, claims, estate.repositories["fraud-detection"], audience)
        with taken_back(estate):
            assert gets_in(estate, identity, claims) is expected, (identity, claims)
        if all(isinstance(claims.get(name, ""), str) for name in ("iss", "aud")):
            assert computed(model, estate, identity, claims) is expected, (identity, claims)


@some
@examples
def test_only_the_exact_set_gets_in(built: Estate, job: Claims, changes: Changes) -> None:
    agree(built, job, changes)


@pytest.mark.slow
@settings(some, max_examples=500)
@examples
def test_only_the_exact_set_gets_in_at_length(built: Estate, job: Claims, changes: Changes) -> None:
    agree(built, job, changes)


def test_each_identity_has_a_job_among_those_varied(built: Estate) -> None:
    jobs = [
        {"event_name": "push", "ref": BRANCH},
        *({"event_name": "push", "ref": BRANCH, "environment": name} for name in ("dev", "prod")),
    ]
    reached = {i for job in jobs for i in IDENTITIES if gets_in(built, i, claims_of(built, i.split("/")[0], job))}
    assert reached == set(IDENTITIES)
