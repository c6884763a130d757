"""The attacks that the security baseline names, one by one: none of them is without the cases that try it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.attacks.test_attacks import ALL

BASELINE = Path(__file__).parents[3] / "shared" / "design" / "security.md"
_MISSING = ("repository_id", "repository_owner_id", "event_name", "runner_environment")

# What is named, and the cases that must be there for it: identity, name, and the stage that refuses.
LISTED: Mapping[str, tuple[str, ...]] = {
    "foreign owner": ("prod/deploy: foreign owner @ exchange", "dev/plan: foreign owner @ exchange"),
    "same owner name re-registered with another id": ("prod/deploy: owner's name registered again @ exchange",),
    "repository re-created with another id": (
        "prod/deploy: repository made again under its name @ exchange",
        "dev/plan: repository made again with another id @ exchange",
    ),
    "other repository of the owner": (
        "dev/deploy: other repository of the owner @ exchange",
        "prod/plan: other repository of the owner @ exchange",
    ),
    "fork": ("dev/plan: fork @ mint", "dev/plan: pull request inside the attacker's repository @ exchange"),
    "pull_request (on deploy and runtime)": (
        "dev/deploy: pull_request on dev/deploy @ impersonate",
        "prod/deploy: pull_request on prod/deploy @ impersonate",
        "dev/runtime: pull_request on dev/runtime @ impersonate",
        "prod/deploy: pull_request in the environment @ mint",
        "prod/deploy: pull request, where GitHub's own rule is missing @ impersonate",
    ),
    "pull_request_target": (
        "dev/deploy: pull_request_target @ exchange",
        "dev/plan: pull_request_target @ exchange",
    ),
    "workflow_run": ("dev/deploy: workflow_run @ exchange", "dev/plan: workflow_run @ exchange"),
    "issue_comment": ("dev/deploy: issue_comment @ exchange", "dev/plan: issue_comment @ exchange"),
    "schedule and tag on deploy": (
        "prod/deploy: schedule @ impersonate",
        "dev/deploy: schedule without environment @ impersonate",
        "prod/deploy: tag @ mint",
        "dev/deploy: tag, where GitHub's own rule is missing @ impersonate",
    ),
    "other branch": (
        "dev/deploy: other branch @ mint",
        "prod/plan: other branch @ impersonate",
        "prod/deploy: other branch, where GitHub's own rule is missing @ impersonate",
    ),
    "tag named like the branch": (
        "dev/deploy: tag named like the branch @ mint",
        "prod/plan: tag named like the branch @ impersonate",
    ),
    "branch named like the environment": ("prod/deploy: branch named like the environment @ impersonate",),
    "missing environment": (
        "prod/deploy: missing environment @ impersonate",
        "prod/deploy: no claim environment @ impersonate",
        "prod/deploy: empty environment @ impersonate",
    ),
    "environment of another stage": (
        "prod/deploy: environment of another stage @ impersonate",
        "dev/deploy: environment of another stage @ impersonate",
    ),
    "environment name with `:` / case / look-alike": (
        "prod/deploy: environment with a colon @ impersonate",
        "prod/deploy: environment that ends the binding itself @ impersonate",
        "prod/deploy: environment in upper case @ impersonate",
        "prod/deploy: look-alike environment @ impersonate",
        "prod/deploy: look-alike environment, Cyrillic @ impersonate",
    ),
    "an environment called `push`": (
        "dev/plan: environment called push @ impersonate",
        "prod/deploy: environment called push @ impersonate",
    ),
    "`sub` rewritten by a custom template": ("prod/deploy: sub rewritten by a custom template @ exchange",),
    "foreign reusable workflow where workflows are pinned": (
        "churn/dev/deploy: foreign reusable workflow @ exchange",
        "churn/dev/deploy: trusted workflow at another ref @ exchange",
        "churn/dev/plan: own workflow in place of the trusted one @ exchange",
    ),
    "wrong audience": ("prod/deploy: wrong audience @ exchange", "prod/deploy: no audience @ exchange"),
    "wrong issuer": ("prod/deploy: wrong issuer @ exchange", "prod/deploy: no issuer @ exchange"),
    "unsigned": ("prod/deploy: unsigned @ exchange", "prod/deploy: without a signature's place @ exchange"),
    "`alg: none`": ("prod/deploy: alg none @ exchange", "dev/plan: alg NONE @ exchange"),
    "HS256 with the public key": ("prod/deploy: HS256 with the public key @ exchange",),
    "other key with the same kid": ("prod/deploy: other key with the same kid @ exchange",),
    "expired": ("prod/deploy: expired @ exchange", "prod/deploy: stolen and shown too late @ exchange"),
    "not yet valid": ("prod/deploy: not yet valid @ exchange", "dev/plan: issued in the future @ exchange"),
    "over-long subject": (
        "prod/deploy: over-long subject @ exchange",
        "dev/deploy: environment name of 120 letters @ exchange",
    ),
    "missing claims": (
        *(f"{identity}: no claim {claim} @ exchange" for claim in _MISSING for identity in ("prod/deploy", "dev/plan")),
        "prod/deploy: no claim ref @ exchange",
        "churn/dev/deploy: no claim job_workflow_ref @ exchange",
    ),
    "self-hosted runner": ("prod/deploy: self-hosted runner @ exchange", "dev/plan: self-hosted runner @ exchange"),
    "deleted or disabled provider/pool/account": (
        "prod/deploy: provider disabled @ exchange",
        "dev/plan: provider deleted @ exchange",
        "prod/plan: pool disabled @ exchange",
        "dev/deploy: pool deleted @ exchange",
        "prod/deploy: pool disabled after the exchange @ impersonate",
        "dev/plan: pool deleted after the exchange @ impersonate",
        "prod/deploy: account disabled @ impersonate",
        "prod/deploy: account disabled after impersonation @ call",
        "prod/deploy: account deleted @ impersonate",
        "dev/plan: account deleted after impersonation @ call",
    ),
    "a binding removed a moment ago": (
        "prod/deploy: binding removed a moment ago @ impersonate",
        "dev/plan: binding removed after the exchange @ impersonate",
    ),
    "a token of another team's pool": (
        "dev/plan: token for another team's pool @ exchange",
        "dev/deploy: own job at another team's pool @ exchange",
        "churn/dev/deploy: another team's job asks for the account @ impersonate",
    ),
    "plan used to deploy": (
        "dev/plan: plan deploys @ call",
        "prod/plan: plan deploys @ call",
        "dev/plan: plan pushes an image @ call",
        "dev/plan: plan's job asks for the deploy account @ impersonate",
        "dev/plan: plan takes deploy's token @ call",
    ),
    "dev's deploy used in prod": (
        "dev/deploy: dev/deploy in prod @ call",
        "dev/deploy: dev's deploy job asks for prod's account @ impersonate",
        "dev/deploy: dev's deploy takes prod's token @ call",
        "dev/deploy: dev's deploy pushes to prod @ call",
        "dev/deploy: dev's deploy publishes to prod @ call",
    ),
    "plan of team A reading, listing or writing the state of team B": tuple(
        f"dev/plan: {verb} the state of churn/dev @ call" for verb in ("reads", "lists", "writes")
    ),
    "prod's state from dev": tuple(
        f"{identity}: {verb} the state of prod @ call"
        for identity in ("dev/plan", "dev/deploy")
        for verb in ("reads", "lists", "writes")
    ),
    "an access token used after expiry": (
        "prod/deploy: access token used after its end @ call",
        "prod/deploy: federated token used after its end @ impersonate",
    ),
    "delegation chains": (
        "prod/deploy: chain deploy to runtime @ impersonate",
        "dev/plan: chain plan to deploy @ impersonate",
        "dev/deploy: chain over two accounts into prod @ impersonate",
    ),
}
TRIED = frozenset(f"{attack} @ {attack.stage}" for attack in ALL)


def named(baseline: str) -> list[str]:
    """Return what the baseline's paragraph of attacks names; a comma inside one is followed by ``or``'s verbs."""
    (paragraph,) = re.findall(r"^## Attacks .*\n(.+)\.$", baseline, re.MULTILINE)
    return re.split(r", (?!listing or )", paragraph)


@pytest.mark.parametrize("attack", LISTED, ids=str)
def test_an_attack_that_is_named_is_tried(attack: str) -> None:
    assert LISTED[attack]
    assert set(LISTED[attack]) - TRIED == set()


def test_the_names_are_the_baseline_s() -> None:
    if not BASELINE.exists():
        pytest.skip("the security baseline is not at hand")

    assert named(BASELINE.read_text(encoding="utf-8")) == list(LISTED)
