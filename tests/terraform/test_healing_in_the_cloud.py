"""Failures as the sandbox's Google Cloud makes them, and the remedies carried out until the next plan is empty."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from provisioner.cloud.google import GoogleCloud, connect
from provisioner.cloud.session import Network
from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed
from provisioner.terraform.binary import find_terraform
from provisioner.terraform.errors import StaleLock, StateLocked, TerraformFailed
from provisioner.terraform.healing import (
    Explain,
    ImportExisting,
    Remedy,
    Situation,
    Undelete,
    diagnose,
    left_in,
    unsaved,
)
from provisioner.terraform.identity import ProcessIdentity, is_alive
from provisioner.terraform.runner import Runner
from tests.terraform.conftest import SEARCH_PATH
from tests.terraform.roots import Gate

pytestmark = pytest.mark.e2e

PROJECT = "fraud-dev-1"
LABELS = {"team": "fraud", "env": "dev", "managed-by": "provision-env"}
BUCKET = {"name": "fraud-dev-data", "location": "EU", "project": PROJECT, "labels": LABELS}
POOL = {"workload_identity_pool_id": "fraud-dev-gh", "project": PROJECT, "description": "Jobs of fraud in dev"}
SERVICE = {"google_project_service": {"iam": {"project": PROJECT, "service": "iam.googleapis.com"}}}
BLOCK = {"region": "europe-west1", "batching": {"enable_batching": True, "send_after": "10ms"}}
PROVIDER = {"google": {"source": "hashicorp/google", "version": "~> 7.0"}}


@pytest.fixture(scope="module")
def handle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    started = ensure(tmp_path_factory.mktemp("sandbox"), idle_seconds=300)
    yield started
    started.stop()


class Environment:
    """One root with its state in the sandbox, a runner for it and a look at the cloud."""

    def __init__(self, handle: Handle, root: Path, cloud: GoogleCloud) -> None:
        self.handle, self.root, self.cloud = handle, root, cloud
        self.given = {**handle.environment(), "PATH": SEARCH_PATH}
        self.started: list[ProcessIdentity] = []
        self.runner = self.another()

    def another(self) -> Runner:
        """A runner as a later process would have it."""
        terraform = find_terraform("terraform", SEARCH_PATH)
        return Runner(terraform, self.given, on_started=self.started.append)

    def files(self) -> list[str]:
        return [file.name for file in self.root.iterdir()]

    def write(
        self, resources: dict[str, Any], imports: tuple[Remedy, ...] = (), forgotten: tuple[str, ...] = ()
    ) -> None:
        document: dict[str, Any] = {
            "terraform": {
                "backend": {"gcs": {"bucket": "acme-tf", "prefix": "fraud/dev"}},
                "required_providers": PROVIDER,
            },
            "provider": {"google": BLOCK},
            "resource": {**SERVICE, **resources},
            "removed": [{"from": each, "lifecycle": {"destroy": False}} for each in forgotten],
            "import": [{"to": each.address, "id": each.id} for each in imports if isinstance(each, ImportExisting)],
        }
        (self.root / "main.tf.json").write_text(json.dumps({key: value for key, value in document.items() if value}))

    def apply(self) -> None:
        self.runner.init(self.root)
        planned = self.runner.plan(self.root, self.root / "plan")
        self.runner.apply(self.root, planned.file, planned.digest)

    def fail(self) -> TerraformFailed:
        with pytest.raises(TerraformFailed) as failed:
            self.apply()
        return failed.value

    def fault(self, method: str, **how: object) -> None:
        self.handle.control("PUT", "faults", {"faults": [{"method": method, **how}]})

    def remedies(self, failed: TerraformFailed) -> tuple[Remedy, ...]:
        self.handle.control("DELETE", "faults")
        planned = self.runner.show(self.root, self.root / "plan")
        situation = Situation(planned, self.runner.state(self.root), self.cloud)
        return diagnose(failed.diagnostics, situation, self.files())

    def is_settled(self) -> bool:
        return not self.runner.plan(self.root, self.root / "plan").changes


@pytest.fixture
def environment(handle: Handle, tmp_path: Path) -> Iterator[Environment]:
    handle.control("DELETE", "faults")
    handle.reset()
    billing = "0A0A0A-0B0B0B-0C0C0C"
    projects = (SeedProject(PROJECT),)
    seed(
        handle, SeedPlan("123456789012", "example.com", None, billing, projects, "acme-tf", "acme-state", "EU", "acme")
    )
    token = handle.environment()["GOOGLE_OAUTH_ACCESS_TOKEN"]
    with closing(connect(token, network=Network(handle.proxy_url, str(handle.ca_file)))) as cloud:
        made = Environment(handle, tmp_path, cloud)
        made.write({})
        made.apply()
        yield made


def test_a_bucket_whose_answer_was_lost_is_imported(environment: Environment) -> None:
    environment.write({"google_storage_bucket": {"data": BUCKET}})
    environment.fault("storage.buckets.insert", kind="status", status=504, when="after")
    remedies = environment.remedies(environment.fail())
    assert environment.remedies(environment.fail()) == remedies
    assert remedies == (ImportExisting("google_storage_bucket.data", "fraud-dev-1/fraud-dev-data"),)
    environment.write({"google_storage_bucket": {"data": BUCKET}}, remedies)
    environment.apply()
    assert environment.is_settled()


def test_a_bucket_of_somebody_else_is_left_alone(environment: Environment) -> None:
    environment.write({"google_storage_bucket": {"data": {**BUCKET, "labels": {**LABELS, "team": "other"}}}})
    environment.apply()
    environment.write({}, forgotten=("google_storage_bucket.data",))
    environment.apply()
    environment.write({"google_storage_bucket": {"data": BUCKET}})
    (remedy,) = environment.remedies(environment.fail())
    assert isinstance(remedy, Explain)
    assert "fraud-dev-data exists already" in remedy.text


def test_what_a_killed_run_made_is_found_before_the_next_one_fails_on_it(environment: Environment) -> None:
    wanted = {"google_storage_bucket": {"data": BUCKET}, "google_iam_workload_identity_pool": {"gh": POOL}}
    environment.write(wanted)
    environment.apply()
    environment.write({}, forgotten=("google_storage_bucket.data", "google_iam_workload_identity_pool.gh"))
    environment.apply()
    environment.write(wanted)
    planned = environment.runner.plan(environment.root, environment.root / "plan")
    remedies = unsaved(environment.runner.show(environment.root, planned.file), environment.cloud)
    pool = "projects/fraud-dev-1/locations/global/workloadIdentityPools/fraud-dev-gh"
    assert set(remedies) == {
        ImportExisting("google_storage_bucket.data", "fraud-dev-1/fraud-dev-data"),
        ImportExisting("google_iam_workload_identity_pool.gh", pool),
    }
    environment.write(wanted, remedies)
    environment.apply()
    assert environment.is_settled()


def test_a_destroyed_pool_is_brought_back_and_imported(environment: Environment) -> None:
    environment.write({"google_iam_workload_identity_pool": {"gh": POOL}})
    environment.apply()
    environment.write({})
    environment.apply()
    environment.write({"google_iam_workload_identity_pool": {"gh": POOL}})
    remedies = environment.remedies(environment.fail())
    undelete, imported = remedies
    assert isinstance(undelete, Undelete)
    assert isinstance(imported, ImportExisting)
    environment.cloud.undelete(undelete.kind, undelete.name)
    environment.write({"google_iam_workload_identity_pool": {"gh": POOL}}, remedies)
    environment.apply()
    assert environment.is_settled()


def test_a_state_that_could_not_be_saved_is_pushed(environment: Environment) -> None:
    environment.write({"google_storage_bucket": {"data": BUCKET}})
    environment.runner.init(environment.root)
    planned = environment.runner.plan(environment.root, environment.root / "plan")
    # The first write is the lock; from then on no upload of the state is taken.
    environment.handle.control(
        "PUT",
        "faults",
        {"faults": [{"method": "storage.objects.insert", "index": n, "status": 403} for n in (2, 3, 4, 5)]},
    )
    with pytest.raises(TerraformFailed):
        environment.runner.apply(environment.root, planned.file, planned.digest)
    environment.handle.control("DELETE", "faults")
    (push,) = left_in(environment.files())
    environment.runner.state_push(environment.root, environment.root / "errored.tfstate", lock=False)
    assert push.path == "errored.tfstate"  # type: ignore[union-attr] # the only kind there is here
    assert environment.is_settled()


def test_the_lock_of_a_killed_terraform_is_told_and_broken_by_its_generation(environment: Environment) -> None:
    gate = Gate(environment.root / "fifo")
    environment.write({"terraform_data": {"a": gate.resource}})
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            environment.apply()
        except TerraformFailed as failed:
            outcome.append(failed)

    thread = threading.Thread(target=run)
    thread.start()
    gate.reached()
    killed = environment.started[-1]
    os.kill(killed.pid, 9)
    thread.join(30)
    gate.close()
    assert outcome
    assert not is_alive(killed)
    later = environment.another()
    with pytest.raises(StateLocked) as locked:
        later.plan(environment.root, environment.root / "plan")
    info = locked.value.info
    assert info is not None
    assert info.id.isdigit()
    assert info.path.startswith("gs://acme-tf/fraud/dev/")
    with pytest.raises(StaleLock):
        later.force_unlock(environment.root, str(int(info.id) + 1))
    later.force_unlock(environment.root, info.id)
    assert later.plan(environment.root, environment.root / "plan").changes
