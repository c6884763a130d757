"""Each method asks for the permission that Google's documentation names."""

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
_ROOMS = ("artifactregistry_", "cloudscheduler", "iam_", "logging", "monitoring_", "pubsub_", "run_", "secretmanager_")
_CHECKED_IN_THE_HANDLER = frozenset(("iam.projects.serviceAccounts.undelete",))
_OPEN_TO_ANYONE_WITH_A_TOKEN = frozenset(("iam.roles.get", "iam.roles.list"))
# Where the data spells a permission as no role does, or names another method's.
_MISSPELT = {
    "artifactregistry.dockerImages.get": "artifactregistry.dockerimages.get",
    "artifactregistry.dockerImages.list": "artifactregistry.dockerimages.list",
    "secretmanager.secrets.enable": "secretmanager.versions.enable",
    "secretmanager.secrets.disable": "secretmanager.versions.disable",
    "iam.googleapis.com/workforcePoolProviders.update": "iam.googleapis.com/workloadIdentityPoolProviders.update",
}


def _marks() -> Iterator[MethodMark]:
    for module in pkgutil.iter_modules(services.__path__):
        if module.name.startswith(_ROOMS):
            loaded = import_module(f"{services.__name__}.{module.name}")
            yield from (mark for mark, _ in marked_methods(loaded))


def _asked(mark: MethodMark) -> set[str]:
    return {mark.permissions} if isinstance(mark.permissions, str) else set(mark.permissions)  # type: ignore[arg-type]


def test_methods_ask_for_the_documented_permission() -> None:
    if not HINTS.exists():
        pytest.skip("the permission data is not here")
    hints = json.loads(HINTS.read_text())
    compared = 0
    for mark in _marks():
        if mark.id not in hints or mark.id in _CHECKED_IN_THE_HANDLER | _OPEN_TO_ANYONE_WITH_A_TOKEN:
            continue
        documented = {_MISSPELT.get(name, name) for name in hints[mark.id]}
        # A PATCH is documented with the permission to read besides; the server asks for the one to write.
        if mark.id.endswith((".patch", ".updateAsync")):
            documented = {name for name in documented if not name.endswith(".get")}
        assert _asked(mark) == documented, mark.id
        compared += 1
    assert compared > 60


def test_every_permission_asked_for_is_in_some_role() -> None:
    for mark in _marks():
        assert _asked(mark) <= vocabulary_permissions(), mark.id
