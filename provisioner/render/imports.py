"""Import blocks: what exists in the cloud and is ours, but is missing in the state."""

from __future__ import annotations

import re
from collections.abc import Sequence

from provisioner.errors import ProvisionError

_STEP = r'[a-z][a-z0-9_-]*(\["[^"\\$%\n]+"\]|\[\d+\])?'
_ADDRESS = re.compile(rf"(module\.{_STEP}\.)*(?!module\.|data\.)[a-z][a-z0-9_]*\.{_STEP}")


def checked_imports(imports: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return address and id pairs in a stable order; ProvisionError for text that is no resource address."""
    for address, _ in imports:
        if not _ADDRESS.fullmatch(address):
            raise ProvisionError(
                "this is not the address of a resource",
                fix="give addresses as terraform plan shows them",
                where=address,
            )
    return tuple(sorted(set(imports)))
