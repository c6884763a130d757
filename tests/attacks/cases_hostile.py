"""Hostile configurations: who loosens what, which rule says no, which question turns red, which attack then works."""

from __future__ import annotations

import re

from tests.attacks.attempts import a_job, as_the_account, ending
from tests.attacks.cases_accounts import asks_for, makes_itself_owner, reads_services_of
from tests.attacks.cases_jobs import another_account, in_new_environment, of_repository, reusable_workflow
from tests.attacks.cases_things import deploys_as, lists_state, publishes
from tests.attacks.hostile import (
    FOREIGN_AUDIENCE,
    FOREIGN_ISSUER,
    Hostile,
    KeyOf,
    attackers_keys,
    becomes_runtime,
    constant,
    for_a_foreign_audience,
    from_the_attackers_repository,
    from_the_claims,
    may_create_services,
    self_issued,
    with_a_key,
)
from tests.attacks.loosening import (
    OnAccount,
    OnBucket,
    OnFolder,
    OnProject,
    SecondProvider,
    account,
    audiences,
    condition,
    data_bucket,
    everybody,
    mapping,
    of_pool,
    state_bucket,
)

_GITHUB = "https://token.actions.githubusercontent.com"
_FOREIGN_WORKFLOW = "example-attacker/workflows/.github/workflows/deploy.yaml@refs/heads/main"
_BOUND = "attribute.repo_env_ref_event/{id}"


CONDITIONS = (
    Hostile("condition without the runner", "prod",
            (condition("prod", lambda text: text.split(" && has(assertion.runner_environment)")[0]),),
            frozenset({"PE-WIF-003"}), "prod/deploy", a_job(runner_environment="self-hosted"), "self-hosted runner"),
    Hostile("condition without the pinned workflow", "churn/dev",
            (condition("churn/dev", lambda text: text.split(" && has(assertion.job_workflow_ref)")[0]),),
            frozenset({"PE-WIF-003"}), "churn/dev/deploy", reusable_workflow(_FOREIGN_WORKFLOW),
            "foreign reusable workflow"),
    Hostile("condition with one more event, bound too", "prod",
            (condition("prod", lambda text: text.replace("'pull_request']", "'pull_request','workflow_run']")),
             OnAccount("prod/plan", of_pool("prod", f"{_BOUND}::refs/heads/main:workflow_run"))),
            frozenset({"PE-WIF-003", "PE-WIF-004"}), "prod/plan", a_job(event_name="workflow_run"), "workflow_run"),
    Hostile("no condition worth the name, whole pool bound", "prod",
            (condition("prod", lambda _: "assertion.repository_id != ''"),
             OnAccount("prod/deploy", of_pool("prod", "*"))),
            frozenset({"PE-WIF-003", "PE-WIF-004"}), "prod/deploy", of_repository("attacker"), "foreign owner"),
    Hostile("condition on the owner only, repository left to the binding of everybody", "dev",
            (condition("dev", lambda text: re.sub(r" && assertion.repository_id in \[[^\]]*\]", "", text)),
             OnAccount("dev/deploy", of_pool("dev", "*"))),
            frozenset({"PE-WIF-003", "PE-WIF-004"}), "dev/deploy", of_repository("churn"),
            "other repository of the owner"),
)  # fmt: skip

BINDINGS = (
    Hostile("binding by the repository's id alone", "prod",
            (OnAccount("prod/deploy", of_pool("prod", "attribute.repository_id/{id}")),),
            frozenset({"PE-WIF-004"}), "prod/deploy", a_job(environment=None), "push on main"),
    Hostile("binding of the whole pool", "prod", (OnAccount("prod/deploy", of_pool("prod", "*")),),
            frozenset({"PE-WIF-004"}), "prod/deploy", a_job(environment="dev"), "push on main, environment dev"),
    Hostile("binding of pull requests to deploy", "dev",
            (OnAccount("dev/deploy", of_pool("dev", "attribute.repo_event/{id}::pull_request")),),
            frozenset({"PE-WIF-004"}), "dev/deploy",
            a_job(event_name="pull_request", ref="refs/pull/7/merge", environment=None), "pull_request into main"),
    Hostile("binding of pull requests to prod's plan", "prod",
            (OnAccount("prod/plan", of_pool("prod", "attribute.repo_event/{id}::pull_request")),),
            frozenset({"PE-WIF-004"}), "prod/plan", a_job(event_name="pull_request", ref="refs/pull/7/merge"),
            "pull_request into main"),
    Hostile("binding of a schedule to deploy", "prod",
            (OnAccount("prod/deploy", of_pool("prod", f"{_BOUND}:prod:refs/heads/main:schedule")),),
            frozenset({"PE-WIF-004"}), "prod/deploy", a_job(event_name="schedule"), "schedule, environment prod"),
    Hostile("binding of another branch", "prod",
            (OnAccount("prod/plan", of_pool("prod", f"{_BOUND}::refs/heads/feature:push")),),
            frozenset({"PE-WIF-004"}), "prod/plan", a_job(ref="refs/heads/feature"), "other branch"),
    Hostile("binding of a tag", "prod",
            (OnAccount("prod/plan", of_pool("prod", f"{_BOUND}::refs/tags/main:push")),),
            frozenset({"PE-WIF-004"}), "prod/plan", a_job(ref="refs/tags/main"), "tag named like the branch"),
    Hostile("binding of an environment to plan", "prod",
            (OnAccount("prod/plan", of_pool("prod", f"{_BOUND}:dev:refs/heads/main:push")),),
            frozenset({"PE-WIF-004"}), "prod/plan", a_job(environment="dev"), "push on main, environment dev"),
    Hostile("prod trusts dev's pool", "prod",
            (OnAccount("prod/deploy", of_pool("dev", f"{_BOUND}:dev:refs/heads/main:push")),),
            frozenset({"PE-WIF-004"}), "dev/deploy", another_account("prod/deploy"),
            "prod/deploy: push on main, environment dev"),
    Hostile("CI becomes runtime", "prod",
            (OnAccount("prod/runtime", of_pool("prod", f"{_BOUND}:prod:refs/heads/main:push")),),
            frozenset({"PE-WIF-004", "PE-IAM-007"}), "prod/deploy", becomes_runtime,
            "prod/runtime: push on main, environment prod"),
    Hostile("everybody may become deploy", "prod", (OnAccount("prod/deploy", everybody),),
            frozenset({"PE-IAM-004"}), "prod/deploy", a_job(environment=None), "push on main"),
)  # fmt: skip

PROVIDERS = (
    Hostile("attribute that leaves the event out", "prod",
            (mapping("prod", repo_env_ref_event="assertion.repository_id + ':' + (has(assertion.environment) ? "
                     "assertion.environment : '') + ':' + assertion.ref + ':push'"),),
            frozenset({"PE-WIF-006"}), "prod/deploy", a_job(event_name="schedule"), "schedule, environment prod"),
    Hostile("attribute by the beginning of a name", "prod",
            (mapping("prod", repo_env_ref_event="assertion.repository_id + ':' + (has(assertion.environment) ? "
                     "(assertion.environment.startsWith('prod') ? 'prod' : assertion.environment) : '') + ':' + "
                     "assertion.ref + ':' + assertion.event_name"),),
            frozenset({"PE-WIF-006"}), "prod/deploy", in_new_environment("prod-canary"),
            "push on main, environment prod:refs/heads/main"),
    Hostile("attribute with the branch fixed", "prod",
            (mapping("prod", repo_env_ref_event="assertion.repository_id + ':' + (has(assertion.environment) ? "
                     "assertion.environment : '') + ':refs/heads/main:' + assertion.event_name"),),
            frozenset({"PE-WIF-006"}), "prod/plan", a_job(ref="refs/heads/feature"), "other branch"),
    Hostile("foreign audience accepted", "prod", (audiences("prod", FOREIGN_AUDIENCE),),
            frozenset({"PE-WIF-007"}), "prod/deploy", ending(for_a_foreign_audience),
            "wrong audience, environment prod"),
    Hostile("second provider that maps everybody to the job", "prod",
            (SecondProvider("prod", _GITHUB, "assertion.repository_owner_id != ''", constant),),
            frozenset({"PE-WIF-002", "PE-WIF-003", "PE-WIF-006"}), "prod/deploy",
            ending(from_the_attackers_repository), "foreign owner"),
    Hostile("second provider of the attacker's own issuer", "prod",
            (SecondProvider("prod", FOREIGN_ISSUER, "assertion.repository_owner_id != ''", from_the_claims,
                            attackers_keys),),
            frozenset({"PE-WIF-002", "PE-WIF-003"}), "prod/deploy", ending(self_issued),
            "wrong issuer, environment prod"),
)  # fmt: skip

GRANTS = (
    Hostile("plan may make deploy's tokens", "prod",
            (OnAccount("prod/deploy", account("prod/plan"), "roles/iam.serviceAccountTokenCreator"),),
            frozenset({"PE-IAM-006"}), "prod/plan", asks_for("prod/deploy"), "prod/deploy: push on main"),
    Hostile("plan may make every account's tokens", "prod",
            (OnProject("prod", "roles/iam.serviceAccountTokenCreator", account("prod/plan")),),
            frozenset({"PE-IAM-003"}), "prod/plan", asks_for("prod/deploy"), "prod/deploy: push on main"),
    Hostile("plan may deploy", "prod", (OnProject("prod", "roles/run.developer", account("prod/plan")),),
            frozenset({"PE-IAM-005"}), "prod/plan", may_create_services, "push on main, may create a service"),
    Hostile("deploy owns the project", "prod", (OnProject("prod", "roles/owner", account("prod/deploy")),),
            frozenset({"PE-IAM-002"}), "prod/deploy", as_the_account(makes_itself_owner), ""),
    Hostile("dev's deploy in prod", "prod", (OnProject("prod", "roles/run.developer", account("dev/deploy")),),
            frozenset({"PE-IAM-005"}), "dev/deploy", as_the_account(reads_services_of("prod")),
            "push on main, environment dev, lists the services of prod"),
    Hostile("dev's deploy acts as prod's runtime", "prod",
            (OnAccount("prod/runtime", account("dev/deploy"), "roles/iam.serviceAccountUser"),),
            frozenset({"PE-IAM-006"}), "dev/deploy", as_the_account(deploys_as("prod/runtime")), ""),
    Hostile("deploy acts as plan", "prod",
            (OnAccount("prod/plan", account("prod/deploy"), "roles/iam.serviceAccountUser"),),
            frozenset({"PE-IAM-006"}), "prod/deploy", as_the_account(deploys_as("prod/plan")), ""),
    Hostile("dev's plan reads the whole state bucket", "dev",
            (OnBucket(state_bucket, "roles/storage.objectViewer", account("dev/plan")),),
            frozenset({"PE-STATE-001"}), "dev/plan", as_the_account(lists_state("prod")),
            "push on main, lists the state of prod"),
    Hostile("dev's deploy in prod's bucket", "prod",
            (OnBucket(data_bucket("prod"), "roles/storage.objectUser", account("dev/deploy")),),
            frozenset({"PE-IAM-008"}), "dev/deploy", as_the_account(publishes("prod", "data/x.json")), ""),
    Hostile("dev's plan reads prod's folder", "prod",
            (OnFolder("prod", "roles/storage.objectViewer", account("dev/plan")),),
            frozenset({"PE-STATE-002"}), "dev/plan", as_the_account(lists_state("prod")),
            "push on main, lists the state of prod"),
    Hostile("key for deploy", "prod", (KeyOf("prod/deploy"),), frozenset({"PE-SA-001"}), "prod/deploy", with_a_key, ""),
)  # fmt: skip

HOSTILE = (*CONDITIONS, *BINDINGS, *PROVIDERS, *GRANTS)
