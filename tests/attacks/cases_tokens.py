"""Attacks by tokens that GitHub would not sign: other keys, other algorithms, other claims, other times."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache

from joserfc.jwk import ECKey, RSAKey

from provisioner.sandbox.github.oidc_keys import key_id, signing_key
from tests.attacks.attempts import (
    Attempt,
    Outcome,
    Victim,
    claiming,
    claims_in,
    ending,
    exchanged,
    legitimate,
    showing,
    signed,
)
from tests.attacks.estate import Estate, Json
from tests.attacks.tables import CONDITION, NO_BINDING, SIGNATURE, Attack

_NO_KEY = ("invalid_grant", "Error connecting to the given credential's issuer.")
_UNREADABLE = ("invalid_grant", "Unable to parse the ID Token.")
_STALE = ("invalid_grant", "ID Token issued at ")
_MAPPED = ("unauthorized_client", "The mapped attribute '")
_ENDED = 3600


@cache
def _attackers_key() -> RSAKey:
    return RSAKey.generate_key(2048)


def _public(estate: Estate) -> tuple[RSAKey, str]:
    with estate.world.store.transaction() as tx:
        key = signing_key(tx)
    return key, key_id(key)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _headed(estate: Estate, victim: Victim, **header: object) -> str:
    """Return head and claims of a token, without the signature."""
    head = {"typ": "JWT", "kid": _public(estate)[1], **header}
    claims = claims_in(legitimate(estate, victim))
    return f"{_encoded(json.dumps(head).encode())}.{_encoded(json.dumps(claims).encode())}"


def _stripped(estate: Estate, victim: Victim) -> str:
    return legitimate(estate, victim).rpartition(".")[0] + "."


def _two_parts(estate: Estate, victim: Victim) -> str:
    return legitimate(estate, victim).rpartition(".")[0]


def _none(estate: Estate, victim: Victim) -> str:
    return f"{_headed(estate, victim, alg='none')}."


def _none_in_capitals(estate: Estate, victim: Victim) -> str:
    return f"{_headed(estate, victim, alg='NONE')}."


def _mac_with_the_public_key(estate: Estate, victim: Victim) -> str:
    content = _headed(estate, victim, alg="HS256")
    mac = hmac.new(_public(estate)[0].as_pem(private=False), content.encode(), hashlib.sha256)
    return f"{content}.{_encoded(mac.digest())}"


def _other_key_same_kid(estate: Estate, victim: Victim) -> str:
    return signed(claims_in(legitimate(estate, victim)), _attackers_key(), _public(estate)[1])


def _unknown_kid(estate: Estate, victim: Victim) -> str:
    return signed(claims_in(legitimate(estate, victim)), _attackers_key(), "another")


def _key_in_the_head(estate: Estate, victim: Victim) -> str:
    """Bring the key that verifies the token, as a careless verifier would take it (RFC 7515, 4.1.3)."""
    content = _headed(estate, victim, alg="RS256", jwk=_attackers_key().as_dict(private=False))
    real = signed(claims_in(legitimate(estate, victim)), _attackers_key(), "another")
    return f"{content}.{real.rpartition('.')[2]}"


def _elliptic(estate: Estate, victim: Victim) -> str:
    claims = claims_in(legitimate(estate, victim))
    return signed(claims, ECKey.generate_key("P-256"), _public(estate)[1], "ES256")


def _changed_after_signing(estate: Estate, victim: Victim) -> str:
    head, _, signature = legitimate(estate, victim).split(".")
    claims: Json = claims_in(legitimate(estate, victim)) | {"environment": "dev"}
    return f"{head}.{_encoded(json.dumps(claims).encode())}.{signature}"


def _not_a_token(estate: Estate, victim: Victim) -> str:
    return f"{legitimate(estate, victim)}.more"


def at_time(**offsets: int) -> Attempt:
    """Show a token under GitHub's signature with other times, in seconds from now; None leaves one out."""

    def attempt(estate: Estate, victim: Victim) -> Outcome:
        now = int(estate.clock.now.timestamp())
        return claiming(**{name: now + seconds for name, seconds in offsets.items()})(estate, victim)

    return attempt


def kept_until(seconds: int) -> Attempt:
    """Steal a legitimate token and show it later."""

    def attempt(estate: Estate, victim: Victim) -> Outcome:
        token = legitimate(estate, victim)
        estate.clock.advance(seconds)
        exchanged(estate, token, victim.place)
        return Outcome("reached")

    return ending(attempt)


def as_claimed_by_the_attacker(estate: Estate, victim: Victim) -> Outcome:
    """Bring the victim's subject, which a repository can choose for itself, with the attacker's own numbers."""
    attacker = estate.repositories["attacker"]
    return claiming(
        repository=attacker.full_name,
        repository_id=attacker.id,
        repository_owner=attacker.owner,
        repository_owner_id=attacker.owner_id,
    )(estate, victim)


FORGED = (
    Attack("unsigned", "prod/deploy", showing(_stripped), "exchange", *SIGNATURE),
    Attack("without a signature's place", "prod/deploy", showing(_two_parts), "exchange", *_UNREADABLE),
    Attack("four parts", "prod/deploy", showing(_not_a_token), "exchange", *_UNREADABLE),
    Attack("alg none", "prod/deploy", showing(_none), "exchange", *SIGNATURE),
    Attack("alg NONE", "dev/plan", showing(_none_in_capitals), "exchange", *SIGNATURE),
    Attack("HS256 with the public key", "prod/deploy", showing(_mac_with_the_public_key), "exchange", *SIGNATURE),
    Attack("other key with the same kid", "prod/deploy", showing(_other_key_same_kid), "exchange", *SIGNATURE),
    Attack("other key, other kid", "prod/deploy", showing(_unknown_kid), "exchange", *_NO_KEY),
    Attack("own key brought along", "prod/deploy", showing(_key_in_the_head), "exchange", *SIGNATURE),
    Attack("elliptic key with the same kid", "prod/deploy", showing(_elliptic), "exchange", *_NO_KEY),
    Attack("claims changed after signing", "prod/deploy", showing(_changed_after_signing), "exchange", *SIGNATURE),
)

CLAIMS = (
    Attack("sub rewritten by a custom template", "prod/deploy", as_claimed_by_the_attacker, "exchange", *CONDITION),
    Attack("owner's name registered again", "prod/deploy", claiming(repository_owner_id="230999999",
           repository_id="1219999999"), "exchange", *CONDITION),
    Attack("repository moved to another owner", "dev/deploy", claiming(repository_owner_id="230999999"), "exchange",
           *CONDITION),
    Attack("repository made again with another id", "dev/plan", claiming(repository_id="1219999999"), "exchange",
           *CONDITION),
    Attack("repository id that begins alike", "dev/deploy", claiming(repository_id="12100000070"), "exchange",
           *CONDITION),
    Attack("repository id as a number", "dev/deploy", claiming(repository_id=1210000007), "exchange", *CONDITION),
    Attack("repository ids as a list", "dev/deploy", claiming(repository_id=["1210000007"]), "exchange", *CONDITION),
    Attack("event in capitals", "dev/deploy", claiming(event_name="PUSH"), "exchange", *CONDITION),
    Attack("runner in capitals", "dev/deploy", claiming(runner_environment="GitHub-Hosted"), "exchange", *CONDITION),
    *(
        Attack(f"no claim {claim}", identity, claiming(**{claim: None}), "exchange", *CONDITION)
        for claim in ("repository_id", "repository_owner_id", "event_name", "runner_environment")
        for identity in ("prod/deploy", "dev/plan")
    ),
    Attack("no claim ref", "prod/deploy", claiming(ref=None), "exchange", *_MAPPED),
    Attack("no claim job_workflow_ref", "churn/dev/deploy", claiming(job_workflow_ref=None), "exchange", *CONDITION),
    Attack("no claim environment", "prod/deploy", claiming(environment=None), "impersonate", *NO_BINDING),
    Attack("empty environment", "prod/deploy", claiming(environment=""), "impersonate", *NO_BINDING),
    Attack("environment of ours in another's id", "prod/deploy", claiming(environment="prod:refs/heads/main:push",
           ref=""), "impersonate", *NO_BINDING),
    Attack("other branch, where GitHub's own rule is missing", "prod/deploy", claiming(ref="refs/heads/feature"),
           "impersonate", *NO_BINDING),
    Attack("tag, where GitHub's own rule is missing", "dev/deploy", claiming(ref="refs/tags/main", ref_type="tag"),
           "impersonate", *NO_BINDING),
    Attack("pull request, where GitHub's own rule is missing", "prod/deploy",
           claiming(event_name="pull_request", ref="refs/pull/7/merge"), "impersonate", *NO_BINDING),
    Attack("over-long subject", "prod/deploy", claiming(environment="x" * 120), "exchange", "invalid_request",
           "The size of mapped attribute google.subject exceeds the 127 bytes limit."),
    Attack("wrong issuer", "prod/deploy", claiming(iss="https://token.actions.example.com"), "exchange",
           "invalid_grant", "The issuer in ID Token https://token.actions.example.com does not match the expected one"),
    Attack("an enterprise's own issuer", "prod/deploy",
           claiming(iss="https://token.actions.githubusercontent.com/example-attacker"), "exchange", "invalid_grant",
           "The issuer in ID Token https://token.actions.githubusercontent.com/example-attacker does not match"),
    Attack("no issuer", "prod/deploy", claiming(iss=None), "exchange", "invalid_grant",
           "The issuer in ID Token null does not match"),
    Attack("wrong audience", "prod/deploy", claiming(aud="https://github.com/example-attacker"), "exchange",
           "invalid_grant", "The audience in ID Token [https://github.com/example-attacker] does not match"),
    Attack("no audience", "prod/deploy", claiming(aud=None), "exchange", "invalid_grant",
           "The audience in ID Token [] does not match"),
)  # fmt: skip

TIMES = (
    Attack("expired", "prod/deploy", at_time(iat=-_ENDED, nbf=-_ENDED, exp=-61), "exchange", *_STALE),
    Attack("not yet valid", "prod/deploy", at_time(nbf=120), "exchange", *_STALE),
    Attack("issued in the future", "dev/plan", at_time(iat=120, nbf=120, exp=420), "exchange", *_STALE),
    Attack("without an end", "prod/deploy", claiming(exp=None), "exchange", *_STALE),
    Attack("without a beginning", "prod/deploy", claiming(iat=None), "exchange", *_STALE),
    Attack("stolen and shown too late", "prod/deploy", kept_until(300 + 61), "exchange", *_STALE),
)

TOKENS = (*FORGED, *CLAIMS, *TIMES)
