"""Who works during an apply: Terraform, or the sandbox's server with the stand-in provider in it.

One root of 30 resources of the kinds that an environment has, applied by plain Terraform in a warm sandbox; every round
has a project of its own. Both sides are measured in seconds of processor time (Linux: proc(5); elsewhere not at all).
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, median
from benchmarks.scene import Scene, run, scene
from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed

_SHARE = 0.5
_ROOT = """
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
  }
}
provider "google" {
  project = "PROJECT"
  region  = "europe-west1"
}
resource "google_project_service" "all" {
  for_each = toset(["iam", "run", "secretmanager"])
  service  = "${each.key}.googleapis.com"
}
resource "google_service_account" "each" {
  count      = 6
  account_id = "account-${count.index}"
  depends_on = [google_project_service.all]
}
resource "google_project_iam_member" "each" {
  count   = 6
  project = "PROJECT"
  role    = "roles/logging.logWriter"
  member  = google_service_account.each[count.index].member
}
resource "google_storage_bucket" "each" {
  count    = 5
  name     = "PROJECT-${count.index}"
  location = "EU"
}
resource "google_storage_bucket_iam_member" "each" {
  count  = 5
  bucket = google_storage_bucket.each[count.index].name
  role   = "roles/storage.objectUser"
  member = google_service_account.each[count.index].member
}
resource "google_secret_manager_secret" "each" {
  count     = 5
  secret_id = "secret-${count.index}"
  replication {
    auto {}
  }
  depends_on = [google_project_service.all]
}
"""


def measure(rounds: int) -> Iterator[Figure]:
    """Apply the root once per round."""
    with scene() as place:
        handle = ensure(place.state / "sandbox")
        _apply(place, handle, "warm-up")
        taken = [_apply(place, handle, f"round-{number}") for number in range(rounds)]
        yield median("apply of 30 resources", "s", [seconds for seconds, _, _ in taken])
        if all(server for _, server, _ in taken):
            yield median("of it the server's processor time", "s", [server for _, server, _ in taken])
            shares = [server / (server + terraform) for _, server, terraform in taken]
            yield median("server's share of the processor time of an apply", "ratio", shares, _SHARE)


def _apply(place: Scene, handle: Handle, name: str) -> tuple[float, float, float]:
    """Return the wall time, and the processor times of the server and of Terraform."""
    project = f"bench-{name}"
    _project(handle, project)
    root = place.folder / project
    root.mkdir()
    (root / "main.tf").write_text(_ROOT.replace("PROJECT", project), encoding="utf-8")
    client = {**place.environment, **handle.environment()}
    run(["terraform", f"-chdir={root}", "init", "-no-color"], client)
    server, terraform = processor_seconds(handle.pid), _children()
    applied = run(["terraform", f"-chdir={root}", "apply", "-auto-approve", "-no-color", "-parallelism=30"], client)
    return applied.seconds, processor_seconds(handle.pid) - server, _children() - terraform


def _project(handle: Handle, project: str) -> None:
    plan = SeedPlan(
        organisation_id="900000000001",
        organisation_domain="example.com",
        folder_id=None,
        billing_account="000000-111111-222222",
        projects=(SeedProject(project),),
        state_bucket="bench-state",
        state_project="bench-warm-up",
        state_location="EU",
        github_owner="bench",
        github_plan="team",
        users=(),
        teams=(),
    )
    seed(handle, plan)


def processor_seconds(pid: int) -> float:
    """Return the processor time of a living process so far, user and system; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
