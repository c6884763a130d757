"""What the doctor says of a token agrees with the decision, and names the one thing that is wrong."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.access import cases
from provisioner.access.claims import JobContext, claims
from provisioner.access.decision import audiences, decide
from provisioner.access.diagnosis import Step, diagnose, read_token
from provisioner.access.model import Provider
from provisioner.errors import InvalidInput
from tests.access.models import REPOSITORY, model_of, with_condition
from tests.policy.roots import fraud_detection

TEAM = fraud_detection()
MODEL = model_of(TEAM)
DEV = TEAM.environments[0]
PROVIDER = next(each for each in MODEL.providers if each.pool == DEV.names.pool)
JOB = JobContext(REPOSITORY, "push", f"refs/heads/{DEV.branch}", "dev")
DEPLOY = f"account {DEV.account_email('deploy')}"


def token(job: JobContext = JOB, provider: Provider = PROVIDER, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    times = {"iat": now - 5, "nbf": now - 5, "exp": now + 300}
    return {**claims(job), **times, "aud": job.audience or audiences(provider)[0], **changes}


def steps(document: dict[str, Any], provider: Provider = PROVIDER) -> tuple[Step, ...]:
    return diagnose(MODEL, provider, document, datetime.now(UTC))


def reached(found: tuple[Step, ...]) -> set[str]:
    on_the_way = [each for each in found if not each.step.startswith("account ")]
    if any(each.outcome == "refused" for each in on_the_way):
        return set()
    return {each.step.removeprefix("account ") for each in found if each not in on_the_way and each.outcome == "ok"}


def refused(found: tuple[Step, ...]) -> list[str]:
    return [each.step for each in found if each.outcome == "refused" and not each.step.startswith("account ")]


def test_it_agrees_with_the_decision_for_every_job_of_the_matrix() -> None:
    checked = 0
    for case in cases(TEAM, REPOSITORY):
        spec = case.identity.environment
        provider = next(each for each in MODEL.providers if each.pool == spec.names.pool)
        said = case.identity.email in reached(steps(token(case.job, provider), provider))
        assert said is decide(MODEL, case.job, case.identity.email).reached, case.context
        checked += said
    assert checked > 10


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"exp": 1}, "times"),
        ({"nbf": 4_000_000_000}, "times"),
        ({"iss": "https://token.example.com"}, "issuer"),
        ({"aud": "https://github.com/example-ml"}, "audience"),
        ({"repository_owner_id": "1"}, "condition"),
        ({"repository_id": "1"}, "condition"),
        ({"event_name": "issue_comment"}, "condition"),
        ({"runner_environment": "self-hosted"}, "condition"),
    ],
)
def test_one_wrong_claim_is_one_refused_step(changes: dict[str, Any], step: str) -> None:
    assert refused(steps(token())) == []
    assert DEV.account_email("deploy") in reached(steps(token()))
    found = steps(token(**changes))
    assert refused(found) == [step]
    (said,) = (each for each in found if each.outcome == "refused" and each.step == step)
    assert said.fix
    if step == "condition":
        assert next(iter(changes)) in said.found


def test_a_claim_that_is_missing_is_named() -> None:
    lacking = {name: value for name, value in token().items() if name != "repository_id"}
    found = steps(lacking)
    assert "the token has no claim repository_id" in next(e.fix for e in found if e.step == "mapping google.subject")


def test_a_binding_that_is_missed_says_by_what() -> None:
    found = steps(token(replace(JOB, ref="refs/heads/feature")))
    assert refused(found) == []
    said = next(each for each in found if each.step == DEPLOY)
    assert said.outcome == "refused"
    assert "refs/heads/feature" in said.found
    assert f"refs/heads/{DEV.branch}" in said.fix


def test_a_condition_with_alternatives_is_judged_as_a_whole() -> None:
    model = with_condition(MODEL, "assertion.ref == 'a' || assertion.ref == 'b' && has(assertion.ref)")
    provider = next(each for each in model.providers if each.pool == DEV.names.pool)
    (said,) = (each for each in diagnose(model, provider, token(), datetime.now(UTC)) if each.step == "condition")
    assert "||" in said.fix


def encoded(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def test_tokens_come_as_github_gives_them() -> None:
    document = token()
    written = f"{encoded({'alg': 'RS256'})}.{encoded(document)}.c2ln"
    assert read_token(written + "\n") == document
    assert read_token(json.dumps(document)) == document
    assert read_token(json.dumps({"count": 1, "value": written})) == document


@pytest.mark.parametrize("content", ["", "a.b", "a.b.c", "[]", "{", "x" * 70_000, "e30.W10.x"])
def test_what_is_no_token_is_refused_without_being_quoted(content: str) -> None:
    assert read_token("{}") == {}
    with pytest.raises(InvalidInput) as refusal:
        read_token(content)
    assert len(content) < 3 or content not in str(refusal.value)


@pytest.mark.parametrize("value", [int(REPOSITORY.id), [REPOSITORY.id], True, {"id": REPOSITORY.id}])
def test_a_claim_of_another_type_is_not_taken_for_the_string_it_looks_like(value: object) -> None:
    found = steps(token(repository_id=value))

    assert {"condition", "mapping google.subject", "mapping attribute.repository_id"} <= set(refused(found))
    assert reached(found) == set()


def test_an_issuer_is_compared_to_the_letter() -> None:
    assert refused(steps(token(iss=f"{PROVIDER.issuer}/"))) == ["issuer"]
