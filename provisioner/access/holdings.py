"""What each account of the team may do: the roles it holds, and on what; and who else reads a state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from provisioner.access.contexts import Identity
from provisioner.access.model import AccessModel


@dataclass(frozen=True, slots=True)
class Holding:
    """One role of one account. ``scope`` and ``condition`` say where and when it counts, as ``Grant`` names them."""

    identity: str
    account: str
    role: str
    scope: str
    conditional: bool
    condition: str = ""

    def document(self) -> dict[str, object]:
        """Return the JSON shape: the fields by name."""
        return asdict(self)


def holdings(model: AccessModel, identities: Iterable[Identity]) -> tuple[Holding, ...]:
    """Return the roles of the identities' accounts, by identity, widest scope first.

    Then those of others on the folders of the environments' states, as ``<environment>/others``: the platform's own
    pull requests, where the environment lets them plan.
    """
    known = tuple(identities)
    own = tuple(found for identity in known for found in sorted(_of(model, identity), key=_order))
    return (*own, *sorted(_of_others(model, known), key=_order))


def _of(model: AccessModel, identity: Identity) -> Iterator[Holding]:
    member = f"serviceAccount:{identity.email}"
    for grant in dict.fromkeys(model.grants):
        if grant.member == member:
            yield Holding(identity.name, identity.email, grant.role, grant.scope, grant.conditional, grant.condition)


def _of_others(model: AccessModel, known: tuple[Identity, ...]) -> Iterator[Holding]:
    accounts = {f"serviceAccount:{identity.email}" for identity in known}
    states = {identity.environment.names.state_prefix: identity.environment.name for identity in known}
    for grant in dict.fromkeys(model.grants):
        kind, _, place = grant.scope.partition(":")
        name = states.get(place.partition("/")[2])
        if kind == "folder" and name is not None and grant.member not in accounts:
            account = grant.member.removeprefix("serviceAccount:")
            yield Holding(f"{name}/others", account, grant.role, grant.scope, grant.conditional, grant.condition)


def _order(holding: Holding) -> tuple[bool, str, str]:
    return (not holding.scope.startswith("project:"), holding.scope, holding.role)
