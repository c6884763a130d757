"""Each method of storage, keys and datasets asks for permissions that Google documents and some role holds."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from provisioner.sandbox.google import services
from provisioner.sandbox.google.identity.roles import vocabulary_permissions
from provisioner.sandbox.google.method import MethodMark, marked_methods

HINTS = Path(__file__).parents[3].parent / "shared" / "google-iam" / "method-permissions.json"
# Asked for besides, when the request needs them: access entries, reading what a PATCH changes, data of queries.
_IN_THE_HANDLER = frozenset(("bigquery.tables.updateTag", "bigquery.datasets.setIamPolicy"))


def _marks(prefixes: tuple[str, ...]) -> Iterator[MethodMark]:
    for module in pkgutil.iter_modules(services.__path__):
        if module.name.startswith(prefixes):
            loaded = import_module(f"{services.__name__}.{module.name}")
            yield from (mark for mark, _ in marked_methods(loaded) if not callable(mark.permissions))


def _asked(mark: MethodMark) -> set[str]:
    assert not callable(mark.permissions)
    return {mark.permissions} if isinstance(mark.permissions, str) else set(mark.permissions)


def test_every_permission_asked_for_is_in_the_vocabulary() -> None:
    for mark in _marks(("storage_", "cloudkms_", "bigquery_")):
        assert _asked(mark) <= vocabulary_permissions(), mark.id


def test_methods_ask_for_the_documented_permission() -> None:
    if not HINTS.exists():
        pytest.skip("the permission data is not here")
    hints = json.loads(HINTS.read_text())
    compared = 0
    for mark in _marks(("cloudkms_", "bigquery_")):
        documented = set(hints.get(mark.id, ())) - _IN_THE_HANDLER
        if not documented:
            continue
        # A PATCH and an undelete are documented with the permission to read besides.
        reads = {name for name in documented if name.endswith(".get")} if len(documented) > 1 else set()
        assert _asked(mark) == documented - reads, mark.id
        compared += 1
    assert compared > 30
