"""Hostile configurations: who loosens what, which rule says no, which question turns red, which attack then works."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from joserfc.jwk import RSAKey

from provisioner.sandbox.google.identity.keys import self_signed_certificate
from tests.attacks import attempts
from tests.attacks.attempts import Attempt, Outcome, Victim, a_job, as_the_account, called, ending
from tests.attacks.cases_accounts import asks_for, makes_itself_owner, reads_services_of
from tests.attacks.cases_jobs import another_account, in_new_environment, of_repository, reusable_workflow
from tests.attacks.cases_things import deploys_as, lists_state, publishes
from tests.attacks.estate import Estate, Json
from tests.attacks.loosening import (
    Loosening,
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
from tests.policy.breaking import resource

FOREIGN_ISSUER = "https://token.actions.example.com"
FOREIGN_AUDIENCE = "https://github.com/example-attacker"
_IAM = "iam.googleapis.com/v1"
_GITHUB = "https://token.actions.githubusercontent.com"
_FOREIGN_WORKFLOW = "example-attacker/workflows/.github/workflows/deploy.yaml@refs/heads/main"
_BOUND = "attribute.repo_env_ref_event/{id}"


@dataclass(frozen=True)
class Hostile:
    """``attack`` on ``identity`` is refused until ``changes`` are made in ``place``; ``rules`` refuse their plan.

    ``question`` is the row of the access matrix that turns red; empty where the loosening leads past all jobs, so that
    the plan's rule is the only one to see it.
    """

    name: str
    place: str
    changes: tuple[Loosening, ...]
    rules: frozenset[str]
    identity: str
    attack: Attempt
    question: str

    def __str__(self) -> str:
        return self.name


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048)


def _keys() -> str:
    return json.dumps({"keys": [{**_key().as_dict(private=False), "kid": "attacker", "alg": "RS256", "use": "sig"}]})


def over_the_second_provider(estate: Estate, victim: Victim, token: str) -> Outcome:
    """Exchange at the provider that was added, and go on as ever."""
    body = {
        "audience": f"//iam.googleapis.com/{estate.pool(victim.place)}/providers/second",
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
        "scope": attempts.EVERYTHING,
        "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
        "subjectToken": token,
    }
    answer = estate.call("POST", "sts.googleapis.com/v1/token", body)
    if not answer.ok:
        return Outcome("exchange", answer.body["error"], answer.body["error_description"])
    access = attempts.impersonated(estate, answer.body["access_token"], estate.email(victim.identity))
    return called(attempts.reads_services(estate, access, victim.place))


def _audience(estate: Estate, victim: Victim) -> str:
    return f"https://iam.googleapis.com/{estate.pool(victim.place)}/providers/second"


def self_issued(estate: Estate, victim: Victim) -> Outcome:
    """Show a token of the attacker's own issuer that claims to be the legitimate job."""
    claims = attempts.claims_in(attempts.legitimate(estate, victim))
    claims |= {"iss": FOREIGN_ISSUER, "aud": _audience(estate, victim)}
    return over_the_second_provider(estate, victim, attempts.signed(claims, _key(), "attacker"))


def from_the_attackers_repository(estate: Estate, victim: Victim) -> Outcome:
    """Run the job in the attacker's repository and exchange at the second provider."""
    job = replace(victim.job, repository=estate.repositories["attacker"])
    return over_the_second_provider(estate, victim, attempts.github_token(estate, job, _audience(estate, victim)))


def for_a_foreign_audience(estate: Estate, victim: Victim) -> Outcome:
    """Show a token that the job gave to somebody else."""
    return attempts.go_on(estate, victim, attempts.github_token(estate, victim.job, FOREIGN_AUDIENCE))


def with_a_key(estate: Estate, victim: Victim) -> Outcome:
    """Sign as the account with a key that was uploaded for it (AIP-4111)."""
    email, now = estate.email(victim.identity), int(estate.clock.now.timestamp())
    found = estate.operate("GET", f"{_IAM}/projects/-/serviceAccounts/{email}/keys?keyTypes=USER_MANAGED")
    kid = next((key["name"].rpartition("/")[2] for key in found.get("keys", [])), "none")
    claims = {"iss": email, "sub": email, "aud": "https://run.googleapis.com/", "iat": now, "exp": now + 600}
    return called(attempts.reads_services(estate, attempts.signed(claims, _key(), kid), victim.place))


@dataclass(frozen=True)
class KeyOf:
    """A key of an account; the attacker keeps the private half."""

    identity: str

    def in_plan(self, estate: Estate, plan: Json) -> None:
        """See Loosening."""
        more = {"service_account_id": estate.email(self.identity), "public_key_data": self._certificate(estate)}
        plan["resource_changes"].append(resource("google_service_account_key", more))

    def in_cloud(self, estate: Estate) -> None:
        """See Loosening."""
        place = f"{_IAM}/projects/-/serviceAccounts/{estate.email(self.identity)}/keys:upload"
        estate.operate("POST", place, {"publicKeyData": self._certificate(estate)})

    def _certificate(self, estate: Estate) -> str:
        private = load_pem_private_key(_key().as_pem(private=True), None)
        assert isinstance(private, RSAPrivateKey)
        now = estate.clock.now
        made = self_signed_certificate(private, "attacker", now, now + timedelta(days=30))
        return base64.b64encode(made.public_bytes(Encoding.PEM)).decode()


def becomes_runtime(estate: Estate, victim: Victim) -> Outcome:
    """Let the deploy job become what the services run as."""
    return another_account(f"{victim.place}/runtime")(estate, victim)


def may_create_services(estate: Estate, victim: Victim) -> Outcome:
    """Ask, as the account, whether it could deploy."""
    project = estate.spec(victim.place).project
    url = f"cloudresourcemanager.googleapis.com/v1/projects/{project}:testIamPermissions"
    token = attempts.token_of(estate, victim)
    answer = estate.call("POST", url, {"permissions": ["run.services.create"]}, token=token)
    assert answer.ok
    return attempts.REACHED if answer.body.get("permissions") else Outcome("call", "not held", "run.services.create")


def constant(estate: Estate) -> Mapping[str, str]:
    """Map every token to the attribute that prod's deploy account trusts."""
    bound = f"'{estate.repositories['fraud-detection'].id}:prod:refs/heads/main:push'"
    return {"google.subject": "assertion.sub", "attribute.repo_env_ref_event": bound}


def from_the_claims(_estate: Estate) -> Mapping[str, str]:
    """Map as the module does."""
    bound = "assertion.repository_id + ':' + assertion.environment + ':' + assertion.ref + ':' + assertion.event_name"
    return {"google.subject": "assertion.repository_id", "attribute.repo_env_ref_event": bound}


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
            (SecondProvider("prod", FOREIGN_ISSUER, "assertion.repository_owner_id != ''", from_the_claims, _keys),),
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
