"""The form of a hostile configuration, and what can be done only where one was applied."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from joserfc.jwk import RSAKey

from provisioner.sandbox.google.identity.keys import self_signed_certificate
from tests.attacks import attempts
from tests.attacks.attempts import Attempt, Outcome, Victim, called
from tests.attacks.cases_jobs import another_account
from tests.attacks.estate import Estate, Json
from tests.attacks.loosening import Loosening
from tests.policy.breaking import resource

FOREIGN_ISSUER = "https://token.actions.example.com"
FOREIGN_AUDIENCE = "https://github.com/example-attacker"
_IAM = "iam.googleapis.com/v1"


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


def attackers_keys() -> str:
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
