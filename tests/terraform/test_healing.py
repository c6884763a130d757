"""From what a failure left to what mends it; foreign resources are never taken over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from provisioner.terraform.diagnostics import Diagnostic
from provisioner.terraform.errors import LockInfo
from provisioner.terraform.healing import (
    Explain,
    ImportExisting,
    PushErroredState,
    Remedy,
    Replan,
    Situation,
    Undelete,
    UnlockDead,
    Untaint,
    diagnose,
    left_in,
    soft_deleted,
    unlock,
    unsaved,
)
from provisioner.terraform.plan import Plan
from provisioner.terraform.recognition import KINDS, Existing
from provisioner.terraform.state import StateDocument
from tests.terraform.plans import change, plan, resource, state

LABELS = {"team": "fraud", "env": "dev", "managed-by": "provision-env"}
POOL = "projects/p/locations/global/workloadIdentityPools/fraud-dev-gh"
NAMES = {
    "project": "p", "location": "l", "region": "r", "name": "n", "bucket": "n", "repository_id": "i",
    "workload_identity_pool_id": "fraud-dev-gh", "workload_identity_pool_provider_id": "github",
    "role_id": "role", "secret_id": "s", "account_id": "a",
}  # fmt: skip
IMPORTED_AS = {
    "google_artifact_registry_repository": "projects/p/locations/l/repositories/i",
    "google_billing_budget": "the/api/name",
    "google_cloud_run_v2_service": "projects/p/locations/l/services/n",
    "google_cloud_scheduler_job": "projects/p/locations/r/jobs/n",
    "google_iam_workload_identity_pool": POOL,
    "google_iam_workload_identity_pool_provider": f"{POOL}/providers/github",
    "google_monitoring_notification_channel": "the/api/name",
    "google_project_iam_custom_role": "projects/p/roles/role",
    "google_pubsub_subscription": "projects/p/subscriptions/n",
    "google_pubsub_topic": "projects/p/topics/n",
    "google_secret_manager_secret": "projects/p/secrets/s",
    "google_service_account": "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com",
    "google_storage_bucket": "p/n",
    "google_storage_managed_folder": "n/managedFolders/n",
}


@dataclass
class Cloud:
    """What exists, by resource type."""

    existing: Mapping[str, Existing] = field(default_factory=dict)

    def describe(self, kind: str, values: Mapping[str, Any]) -> Existing | None:
        assert values["name"] == "n"
        return self.existing.get(kind)


def creating(kind: str, **more: object) -> Plan:
    """A plan that creates one resource of a kind, with labels and description as ours have them."""
    own = dict.fromkeys(("labels", "user_labels"), LABELS) | dict.fromkeys(("description", "display_name"), "ours")
    changes = [change(f"{kind}.this", ["create"], None, {**NAMES, **own, **more})]
    if kind == "google_storage_managed_folder":
        changes.append(change("google_storage_bucket.this", ["no-op"], {}, {**NAMES, **own}))
    return plan(*changes)


def healed(
    diagnostic: Diagnostic, given: Plan, existing: Mapping[str, Existing], held: StateDocument | None = None
) -> tuple[Remedy, ...]:
    return diagnose([diagnostic], Situation(given, held or StateDocument(), Cloud(existing)))


def conflict(kind: str) -> Diagnostic:
    return Diagnostic(
        "error", "Error creating: googleapi: Error 409: Requested entity already exists", "", f"{kind}.this"
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_ours_is_imported_under_its_id(kind: str) -> None:
    ours = Existing("the/api/name", labels={**LABELS, "more": "x"}, text="ours")
    assert healed(conflict(kind), creating(kind), {kind: ours}) == (ImportExisting(f"{kind}.this", IMPORTED_AS[kind]),)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(
    "foreign", [{}, {**LABELS, "team": "other"}, {**LABELS, "env": "prod"}, {"team": "fraud", "env": "dev"}]
)
def test_what_is_foreign_is_explained_and_never_imported(kind: str, foreign: dict[str, str]) -> None:
    (remedy,) = healed(conflict(kind), creating(kind), {kind: Existing("theirs", labels=foreign, text="theirs")})
    assert isinstance(remedy, Explain)
    assert "theirs exists already" in remedy.text
    assert remedy.address == f"{kind}.this"


@pytest.mark.parametrize("kind", ["google_service_account", "google_storage_bucket"])
def test_a_plan_without_evidence_recognises_nothing(kind: str) -> None:
    bare = creating(kind, labels={}, description="")
    (remedy,) = healed(conflict(kind), bare, {kind: Existing("x", labels={}, text="")})
    assert isinstance(remedy, Explain)


def test_a_name_that_the_plan_does_not_know_is_not_guessed() -> None:
    kind = "google_cloud_run_v2_service"
    (remedy,) = healed(conflict(kind), creating(kind, location=None), {kind: Existing("x", labels=LABELS)})
    assert isinstance(remedy, Explain)


def test_a_soft_deleted_pool_is_brought_back_first() -> None:
    kind = "google_iam_workload_identity_pool"
    gone = Existing(POOL, text="ours", deleted=True)
    assert healed(conflict(kind), creating(kind), {kind: gone}) == (
        Undelete(kind, POOL),
        ImportExisting(f"{kind}.this", POOL),
    )


def test_a_service_that_the_provider_lost_sight_of_is_imported() -> None:
    kind = "google_cloud_run_v2_service"
    lost = Diagnostic("error", "Provider produced inconsistent result after apply", "now absent", f"{kind}.this")
    assert healed(lost, creating(kind), {kind: Existing("x", labels=LABELS)}) == (
        ImportExisting(f"{kind}.this", IMPORTED_AS[kind]),
    )
    assert isinstance(healed(lost, creating(kind), {})[0], Explain)


def test_a_protected_service_is_untainted_only_when_it_is_tainted() -> None:
    address = "google_cloud_run_v2_service.this"
    text = "cannot destroy service without setting deletion_protection=false and running `terraform apply`"
    failed = Diagnostic("error", text, "", address)
    assert healed(failed, plan(), {}, state(resource(address, tainted=True))) == (Untaint(address),)
    assert isinstance(healed(failed, plan(), {}, state(resource(address)))[0], Explain)


@pytest.mark.parametrize(
    "said",
    ["googleapi: Error 503: x", "googleapi: Error 504: x", "googleapi: Error 429: x", "read: connection reset by peer",
     "Post: EOF", "Saved plan is stale", "Too many conflicts. Latest error: x"],
)  # fmt: skip
def test_what_passes_by_itself_is_planned_again(said: str) -> None:
    assert healed(Diagnostic("error", said), plan(), {}) == (Replan(said),)


@pytest.mark.parametrize("said", ["googleapi: Error 504: Deadline", "Post: EOF", "connection reset by peer"])
def test_a_create_whose_answer_was_lost_is_looked_up_before_it_is_tried_again(said: str) -> None:
    kind = "google_billing_budget"
    lost = Diagnostic("error", said, "", f"{kind}.this")
    assert healed(lost, creating(kind), {kind: Existing("the/api/name", text="ours")}) == (
        ImportExisting(f"{kind}.this", "the/api/name"),
    )
    assert healed(lost, creating(kind), {}) == (Replan(said),)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("googleapi: Error 401: Request had invalid authentication credentials", "fresh credentials"),
        ("googleapi: Error 403: Permission 'run.services.create' denied", "permission"),
        ("something never seen", ""),
    ],
)
def test_what_a_person_must_mend_is_explained(said: str, advice: str) -> None:
    (remedy,) = healed(Diagnostic("error", said, "", "a.b"), plan(), {})
    assert isinstance(remedy, Explain)
    assert (remedy.text, remedy.address) == (said, "a.b")
    assert advice in remedy.fix


def test_remedies_come_once_and_in_the_order_to_do_them() -> None:
    pool, bucket = "google_iam_workload_identity_pool", "google_storage_bucket"
    both = plan(
        change(f"{pool}.this", ["create"], None, {**NAMES, "description": "ours"}),
        change(f"{bucket}.this", ["create"], None, {**NAMES, "labels": LABELS}),
    )
    cloud = Cloud({pool: Existing(POOL, text="ours", deleted=True), bucket: Existing("b", labels=LABELS)})
    said = [
        Diagnostic("error", "Error 503"),
        Diagnostic("warning", "Error 403"),
        conflict(bucket),
        conflict(pool),
        conflict(pool),
        Diagnostic("error", "execution halted"),
    ]
    assert diagnose(said, Situation(both, StateDocument(), cloud), ["main.tf", "errored.tfstate"]) == (
        PushErroredState("errored.tfstate"),
        Undelete(pool, POOL),
        ImportExisting(f"{bucket}.this", "p/n"),
        ImportExisting(f"{pool}.this", POOL),
        Replan("Error 503"),
    )


def test_nothing_is_left_in_a_clean_root() -> None:
    assert left_in(["main.tf", "terraform.tfstate"]) == ()


def test_a_lock_is_broken_only_when_its_holder_is_known_dead() -> None:
    info = LockInfo("17", who="me@here", created="today", operation="OperationTypeApply")
    assert unlock(info, lambda _: True) == UnlockDead("17", info)
    alive = unlock(info, lambda _: False)
    assert isinstance(alive, Explain)
    assert "me@here" in alive.text
    assert isinstance(unlock(None, lambda _: True), Explain)


def test_after_a_kill_every_create_is_looked_up() -> None:
    bucket, budget, service = "google_storage_bucket", "google_billing_budget", "google_cloud_run_v2_service"
    given = plan(
        change(f"{bucket}.this", ["create"], None, {**NAMES, "labels": LABELS}),
        change(f"{budget}.this", ["create"], None, {**NAMES, "display_name": "ours"}),
        change(f"{service}.known", ["update"], {}, {**NAMES, "labels": LABELS}),
        change("google_project_service.this", ["create"], None, NAMES),
        change("google_service_account.imported", ["create"], None, NAMES, importing={"id": "x"}),
    )
    cloud = Cloud(
        {
            bucket: Existing("b", labels=LABELS),
            budget: Existing("billingAccounts/1/budgets/2", text="ours"),
            service: Existing("s", labels=LABELS),
            "google_service_account": Existing("a", text="foreign"),
        }
    )
    assert unsaved(given, cloud) == (
        ImportExisting(f"{bucket}.this", "p/n"),
        ImportExisting(f"{budget}.this", "billingAccounts/1/budgets/2"),
    )


def test_what_was_deleted_outside_but_is_still_in_the_state_is_brought_back() -> None:
    held = state(
        resource("google_iam_workload_identity_pool.this", state="DELETED", name=POOL),
        resource("google_iam_workload_identity_pool_provider.github", state="ACTIVE", name=f"{POOL}/providers/github"),
        resource("google_project_iam_custom_role.this", deleted=True, id="projects/p/roles/role"),
    )
    assert soft_deleted(held) == (
        Undelete("google_iam_workload_identity_pool", POOL),
        Undelete("google_project_iam_custom_role", "projects/p/roles/role"),
    )
