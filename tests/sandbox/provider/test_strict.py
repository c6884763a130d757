"""What a strict Terraform would refuse, and why the stand-in does it all the same: the real provider does.

Terraform lets providers on the legacy SDK plan and store what the configuration does not say, because the stand-in
answers with ``legacy_type_system``. Without it every difference below would be an error; so each has its reason.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioner.sandbox.provider.fields import Field
from provisioner.sandbox.provider.suppress import hidden
from provisioner.sandbox.provider.values import UNKNOWN
from tests.sandbox.provider.bodies import PROVIDER
from tests.sandbox.provider.calls import Provider, Value
from tests.sandbox.provider.configurations import around, leaves, values_of
from tests.sandbox.provider.conftest import MakeRoot
from tests.sandbox.provider.shelf import Shelf
from tests.sandbox.provider.test_leaves import BY_THE_SERVER, generic
from tests.sandbox.provider.test_tables import known
from tests.sandbox.provider.world import Cloud

# What a strict Terraform would call an inconsistency, and why the real provider has it.
ZERO = "the legacy SDK has no null: it stores a zero"
DEFAULT = "the legacy SDK fills in a default itself"
FILLED = "the server fills in a block that is not written"
FULL = "a grant keeps the full name of what it is for"
SPELLING = "a rule takes both spellings for the same"
REASONS = {ZERO, DEFAULT, FILLED, FULL, SPELLING}


def _told(part: Field, wanted: Value, there: Value) -> Iterator[str]:
    """Yield why a value differs from the one that was wanted; nothing where both agree."""
    if wanted is UNKNOWN or wanted == there or "writeonly" in part.flags:
        return
    if part.is_block and isinstance(there, list) and len(wanted) == len(there):
        for old, new in zip(wanted, there, strict=True):
            for inner in part.parts:
                yield from _told(inner, old[inner.name], new[inner.name])
    elif wanted is not None or part.is_block or not part.computed:
        yield _reason(part, wanted, there) or f"{part.name}: {wanted!r} became {there!r}"


def _reason(part: Field, wanted: Value, there: Value) -> str | None:
    if wanted is None and part.default is not None and there == part.default:
        return DEFAULT
    if there is not UNKNOWN and not wanted and not there:
        return ZERO
    if part.is_block and part.computed and not wanted:
        return FILLED
    if hidden(part.flags.get("same"), there, wanted):
        return FULL if str(there).endswith(f"/{wanted}") else SPELLING
    return None


def _differences(provider: Provider, name: str, config: Value) -> Iterator[str]:
    planned, _ = provider.plan(name, None, config)
    state = provider.apply(name, None, planned, config)
    for part in known().resources[name].fields:
        yield from _told(part, config[part.name], planned[part.name])
        yield from _told(part, planned[part.name], state[part.name])


@pytest.mark.parametrize("name", generic())
def test_every_inconsistency_has_a_reason(name: str) -> None:
    shelf = Shelf()
    provider, fields = Provider(shelf, known()), known().resources[name].fields
    found: set[str] = set()
    for path, leaf in leaves(fields):
        shelf.documents.clear()
        if path != ("id",) and (name, ".".join(path)) not in BY_THE_SERVER:
            found |= set(_differences(provider, name, around(fields, path, values_of(leaf)[0])))
    assert found - REASONS == set()


@pytest.mark.e2e
def test_a_strict_terraform_refuses_what_the_reasons_name(make_root: MakeRoot, cloud: Cloud) -> None:
    bucket = 'resource "google_storage_bucket" "it" {\n  name = "acme-data"\n  location = "eu"\n}\n'
    text = make_root(cloud, PROVIDER + bucket, legacy_type_system=False).fails("apply", "-auto-approve")
    assert "Provider produced invalid plan" in text
    assert ".location" in text
    make_root(cloud, PROVIDER + bucket).apply()
