"""An environment's life under real Terraform: made, left alone, deployed into, healed, taken down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.request.resolve import Team
from tests.modules.environments import Estate, estate
from tests.modules.stage import STATE_BUCKET, Root, changes
from tests.render.teams import platform
from tests.render.teams import team as resolved

pytestmark = pytest.mark.e2e

DATA = 'module.environment.module.buckets["data"].google_storage_bucket.this'
RUN = "run.googleapis.com/v2/projects/example-churn-dev/locations/europe-west1/services"
PROTECTED = {
    f'module.environment.module.services["{key}"].google_cloud_run_v2_service.this': ["update"]
    for key in ("scoring", "batch")
}


@pytest.fixture(scope="module")
def lived_in(team: Team, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """An estate apart: what is planned elsewhere must not depend on what was applied here before."""
    with estate(team, tmp_path_factory.mktemp("lived-in")) as made:
        yield made


@pytest.fixture(scope="module")
def dev(lived_in: Estate) -> Root:
    return lived_in.applied("churn-dev")


def test_after_apply_nothing_is_left_to_do_and_the_outputs_say_what_exists(dev: Root) -> None:
    assert dev.unchanged()
    found = dev.output()
    services = found.pop("services")
    assert found == {
        "project_id": "example-churn-dev",
        "project_number": "420000000001",
        "region": "europe-west1",
        "workload_identity_provider": (
            "projects/420000000001/locations/global/workloadIdentityPools/churn-dev-gh/providers/github"
        ),
        "plan_service_account": "churn-dev-plan@example-churn-dev.iam.gserviceaccount.com",
        "deploy_service_account": "churn-dev-deploy@example-churn-dev.iam.gserviceaccount.com",
        "runtime_service_account": "churn-dev-runtime@example-churn-dev.iam.gserviceaccount.com",
        "buckets": {key: f"example-churn-dev-churn-dev-{key}" for key in ("data", "raw")},
        "registries": {
            key: f"europe-west1-docker.pkg.dev/example-churn-dev/churn-dev-{key}" for key in ("images", "base")
        },
    }
    assert {key: service["name"] for key, service in services.items()} == {
        "scoring": "churn-dev-scoring", "batch": "churn-dev-batch",
    }  # fmt: skip
    assert all(service["uri"].startswith("https://churn-dev-") for service in services.values())


def test_a_release_from_ci_is_not_taken_back(dev: Root, lived_in: Estate) -> None:
    service = lived_in.cloud.call("GET", f"{RUN}/churn-dev-scoring")
    image = f"europe-west1-docker.pkg.dev/example-churn-dev/churn-dev-images/app@sha256:{'a' * 64}"
    service["template"]["containers"][0]["image"] = image
    service["template"]["labels"] = {"commit": "abc"}
    service["template"]["annotations"] = {"example.com/deployed-by": "ci"}
    service["annotations"] = {"deployed-by": "ci"}
    service["client"], service["clientVersion"] = "gcloud", "500.0.0"
    lived_in.cloud.call("PATCH", f"{RUN}/churn-dev-scoring", service)
    assert lived_in.cloud.call("GET", f"{RUN}/churn-dev-scoring")["template"]["containers"][0]["image"] == image
    assert dev.unchanged()


def test_a_widened_setting_is_drift(dev: Root, lived_in: Estate) -> None:
    open_bucket = {"iamConfiguration": {"publicAccessPrevention": "inherited"}}
    lived_in.cloud.call("PATCH", "storage.googleapis.com/storage/v1/b/example-churn-dev-churn-dev-data", open_bucket)
    assert changes(dev.plan()) == {DATA: ["update"]}
    dev.apply()
    assert dev.unchanged()


def test_the_links_root_lets_prod_read_devs_images(dev: Root, lived_in: Estate) -> None:
    assert dev.output()["registries"]
    lived_in.applied("churn-prod")
    links = lived_in.applied("churn-links")
    assert links.unchanged()
    place = "artifactregistry.googleapis.com/v1/projects/example-churn-dev/locations/europe-west1/repositories"
    policy = lived_in.cloud.call("GET", f"{place}/churn-dev-images:getIamPolicy")
    assert {binding["role"]: binding["members"] for binding in policy["bindings"]}["roles/artifactregistry.reader"] == [
        "serviceAccount:churn-prod-deploy@example-churn-prod.iam.gserviceaccount.com"
    ]


def test_what_a_run_could_not_record_is_taken_in_without_a_change(dev: Root, lived_in: Estate) -> None:
    dev.ok("state", "rm", DATA)
    wanted = {"churn-dev": [(DATA, "example-churn-dev/example-churn-dev-churn-dev-data")]}
    plan = lived_in.root("churn-dev", imports=wanted).plan()
    actions = {action for listed in changes(plan).values() for action in listed}
    assert "create" not in actions
    assert "delete" not in actions
    dev.apply()
    assert lived_in.root("churn-dev").unchanged()


def test_a_destroy_in_two_plans_keeps_what_was_kept(own_estate: Estate) -> None:
    dev = own_estate.applied("churn-dev")
    upload = (
        "storage.googleapis.com/upload/storage/v1/b/example-churn-dev-churn-dev-data/o?uploadType=media&name=model.bin"
    )
    own_estate.cloud.call("POST", upload, {"weights": [1]})
    first = own_estate.root("churn-dev", protection=False, kept={"churn-dev": [DATA]}).plan()
    found = changes(first)
    forgotten = [address for address, actions in found.items() if actions == ["forget"]]
    assert forgotten == ["google_storage_bucket.kept_buckets_data"]
    assert {address: actions for address, actions in found.items() if actions == ["update"]} == PROTECTED
    assert all('module.buckets["data"]' in address for address, actions in found.items() if actions == ["delete"])
    dev.apply()
    second = dev.plan("-destroy")
    assert set(map(tuple, changes(second).values())) == {("delete",)}
    dev.apply()
    assert json.loads(dev.ok("show", "-json")).get("values") is None
    place = "storage.googleapis.com/storage/v1/b/example-churn-dev-churn-dev-data"
    assert [one["name"] for one in own_estate.cloud.call("GET", f"{place}/o")["items"]] == ["model.bin"]
    members = [
        member for binding in own_estate.cloud.call("GET", f"{place}/iam")["bindings"] for member in binding["members"]
    ]
    assert not [member for member in members if "churn-dev-runtime" in member]


@pytest.mark.slow
def test_a_protected_service_survives_a_destroy(own_estate: Estate) -> None:
    dev = own_estate.applied("churn-dev")
    dev.plan("-destroy")
    assert "deletion_protection" in dev.terraform("apply", "-no-color", "tfplan").stderr
    assert own_estate.cloud.call("GET", f"{RUN}/churn-dev-scoring")["name"].endswith("churn-dev-scoring")


@pytest.mark.slow
def test_asked_to_a_destroy_takes_the_data_along(own_estate: Estate) -> None:
    dev = own_estate.applied("churn-dev")
    upload = (
        "storage.googleapis.com/upload/storage/v1/b/example-churn-dev-churn-dev-data/o?uploadType=media&name=model.bin"
    )
    own_estate.cloud.call("POST", upload, {"weights": [1]})
    own_estate.applied("churn-dev", protection=False, delete_data=True)
    dev.plan("-destroy")
    dev.apply()
    left = own_estate.cloud.call("GET", "storage.googleapis.com/storage/v1/b?project=example-churn-dev").get(
        "items", []
    )
    assert left == []
    state = own_estate.cloud.call("GET", f"storage.googleapis.com/storage/v1/b/{STATE_BUCKET}")
    assert state["name"] == STATE_BUCKET


SHARED = """
team: churn
owner: churn-team@example.com
cost_center: cc-1204
data_class: internal
environments:
  dev: {project: example-shared}
  prod: {project: example-shared}
"""


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Estate]:
    settings = platform(shared_projects=("example-shared",), contact="platform@example.com")
    with estate(resolved(SHARED, settings), tmp_path) as made:
        yield made


def test_two_environments_share_a_project_whose_own_settings_lie_in_one_root(shared: Estate) -> None:
    project = shared.applied("_project-example-shared")
    roots = [shared.applied(name) for name in ("churn-dev", "churn-prod", "churn-links")]
    assert all(root.unchanged() for root in (project, *roots))
    kinds = {change["type"] for root in roots for change in root.plan().get("resource_changes", [])}
    assert not kinds & {
        "google_project_service",
        "google_project_iam_audit_config",
        "google_project_default_service_accounts",
        "google_billing_budget",
    }
