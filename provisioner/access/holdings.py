"""What each account of the team may do: the roles it holds, and on what."""

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
    """Return the roles of the identities' accounts, by identity, widest scope first."""
    return tuple(found for identity in identities for found in sorted(_of(model, identity), key=_order))


def _of(model: AccessModel, identity: Identity) -> Iterator[Holding]:
    member = f"serviceAccount:{identity.email}"
    for grant in dict.fromkeys(model.grants):
        if grant.member == member:
            yield Holding(identity.name, identity.email, grant.role, grant.scope, grant.conditional, grant.condition)


def _order(holding: Holding) -> tuple[bool, str, str]:
    return (not holding.scope.startswith("project:"), holding.scope, holding.role)
