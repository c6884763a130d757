"""The stand-in sends what the real provider was recorded to send, and is content with the recorded answers."""

from __future__ import annotations

import pytest

from tests.sandbox.provider.case import PROVIDER, Case, resource
from tests.sandbox.provider.cases import IDENTITY_CASES, STORAGE_CASES
from tests.sandbox.provider.conftest import MakeRoot
from tests.sandbox.provider.recordings import SHARED, Player, load, recorded_changes
from tests.sandbox.provider.service_cases import SERVICE_CASES
from tests.sandbox.provider.world import Cloud

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not SHARED.exists(), reason="the recordings of the real provider are not here"),
]

# The recorded read is that of another object; then what no resource sends: Terraform's backend, the provider block.
READS_ANOTHER = {("google_service_account_iam_member", "create"), ("google_cloud_run_v2_service", "create_minimal")}
ELSEWHERE = {"backend.gcs", "provider.configure"}


def _ids(case: Case) -> str:
    return f"{case.type}-{case.create}"


@pytest.mark.parametrize("case", [*IDENTITY_CASES, *STORAGE_CASES, *SERVICE_CASES], ids=_ids)
def test_a_life_sends_what_the_real_provider_sends(make_root: MakeRoot, case: Case) -> None:
    player = Player(load(case.type))
    root = make_root(player, PROVIDER + case.body)

    player.start(case.create)
    root.apply()
    assert player.strangers == []
    assert player.changes() == recorded_changes(player.steps[case.create])
    assert player.distinct() <= {step.key for step in player.steps[case.create]}

    player.start("nothing")
    assert root.actions() == {}
    assert player.strangers == []

    player.start("read")
    root.run("plan")  # the recorded object may have been changed since: only what is asked counts
    if (case.type, case.create) not in READS_ANOTHER:
        assert player.distinct() == {step.key for step in player.steps["read"]}

    if case.update:
        player.start("update")
        root.write(PROVIDER + case.changed)
        root.ok("apply", "-auto-approve", "-refresh=false")
        assert player.strangers == []
        assert player.changes() == recorded_changes(player.steps["update"])
        player.start("nothing")
        assert root.actions() == {}

    player.start(case.delete)
    root.ok("destroy", "-auto-approve", "-refresh=false")
    assert player.changes() == recorded_changes(player.steps[case.delete])
    assert player.strangers == []


def test_services_enabled_together_go_in_one_call(make_root: MakeRoot) -> None:
    player = Player(load("google_project_service"))
    (batch,) = [body for (key, body) in recorded_changes(player.steps["create_batch"]) if "batchEnable" in key[2]]
    names = "\n".join(f'    "{name}",' for name in batch["serviceIds"])
    body = f"for_each = toset([\n{names}\n  ])\n  service = each.key"
    root = make_root(player, PROVIDER + resource("google_project_service", body), pace=0.3)
    player.start("create_batch")
    root.ok("apply", "-auto-approve", "-parallelism=30")
    assert player.changes() == recorded_changes(player.steps["create_batch"])
    assert player.strangers == []


def test_reading_a_project_asks_for_it_and_its_billing(make_root: MakeRoot) -> None:
    player = Player(load("data.google_project"))
    root = make_root(
        player,
        PROVIDER + 'data "google_project" "it" {}\noutput "number" {\n  value = data.google_project.it.number\n}\n',
    )
    player.start("read")
    root.apply()
    assert player.distinct() == {step.key for step in player.steps["read"]}
    assert root.ok("output", "number") == '"420000000042"\n'


def test_no_recording_is_left_out() -> None:
    played = {case.type for case in (*IDENTITY_CASES, *STORAGE_CASES, *SERVICE_CASES)}
    played |= {"data.google_project", *ELSEWHERE}
    assert {path.stem for path in (SHARED / "wire").glob("*.jsonl")} == played


def test_every_recorded_operation_is_played() -> None:
    for case in (*IDENTITY_CASES, *STORAGE_CASES, *SERVICE_CASES):
        siblings = [each for each in (*IDENTITY_CASES, *STORAGE_CASES, *SERVICE_CASES) if each.type == case.type]
        played = {operation for each in siblings for operation in (each.create, each.delete)}
        played |= {"read", *({"create_batch"} if case.type == "google_project_service" else ())}
        played |= {"update"} if any(each.update for each in siblings) else set()
        assert set(load(case.type)) <= played, case.type


def test_a_provider_block_asks_who_it_is(make_root: MakeRoot, cloud: Cloud) -> None:
    (recorded,) = load("provider.configure")["configure"]
    root = make_root(cloud, PROVIDER + 'data "google_client_config" "me" {}\n')
    root.ok("plan")
    asked = [request for request in cloud.asked if request.host == recorded.key[1]]
    assert {(request.method, request.host, request.path) for request in asked} == {recorded.key[:3]}
    assert recorded.status == cloud(asked[0]).status
