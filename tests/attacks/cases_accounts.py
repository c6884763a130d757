"""Attacks on what comes after the exchange: switched-off trust, other accounts, other environments' things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.attacks.attempts import (
    EVERYTHING,
    Attempt,
    Outcome,
    Victim,
    after,
    as_the_account,
    called,
    ending,
    exchanged,
    impersonated,
    legitimate,
    reads_services,
    token_of,
)
from tests.attacks.estate import Answer, Estate
from tests.attacks.tables import NO_BINDING, NO_TARGET, UNKNOWN_TOKEN, Attack

_IAM = "iam.googleapis.com/v1"
_CREDENTIALS = "iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
_DENIED = "PERMISSION_DENIED"
NO_DELEGATION = (_DENIED, "Permission 'iam.serviceAccounts.implicitDelegation' denied on resource")


def provider_set(**fields: Any) -> Callable[[Estate, Victim], object]:
    """Change the provider's fields."""
    mask = ",".join(fields)
    return lambda estate, victim: estate.operate(
        "PATCH", f"{_IAM}/{estate.provider(victim.place)}?updateMask={mask}", fields
    )


def provider_deleted(estate: Estate, victim: Victim) -> None:
    estate.operate("DELETE", f"{_IAM}/{estate.provider(victim.place)}")


def pool_disabled(estate: Estate, victim: Victim) -> None:
    estate.operate("PATCH", f"{_IAM}/{estate.pool(victim.place)}?updateMask=disabled", {"disabled": True})


def pool_deleted(estate: Estate, victim: Victim) -> None:
    estate.operate("DELETE", f"{_IAM}/{estate.pool(victim.place)}")


def account_disabled(estate: Estate, victim: Victim) -> None:
    estate.operate("POST", f"{_account(estate, victim.identity)}:disable", {})


def account_deleted(estate: Estate, victim: Victim) -> None:
    estate.operate("DELETE", _account(estate, victim.identity))


def account_made_again(estate: Estate, victim: Victim) -> None:
    account_deleted(estate, victim)
    project = estate.spec(victim.place).project
    name = estate.email(victim.identity).partition("@")[0]
    estate.operate("POST", f"{_IAM}/projects/{project}/serviceAccounts", {"accountId": name})


def bindings_removed(estate: Estate, victim: Victim) -> None:
    estate.operate("POST", f"{_account(estate, victim.identity)}:setIamPolicy", {"policy": {"bindings": []}})


def _account(estate: Estate, identity: str) -> str:
    return f"{_IAM}/projects/-/serviceAccounts/{estate.email(identity)}"


def holding_a_federated_token(change: Callable[[Estate, Victim], object]) -> Attempt:
    """Exchange first; the change comes before the impersonation."""

    def attempt(estate: Estate, victim: Victim) -> Outcome:
        federated = exchanged(estate, legitimate(estate, victim), victim.place)
        change(estate, victim)
        impersonated(estate, federated, estate.email(victim.identity))
        return Outcome("reached")

    return ending(attempt)


def holding_an_access_token(change: Callable[[Estate, Victim], object]) -> Attempt:
    """Become the account first; the change comes before the call."""

    def attempt(estate: Estate, victim: Victim) -> Outcome:
        token = token_of(estate, victim)
        assert reads_services(estate, token, victim.place).ok
        change(estate, victim)
        return called(reads_services(estate, token, victim.place))

    return ending(attempt)


def later(seconds: int) -> Callable[[Estate, Victim], object]:
    """Let time pass."""
    return lambda estate, _victim: estate.clock.advance(seconds)


def with_another_token(token: Callable[[Estate, Victim], str]) -> Attempt:
    """Call with a token that is no account's."""
    return ending(lambda estate, victim: called(reads_services(estate, token(estate, victim), victim.place)))


def federated_of(estate: Estate, victim: Victim) -> str:
    return exchanged(estate, legitimate(estate, victim), victim.place)


def asks_for(identity: str, method: str = "generateAccessToken", **body: Any) -> Attempt:
    """Ask, as the account, for the credentials of another (or its own again)."""

    def attempt(estate: Estate, victim: Victim) -> Outcome:
        url = f"{_CREDENTIALS}/{estate.email(identity)}:{method}"
        answer = estate.call("POST", url, body or {"scope": [EVERYTHING]}, token=token_of(estate, victim))
        return called(answer)

    return ending(attempt)


def over_delegates(identity: str, *chain: str) -> Attempt:
    """Ask for another account over a chain of delegates, with the federated token."""

    def attempt(estate: Estate, victim: Victim) -> Outcome:
        delegates = [f"projects/-/serviceAccounts/{estate.email(link)}" for link in chain]
        impersonated(estate, federated_of(estate, victim), estate.email(identity), delegates=delegates)
        return Outcome("reached")

    return ending(attempt)


def lives_longer(estate: Estate, victim: Victim) -> Outcome:
    """Ask for a token of twelve hours."""
    impersonated(estate, federated_of(estate, victim), estate.email(victim.identity), lifetime="43200s")
    return Outcome("reached")


def makes_a_key(estate: Estate, victim: Victim, token: str) -> Answer:
    """Try to make a key of the own account, which would outlive the job."""
    return estate.call("POST", f"{_account(estate, victim.identity)}/keys", {}, token=token)


def binds_itself(estate: Estate, victim: Victim, token: str) -> Answer:
    """Let every repository in, as the account."""
    member = f"principalSet://iam.googleapis.com/{estate.pool(victim.place)}/*"
    policy = {"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [member]}]}
    return estate.call("POST", f"{_account(estate, victim.identity)}:setIamPolicy", {"policy": policy}, token=token)


def makes_itself_owner(estate: Estate, victim: Victim, token: str) -> Answer:
    """Take the project."""
    project = estate.spec(victim.place).project
    policy = {"bindings": [{"role": "roles/owner", "members": [f"serviceAccount:{estate.email(victim.identity)}"]}]}
    url = f"cloudresourcemanager.googleapis.com/v1/projects/{project}:setIamPolicy"
    return estate.call("POST", url, {"policy": policy}, token=token)


def opens_the_condition(estate: Estate, victim: Victim, token: str) -> Answer:
    """Loosen the provider that let it in."""
    url = f"{_IAM}/{estate.provider(victim.place)}?updateMask=attributeCondition"
    return estate.call("PATCH", url, {"attributeCondition": "assertion.repository_id != ''"}, token=token)


def reads_services_of(place: str) -> Callable[[Estate, Victim, str], Answer]:
    """List another environment's services."""
    return lambda estate, _victim, token: reads_services(estate, token, place)


SWITCHED_OFF = (
    Attack("provider disabled", "prod/deploy", after(provider_set(disabled=True)), "exchange", *NO_TARGET),
    Attack("provider deleted", "dev/plan", after(provider_deleted), "exchange", *NO_TARGET),
    Attack("pool disabled", "prod/plan", after(pool_disabled), "exchange", *NO_TARGET),
    Attack("pool deleted", "dev/deploy", after(pool_deleted), "exchange", *NO_TARGET),
    Attack("pool disabled after the exchange", "prod/deploy", holding_a_federated_token(pool_disabled), "impersonate",
           *UNKNOWN_TOKEN),
    Attack("pool deleted after the exchange", "dev/plan", holding_a_federated_token(pool_deleted), "impersonate",
           *UNKNOWN_TOKEN),
    Attack("account disabled", "prod/deploy", after(account_disabled), "impersonate", "FAILED_PRECONDITION",
           "is disabled."),
    Attack("account disabled after impersonation", "prod/deploy", holding_an_access_token(account_disabled), "call",
           *UNKNOWN_TOKEN),
    Attack("account deleted", "prod/deploy", after(account_deleted), "impersonate", *NO_BINDING),
    Attack("account deleted after impersonation", "dev/plan", holding_an_access_token(account_deleted), "call",
           *UNKNOWN_TOKEN),
    Attack("account made again", "prod/deploy", after(account_made_again), "impersonate", *NO_BINDING),
    Attack("binding removed a moment ago", "prod/deploy", after(bindings_removed), "impersonate", *NO_BINDING),
    Attack("binding removed after the exchange", "dev/plan", holding_a_federated_token(bindings_removed),
           "impersonate", *NO_BINDING),
    Attack("federated token used after its end", "prod/deploy", holding_a_federated_token(later(301)), "impersonate",
           *UNKNOWN_TOKEN),
    Attack("access token used after its end", "prod/deploy", holding_an_access_token(later(901)), "call",
           *UNKNOWN_TOKEN),
)  # fmt: skip

CREDENTIALS = (
    Attack("id token in place of an access token", "prod/deploy", with_another_token(legitimate), "call",
           *UNKNOWN_TOKEN),
    Attack("federated token without impersonation", "prod/deploy", with_another_token(federated_of), "call",
           _DENIED, "Permission 'run.services.list' denied on resource"),
    Attack("token of twelve hours", "prod/deploy", ending(lives_longer), "impersonate", "INVALID_ARGUMENT",
           "The access tokens can not have lifetimes of more than 1 hour."),
    Attack("deploy takes runtime's token", "prod/deploy", asks_for("prod/runtime"), "call", *NO_BINDING),
    Attack("deploy prolongs its own token", "dev/deploy", asks_for("dev/deploy"), "call", *NO_BINDING),
    Attack("deploy signs as runtime", "dev/deploy", asks_for("dev/runtime", "signBlob", payload="aGk="), "call",
           _DENIED, "Permission 'iam.serviceAccounts.signBlob' denied on resource"),
    Attack("deploy takes runtime's id token", "dev/deploy", asks_for("dev/runtime", "generateIdToken", audience="x"),
           "call", _DENIED, "Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource"),
    Attack("plan takes deploy's token", "dev/plan", asks_for("dev/deploy"), "call", *NO_BINDING),
    Attack("dev's deploy takes prod's token", "dev/deploy", asks_for("prod/deploy"), "call", *NO_BINDING),
    Attack("chain deploy to runtime", "prod/deploy", over_delegates("prod/runtime", "prod/deploy"), "impersonate",
           *NO_DELEGATION),
    Attack("chain plan to deploy", "dev/plan", over_delegates("dev/deploy", "dev/plan"), "impersonate", *NO_DELEGATION),
    Attack("chain over two accounts into prod", "dev/deploy",
           over_delegates("prod/deploy", "dev/deploy", "prod/plan"), "impersonate", *NO_DELEGATION),
    Attack("deploy makes itself a key", "prod/deploy", as_the_account(makes_a_key), "call", _DENIED,
           "Permission 'iam.serviceAccountKeys.create' denied on resource"),
    Attack("deploy lets everybody in", "prod/deploy", as_the_account(binds_itself), "call", _DENIED,
           "Permission 'iam.serviceAccounts.setIamPolicy' denied on resource"),
    Attack("plan lets everybody in", "dev/plan", as_the_account(binds_itself), "call", _DENIED,
           "Permission 'iam.serviceAccounts.setIamPolicy' denied on resource"),
    Attack("deploy makes itself owner", "dev/deploy", as_the_account(makes_itself_owner), "call", _DENIED,
           "The caller does not have permission"),
    Attack("plan makes itself owner", "prod/plan", as_the_account(makes_itself_owner), "call", _DENIED,
           "The caller does not have permission"),
    Attack("deploy opens the condition", "prod/deploy", as_the_account(opens_the_condition), "call", _DENIED,
           "Permission 'iam.googleapis.com/workloadIdentityPoolProviders.update' denied on resource"),
    Attack("plan opens the condition", "dev/plan", as_the_account(opens_the_condition), "call", _DENIED,
           "Permission 'iam.googleapis.com/workloadIdentityPoolProviders.update' denied on resource"),
    *(
        Attack(f"{identity} in {other}", identity, as_the_account(reads_services_of(other)), "call", _DENIED,
               "Permission 'run.services.list' denied on resource")
        for identity, other in (("dev/deploy", "prod"), ("dev/plan", "prod"), ("prod/deploy", "dev"),
                                ("dev/plan", "churn/dev"), ("churn/dev/deploy", "dev"))
    ),
)  # fmt: skip

ACCOUNTS = (*SWITCHED_OFF, *CREDENTIALS)
