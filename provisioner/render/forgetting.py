"""What a destroy run keeps: it leaves the state, not the cloud."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from provisioner.errors import ProvisionError

_KEEPABLE = re.compile(
    r'module\.environment\.module\.(?P<collection>buckets|registries)\["(?P<key>[a-z][a-z0-9-]*)"\]'
    r"\.(?P<type>google_storage_bucket|google_artifact_registry_repository)\.this"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One bucket or registry that stays in the cloud.

    ``forgotten`` is the address it moves to before it is removed from the state.
    """

    address: str
    collection: str
    key: str
    type: str

    @property
    def forgotten(self) -> str:
        """Return an address of its own in the root, without an instance key."""
        return f"{self.type}.kept_{self.collection}_{self.key}"


def kept_parts(addresses: Iterable[str]) -> tuple[Kept, ...]:
    """Read addresses as the state lists them; ProvisionError for anything that is no bucket and no registry."""
    return tuple(sorted((_kept(address) for address in addresses), key=lambda part: part.address))


def _kept(address: str) -> Kept:
    found = _KEEPABLE.fullmatch(address)
    if found is None:
        raise ProvisionError(
            "only buckets and registries of an environment can be kept",
            fix="give addresses as terraform state list shows them",
            where=address,
        )
    return Kept(address, found["collection"], found["key"], found["type"])
