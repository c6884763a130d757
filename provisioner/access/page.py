"""The access matrix as one self-contained page for a security reviewer: no script, no request to anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.access.picture import Account, Picture, draw

_FOLDER = Path(__file__).parent
_REASONS: Mapping[str, str] = {
    "condition-false": "The provider's condition does not hold for this job's claims.",
    "condition-failed": "The provider's condition cannot be evaluated: a claim is absent.",
    "mapping-failed": "An attribute cannot be mapped: a claim is absent.",
    "no-binding": "The exchange succeeds, but the account trusts another set of jobs.",
    "no-permission": "The account is reached, but holds no role that allows this.",
    "wrong-issuer": "The token comes from another issuer.",
    "wrong-audience": "The token is meant for somebody else.",
    "subject-length": "The subject is empty or longer than 127 bytes.",
    "provider-disabled": "The identity provider is disabled.",
    "account-disabled": "The account is disabled.",
    "no-provider": "No identity provider of the environment trusts it.",
}


@dataclass(frozen=True, slots=True)
class Environment:
    """One section of the page."""

    name: str
    picture: Picture
    accounts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Refusals:
    """All refusals for one reason."""

    reason: str
    explanation: str
    rows: Sequence[Mapping[str, Any]]
    tried: int


def page(team: str, matrix: Mapping[str, Any], *, origin: str, made: str) -> str:
    """Return the HTML for a matrix as ``AccessMatrix.document`` gives it; ``origin`` and ``made`` say where it is from.

    The document may also have ``unmanaged`` and ``unread`` (see ``live``) and ``roles``: permissions by role.
    """
    rows = matrix["rows"]
    return filled(
        "page.html.j2",
        team=team,
        summary=matrix["summary"],
        right=matrix["right"],
        origin=origin,
        made=made,
        environments=drawn(matrix),
        granted=[row for row in rows if row["expected"]],
        wrong=[row for row in rows if not row["right"]],
        refusals=_refusals(row for row in rows if not row["expected"]),
        held=matrix.get("holdings", ()),
        roles=matrix.get("roles", {}),
        unmanaged=matrix.get("unmanaged", ()),
        unread=matrix.get("unread", ()),
    )


def filled(template: str, **values: object) -> str:
    """Return one of the room's pages: every value is text in it, whatever it holds."""
    import jinja2  # noqa: PLC0415 - only pages need it

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(values)


def drawn(matrix: Mapping[str, Any]) -> list[Environment]:
    """Return one section with a picture for each environment of a matrix's document, in its order."""
    names = dict.fromkeys(row["identity"].partition("/")[0] for row in matrix["rows"])
    return [_environment(name, matrix["rows"], matrix.get("holdings", ())) for name in names]


def _environment(name: str, rows: Sequence[Mapping[str, Any]], held: Iterable[Mapping[str, Any]]) -> Environment:
    own = [row for row in rows if row["identity"].startswith(f"{name}/")]
    accounts = dict.fromkeys((row["identity"], row["account"]) for row in own)
    holding = [each for each in held if each["identity"].startswith(f"{name}/")]
    drawn = [_account(identity, own, holding) for identity, _ in accounts]
    return Environment(name, draw(drawn), list(accounts))


def _account(identity: str, rows: Sequence[Mapping[str, Any]], held: Sequence[Mapping[str, Any]]) -> Account:
    ways = {
        row["context"]: row["executed"] is True
        for row in rows
        if row["identity"] == identity and row["expected"] and not row.get("act")
    }
    persona = identity.partition("/")[2]
    reached = tuple(ways.items()) or (("nobody; Cloud Run starts services as it", True),)
    holds = [_role(each) for each in held if each["identity"] == identity]
    return Account(persona, reached if persona == "runtime" or ways else (), tuple(dict.fromkeys(holds)))


def _role(holding: Mapping[str, Any]) -> str:
    kind, _, name = holding["scope"].partition(":")
    where = name.rpartition("/")[2] if kind in {"registry", "service", "secret"} else name
    where = where.partition("@")[0] if kind == "account" else where
    shown = f"{holding['role'].removeprefix('roles/')} on {kind} {where}"
    return f"{shown}, conditional" if holding["conditional"] else shown


def _refusals(rows: Iterable[Mapping[str, Any]]) -> list[Refusals]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["reason"], []).append(row)
    counts = Counter({reason: len(each) for reason, each in found.items()})
    return [
        Refusals(
            reason, _REASONS.get(reason, reason), found[reason], sum(r["how"] == "executed" for r in found[reason])
        )
        for reason, _ in counts.most_common()
    ]
