"""The toolkit's own identities: every role of the table is needed by the modules' calls, and none is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from provisioner.bootstrap.roles import TABLE, Account
from provisioner.sandbox.google.application import GoogleApplication, google_application
from provisioner.sandbox.google.identity.policies import read_policy, write_policy
from provisioner.sandbox.http import Request
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import open_world
from tests.roles.facts import SHARED, Roles, of_google, of_sandbox
from tests.roles.place import Place, place
from tests.roles.recording import Need

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("roles")]
FACTS = pytest.mark.parametrize("roles", [of_google, of_sandbox], ids=["of Google", "of the sandbox"])
FOLDER = "folders/345678901234"
STATE = "example-ml-terraform-state"
Wanted = set[tuple[str, str]]

BACKEND_READS = {"storage.objects.get", "storage.objects.list"}
BACKEND_WRITES = BACKEND_READS | {"storage.objects.create", "storage.objects.delete"}
PREFLIGHT = {("storage.buckets.get", "state")}  # before anything the state bucket is looked at: is it versioned?
# Google's list of methods and permissions names the wrong kind of pool here.
_CORRECTED = {
    "iam.projects.locations.workloadIdentityPools.providers.patch": [
        "iam.googleapis.com/workloadIdentityPoolProviders.update"
    ]
}
# Asked by a call only when it wants policies or lists beside the thing itself, which the provider does not.
_ASIDE = {"storage.objects.getIamPolicy", "storage.buckets.getIamPolicy"}


@pytest.fixture(scope="module")
def pricing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("toolkit")) as made:
        yield made


def wanted(needs: Iterable[Need]) -> Wanted:
    return {(need.permission, _place(need.where)) for need in needs}


def _place(where: str) -> str:
    if where.startswith("cloudbilling.googleapis.com/billingAccounts/"):
        return "billing"
    return "state" if f"/buckets/{STATE}" in where else "scope"


def table_of(account: Account) -> set[tuple[str, str]]:
    return {(each.role, each.place) for each in TABLE if each.account == account}


def short(wants: Wanted, account: Account, roles: Roles) -> Wanted:
    """Return what is wanted and in none of the account's roles in that place."""
    has = {(permission, place) for role, place in table_of(account) for permission in roles[role]}
    return wants - has


def idle(wants: Wanted, account: Account, roles: Roles) -> set[tuple[str, str]]:
    """Return the roles of which nothing is wanted in their place."""
    return {
        (role, where)
        for role, where in table_of(account)
        if not {(permission, where) for permission in roles[role]} & wants
    }


def recorded(pricing: Place, *operations: str) -> Wanted:
    """Return what the real provider's recorded calls take, for the types of the root; skips without recordings."""
    folder = SHARED / "google-provider" / "wire"
    if not folder.exists():
        pytest.skip("the recordings of the provider are not at hand")
    application = google_application(open_world(MemoryStore(), pricing.world.folder / "none"))
    types = {change["type"] for change in pricing.root.plan()["resource_changes"]}
    lines = [line for kind in sorted(types) for line in _lines(folder / f"{kind}.jsonl", operations)]
    return {need for line in lines for need in _permissions(application, line)}


def _lines(file: Path, operations: tuple[str, ...]) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    every = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in every if line["op"] in operations]


def _permissions(application: GoogleApplication, line: dict[str, Any]) -> Wanted:
    file = SHARED / "google-iam" / "method-permissions.json"
    table: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8")) | _CORRECTED
    name = application.identify(Request(line["method"], line["host"], line["path"], urlencode(line["query"]), {}))
    where = "billing" if name.startswith("billingbudgets.") else "scope"
    return {(permission, where) for permission in table.get(name, []) if permission not in _ASIDE}


@FACTS
def test_the_applying_account_holds_what_an_apply_needs_and_nothing_idle(
    pricing: Place, roles: Callable[[], Roles]
) -> None:
    wants = wanted(pricing.applied) | recorded(pricing, "create", "create_batch", "update", "delete")
    wants |= {(permission, "state") for permission in BACKEND_WRITES} | PREFLIGHT

    assert len(wants) > 50
    assert short(wants, "deploy", roles()) == set()
    assert idle(wants, "deploy", roles()) == set()


@FACTS
def test_the_planning_account_holds_what_a_plan_needs_and_nothing_idle(
    pricing: Place, roles: Callable[[], Roles]
) -> None:
    wants = wanted(pricing.refreshed) | recorded(pricing, "read")
    wants |= {(permission, "state") for permission in BACKEND_READS} | PREFLIGHT

    assert len(wants) > 15
    assert short(wants, "plan", roles()) == set()
    assert idle(wants, "plan", roles()) == set()


def test_the_planning_account_changes_nothing() -> None:
    verbs = {p.rpartition(".")[2] for role, _ in table_of("plan") for p in of_sandbox()[role]}

    assert not {verb for verb in verbs if verb.startswith(("create", "delete", "update", "set", "enable", "actAs"))}


def test_the_planning_account_reads_folders_and_nothing_in_them(pricing: Place) -> None:
    bucket = pricing.spec.buckets[0].name
    own, above = (
        f"//storage.googleapis.com/projects/_/buckets/{bucket}",
        f"//cloudresourcemanager.googleapis.com/{FOLDER}",
    )
    held = next(each for each in TABLE if each.account == "plan" and each.only_on)
    limit = {"title": "x", "expression": held.condition}
    stranger = {"role": held.role, "members": [f"serviceAccount:{pricing.email('runtime')}"], "condition": limit}

    with changed_policy(pricing, own, []):  # here the runtime account is a stranger to its bucket
        before = looked(pricing, bucket)
        with changed_policy(pricing, above, [stranger]):
            after = looked(pricing, bucket)

    assert (before, after) == ([403, 403], [200, 403])


def looked(pricing: Place, bucket: str) -> list[int]:
    """Return what the runtime account is told of a folder, and of what is in it."""
    urls = ("managedFolders/models%2F", "o/models%2Fmodel.json")
    token = pricing.token("runtime")
    return [
        pricing.call("GET", f"storage.googleapis.com/storage/v1/b/{bucket}/{url}", token=token).status for url in urls
    ]


@contextmanager
def changed_policy(pricing: Place, name: str, bindings: list[dict[str, Any]]) -> Iterator[None]:
    """Let a place have these bindings and no others for a while."""
    with pricing.world.store.transaction() as tx:
        kept = read_policy(tx, name, 3)
        write_policy(tx, name, {"version": 3, "bindings": bindings}, now=datetime.now(UTC))
    yield
    with pricing.world.store.transaction() as tx:
        write_policy(tx, name, {"version": 3, "bindings": kept.get("bindings", [])}, now=datetime.now(UTC))
