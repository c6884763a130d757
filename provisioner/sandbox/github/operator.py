"""What is there before anybody calls: the operator, its App and tokens; and what REST cannot make: owners and users.

The operator's installation token reaches every account the App is installed on and does not expire, so that one
sandbox can hold several owners; tokens made through the API are limited and last an hour, as GitHub's are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from provisioner.errors import InvalidInput
from provisioner.sandbox.github import apps, teams
from provisioner.sandbox.github.accounts import (
    ORGANIZATION,
    USER,
    create_account,
    find_account,
    membership,
    put_account,
    set_member,
)
from provisioner.sandbox.github.callers import issue_classic_token, issue_installation_token
from provisioner.sandbox.github.identifiers import stamp
from provisioner.sandbox.store import Document, Transaction
from provisioner.sandbox.world import World

OPERATOR, APP_SLUG = "platform-operator", "provision-env"
PLANS = ("free", "team", "enterprise")
# What the product asks an organisation's owner to agree to, and no more.
APP_PERMISSIONS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("administration", "actions", "contents", "workflows", "environments", "secrets"), "write"),
        **dict.fromkeys(("actions_variables", "pull_requests"), "write"),
        **dict.fromkeys(("members", "metadata"), "read"),
    }
)
_SCOPES = ("repo", "workflow", "admin:org", "delete_repo")
_HANDOUT = "github/operator"


def operator_tokens(world: World, tx: Transaction) -> Mapping[str, str]:
    """Return the operator's tokens by kind (``installation``, ``user``), making operator and App on first use."""
    kept = tx.get(_HANDOUT, "tokens")
    if kept is None:
        kept = _make_operator(tx, stamp(world.clock.now()))
        tx.put(_HANDOUT, "tokens", kept)
    return kept


def operator_token(world: World, tx: Transaction) -> str:
    """Return the operator's installation token."""
    return operator_tokens(world, tx)["installation"]


def operator_app(world: World, tx: Transaction) -> dict[str, str]:
    """Return number and private key of the operator's App, as its owner downloads it from GitHub's settings."""
    operator_tokens(world, tx)
    number = tx.get(_HANDOUT, "identity")["app_id"]  # type: ignore[index] # written together with the tokens
    return {"appId": str(number), "privateKey": apps.app_private_key(tx, number).decode()}


def _make_operator(tx: Transaction, now: str) -> Document:
    person = create_account(tx, OPERATOR, USER, now)
    app = apps.create_app(tx, APP_SLUG, person["id"], APP_PERMISSIONS, now)
    own = apps.install(tx, app, 0, now)
    tx.put(_HANDOUT, "identity", {"login": OPERATOR, "app_id": app["id"]})
    return {
        "installation": issue_installation_token(tx, own["id"], APP_PERMISSIONS, every_installation=True),
        "user": issue_classic_token(tx, person["id"], _SCOPES),
    }


def seed_github(  # noqa: PLR0913 - one optional argument per thing to seed
    world: World,
    tx: Transaction,
    *,
    owner: str,
    plan: str = "",
    users: Iterable[str] = (),
    teams_wanted: Iterable[Mapping[str, Any]] = (),
) -> list[str]:
    """Make an organisation with the App installed, users and teams, where they are missing; say what was made.

    ``teams_wanted`` have ``slug`` and ``members`` (logins). The operator becomes an owner of the organisation; users
    become members. ``plan`` is free, team or enterprise; without one the sandbox's switch decides. Raises InvalidInput.
    """
    if plan and plan not in PLANS:
        raise InvalidInput(f"{plan!r} is no GitHub plan", fix=f"use one of {', '.join(PLANS)}")
    operator_tokens(world, tx)
    now, made = stamp(world.clock.now()), list[str]()
    org = _account(tx, owner, ORGANIZATION, now, made)
    if plan and org.get("plan") != plan:
        org["plan"] = plan
        put_account(tx, org)
    for login in (OPERATOR, *users):
        _member(tx, org, login, now, made)
    for wanted in teams_wanted:
        _team(tx, org, wanted, now, made)
    return made


def _account(tx: Transaction, login: str, kind: str, now: str, made: list[str]) -> Document:
    existing = find_account(tx, login)
    if existing is None:
        try:
            existing = create_account(tx, login, kind, now)
        except ValueError as problem:
            raise InvalidInput(str(problem)) from None
        made.append(f"GitHub {'organization' if kind == ORGANIZATION else 'user'} {login}")
    if existing["type"] != kind:
        raise InvalidInput(f"{login} is a GitHub {existing['type'].lower()} already", fix="choose another name")
    if kind == ORGANIZATION:
        app = apps.find_app(tx, APP_SLUG)
        if app:
            apps.install(tx, app, existing["id"], now)
    return existing


def _member(tx: Transaction, org: Document, login: str, now: str, made: list[str]) -> Document:
    account = _account(tx, login, USER, now, made)
    if not membership(tx, org["id"], account["id"]):
        set_member(tx, org["id"], account["id"], "admin" if login == OPERATOR else "member")
    return account


def _team(tx: Transaction, org: Document, wanted: Mapping[str, Any], now: str, made: list[str]) -> None:
    team = teams.find(tx, org["id"], wanted["slug"])
    if team is None:
        team = teams.create(tx, org, wanted["slug"], now)
        made.append(f"GitHub team {org['login']}/{team['slug']}")
    for login in wanted.get("members", ()):
        account = _member(tx, org, login, now, made)
        if not teams.member_role(tx, team, account["id"]):
            teams.add_member(tx, team, account["id"])


def lay_foundations(world: World, tx: Transaction, plan: Mapping[str, Any]) -> list[str]:
    """Make what a seed plan names (``githubOwner``, ``githubPlan``, ``users``, ``teams``); return what was made."""
    if not plan.get("githubOwner"):
        return []
    chosen = {"owner": plan["githubOwner"], "plan": plan.get("githubPlan") or ""}
    return seed_github(world, tx, **chosen, users=plan.get("users", ()), teams_wanted=plan.get("teams", ()))
