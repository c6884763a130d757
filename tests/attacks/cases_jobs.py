"""Attacks by jobs that GitHub really runs: anybody's repository, any event, any ref, any environment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.attacks.attempts import (
    Attempt,
    Outcome,
    Victim,
    a_job,
    after,
    audience_of,
    ending,
    exchanged,
    github_token,
    go_on,
    impersonated,
    legitimate,
)
from tests.attacks.estate import PINNED, Estate
from tests.attacks.tables import CONDITION, NO_BINDING, Attack

_BRANCH_RULE = 'Branch "{}" is not allowed to deploy to {} due to environment protection rules.'
_TAG_RULE = 'Tag "{}" is not allowed to deploy to {} due to environment protection rules.'


def of_repository(slug: str, **changes: Any) -> Attempt:
    """Run the same job in another repository."""

    def attempt(estate: Estate, victim: Victim) -> Outcome:
        return a_job(repository=estate.repositories[slug], **changes)(estate, victim)

    return attempt


def in_new_environment(name: str) -> Attempt:
    """Make a job environment of any name in the own repository, as its admins can, and run the job in it."""

    def make(estate: Estate, victim: Victim) -> None:
        estate.hub.environment(victim.job.repository.full_name, name.replace("/", "%2F"), "main")

    return after(make, a_job(environment=name))


def repository_made_again(estate: Estate, victim: Victim) -> Outcome:
    """Take the name of a repository that was renamed, and run the same job there."""
    owner, name = victim.job.repository.owner, victim.job.repository.name
    estate.hub.ask("PATCH", f"repos/{owner}/{name}", {"name": f"{name}-old"})
    made = estate.hub.repository(owner, name, estate.teams["fraud-detection"].environments)
    assert made.full_name == victim.job.repository.full_name
    return a_job(repository=made)(estate, victim)


def at_the_pool_of(place: str) -> Attempt:
    """Exchange the job's token at another environment's pool."""

    def attempt(estate: Estate, victim: Victim) -> Outcome:
        token = github_token(estate, victim.job, audience_of(estate, place))
        federated = exchanged(estate, token, place)
        impersonated(estate, federated, estate.email(victim.identity))
        return Outcome("reached")

    return ending(attempt)


def for_the_audience_of(place: str) -> Attempt:
    """Ask GitHub for a token meant for another pool, and show it here."""

    def attempt(estate: Estate, victim: Victim) -> Outcome:
        return go_on(estate, victim, github_token(estate, victim.job, audience_of(estate, place)))

    return ending(attempt)


def for_the_default_audience(estate: Estate, victim: Victim) -> Outcome:
    """Show the token that a job gets when it names no audience."""
    return go_on(estate, victim, github_token(estate, victim.job, ""))


def another_account(identity: str) -> Attempt:
    """Exchange the legitimate token at its own pool and ask for somebody else's account."""

    def attempt(estate: Estate, victim: Victim) -> Outcome:
        federated = exchanged(estate, legitimate(estate, victim), victim.place)
        impersonated(estate, federated, estate.email(identity))
        return Outcome("reached")

    return ending(attempt)


def reusable_workflow(workflow: str) -> Attempt:
    """Call another reusable workflow from the team's own."""
    return a_job(job_workflow_ref=workflow)


def own_workflow(estate: Estate, victim: Victim) -> Outcome:
    """Leave the pinned workflow aside and do the same in the repository's own."""
    job = replace(victim.job, job_workflow_ref="")
    return go_on(estate, victim, github_token(estate, job, audience_of(estate, victim.place)))


FOREIGN = (
    Attack("foreign owner", "prod/deploy", of_repository("attacker"), "exchange", *CONDITION),
    Attack("foreign owner", "dev/plan", of_repository("attacker"), "exchange", *CONDITION),
    Attack("other repository of the owner", "dev/deploy", of_repository("churn"), "exchange", *CONDITION),
    Attack("other repository of the owner", "prod/plan", of_repository("churn"), "exchange", *CONDITION),
    Attack("repository made again under its name", "prod/deploy", repository_made_again, "exchange", *CONDITION),
    Attack(
        "fork",
        "dev/plan",
        a_job(event_name="pull_request", ref="refs/pull/7/merge", head_repository="example-attacker/fraud-detection"),
        "mint",
        "refused-by-github",
        "A pull request from the fork example-attacker/fraud-detection gets no id token",
    ),
    Attack(
        "pull request inside the attacker's repository",
        "dev/plan",
        of_repository("attacker", event_name="pull_request", ref="refs/pull/7/merge"),
        "exchange",
        *CONDITION,
    ),
    Attack("foreign reusable workflow", "churn/dev/deploy", reusable_workflow(
        "example-attacker/workflows/.github/workflows/release.yaml@refs/heads/main"), "exchange", *CONDITION),
    Attack("trusted workflow at another ref", "churn/dev/deploy", reusable_workflow(
        PINNED.replace("heads/main", "heads/feature")), "exchange", *CONDITION),
    *(
        Attack("own workflow in place of the trusted one", identity, ending(own_workflow), "exchange", *CONDITION)
        for identity in ("churn/dev/deploy", "churn/dev/plan")
    ),
    Attack("self-hosted runner", "prod/deploy", a_job(runner_environment="self-hosted"), "exchange", *CONDITION),
    Attack("self-hosted runner", "dev/plan", a_job(runner_environment="self-hosted"), "exchange", *CONDITION),
)  # fmt: skip


EVENTS = (
    *(
        Attack(f"pull_request on {identity}", identity, a_job(
            event_name="pull_request", ref="refs/pull/7/merge", environment=None), "impersonate", *NO_BINDING)
        for identity in ("dev/deploy", "prod/deploy", "dev/runtime", "prod/plan")
    ),
    Attack(
        "pull_request in the environment",
        "prod/deploy",
        a_job(event_name="pull_request", ref="refs/pull/7/merge"),
        "mint",
        "refused-by-github",
        'Branch "refs/pull/7/merge" is not allowed to deploy to prod',
    ),
    *(
        Attack(event, identity, a_job(event_name=event), "exchange", *CONDITION)
        for event in ("pull_request_target", "workflow_run", "issue_comment", "release", "repository_dispatch")
        for identity in ("dev/deploy", "dev/plan")
    ),
    Attack("schedule", "prod/deploy", a_job(event_name="schedule"), "impersonate", *NO_BINDING),
    Attack("schedule without environment", "dev/deploy", a_job(event_name="schedule", environment=None), "impersonate",
           *NO_BINDING),
    Attack("push on runtime", "dev/runtime", a_job(), "impersonate", *NO_BINDING),
    Attack("push on runtime", "prod/runtime", a_job(), "impersonate", *NO_BINDING),
    Attack("no reviewer has approved", "prod/deploy", a_job(reviewed=""), "mint", "refused-by-github",
           "The deployment to prod is waiting for review."),
)  # fmt: skip


REFS = (
    Attack("tag", "prod/deploy", a_job(ref="refs/tags/v1.0.0"), "mint", "refused-by-github",
           _TAG_RULE.format("v1.0.0", "prod")),
    Attack("tag named like the branch", "dev/deploy", a_job(ref="refs/tags/main"), "mint", "refused-by-github",
           _TAG_RULE.format("main", "dev")),
    Attack("tag named like the branch", "prod/plan", a_job(ref="refs/tags/main"), "impersonate", *NO_BINDING),
    Attack("tag", "dev/plan", a_job(ref="refs/tags/v1.0.0"), "impersonate", *NO_BINDING),
    Attack("other branch", "dev/deploy", a_job(ref="refs/heads/feature"), "mint", "refused-by-github",
           _BRANCH_RULE.format("feature", "dev")),
    Attack("other branch", "prod/plan", a_job(ref="refs/heads/feature"), "impersonate", *NO_BINDING),
    Attack("branch that begins alike", "dev/plan", a_job(ref="refs/heads/main-2"), "impersonate", *NO_BINDING),
    Attack("branch below the branch's name", "dev/plan", a_job(ref="refs/heads/main/push"), "impersonate", *NO_BINDING),
    Attack("branch named like the environment", "prod/deploy", a_job(ref="refs/heads/prod", environment=None),
           "impersonate", *NO_BINDING),
    Attack("branch named like a binding's end", "prod/plan", a_job(ref="refs/heads/main:push"), "impersonate",
           *NO_BINDING),
)  # fmt: skip


ENVIRONMENTS = (
    Attack("missing environment", "prod/deploy", a_job(environment=None), "impersonate", *NO_BINDING),
    Attack("environment of another stage", "prod/deploy", a_job(environment="dev"), "impersonate", *NO_BINDING),
    Attack("environment of another stage", "dev/deploy", a_job(environment="prod"), "impersonate", *NO_BINDING),
    Attack("environment on plan", "dev/plan", a_job(environment="dev"), "impersonate", *NO_BINDING),
    Attack("environment in upper case", "prod/deploy", a_job(environment="PROD"), "impersonate", *NO_BINDING),
    Attack("environment that does not exist", "prod/deploy", a_job(environment="production"), "mint",
           "refused-by-github", "Environment 'production' not found in example-ml/fraud-detection."),
    Attack("look-alike environment", "prod/deploy", in_new_environment("pr0d"), "impersonate", *NO_BINDING),
    Attack("look-alike environment, Cyrillic", "prod/deploy", in_new_environment("prоd"), "impersonate",  # noqa: RUF001 - that is the attack
           *NO_BINDING),
    Attack("environment with a colon", "prod/deploy", in_new_environment("prod:refs"), "impersonate", *NO_BINDING),
    Attack("environment that ends the binding itself", "prod/deploy", in_new_environment("prod:refs/heads/main:push"),
           "impersonate", *NO_BINDING),
    Attack("environment called push", "dev/plan", in_new_environment("push"), "impersonate", *NO_BINDING),
    Attack("environment called push", "prod/deploy", in_new_environment("push"), "impersonate", *NO_BINDING),
    Attack("environment name of 120 letters", "dev/deploy", in_new_environment("x" * 120), "exchange",
           "invalid_request", "The size of mapped attribute google.subject exceeds the 127 bytes limit."),
)  # fmt: skip


POOLS = (
    Attack("token for another environment's pool", "prod/deploy", for_the_audience_of("dev"), "exchange",
           "invalid_grant", "The audience in ID Token [https://iam.googleapis.com/projects/"),
    Attack("token for another team's pool", "dev/plan", for_the_audience_of("churn/dev"), "exchange", "invalid_grant",
           "The audience in ID Token [https://iam.googleapis.com/projects/"),
    Attack("token for GitHub's default audience", "prod/deploy", ending(for_the_default_audience), "exchange",
           "invalid_grant", "The audience in ID Token [https://github.com/example-ml] does not match"),
    Attack("own job at another team's pool", "dev/deploy", at_the_pool_of("churn/dev"), "exchange", *CONDITION),
    Attack("own job through dev's pool", "prod/deploy", at_the_pool_of("dev"), "impersonate", *NO_BINDING),
    Attack("dev's deploy job asks for prod's account", "dev/deploy", another_account("prod/deploy"), "impersonate",
           *NO_BINDING),
    Attack("plan's job asks for the deploy account", "dev/plan", another_account("dev/deploy"), "impersonate",
           *NO_BINDING),
    Attack("deploy's job asks for the plan account", "dev/deploy", another_account("dev/plan"), "impersonate",
           *NO_BINDING),
    Attack("another team's job asks for the account", "churn/dev/deploy", another_account("dev/deploy"), "impersonate",
           *NO_BINDING),
)  # fmt: skip

JOBS = (*FOREIGN, *EVENTS, *REFS, *ENVIRONMENTS, *POOLS)
