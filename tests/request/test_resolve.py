"""What follows from a request."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from provisioner.errors import InvalidInput
from provisioner.render import RepositoryIds, render
from provisioner.request.parts import Budget, Existing
from provisioner.request.resolve import resolve
from tests.request.inputs import ENVIRONMENTS, HEAD, platform, request

TWO = HEAD + "environments:\n  dev: {project: example-churn-dev}\n  prod: {project: example-churn-prod}\n"


def test_the_smallest_request_gets_everything() -> None:
    team = resolve(request(HEAD + ENVIRONMENTS), platform())
    (dev,) = team.environments
    assert team.repository_full_name == "example-ml/churn"
    assert (dev.region, dev.branch, dev.previous, dev.manage_project) == ("europe-west1", "main", None, True)
    assert dev.buckets[0].name == "example-churn-dev-churn-dev-data"
    assert dev.registries[0].name == "churn-dev-images"
    assert dev.services[0].name == "churn-dev-scoring"
    assert dev.buckets[0].location == "EUROPE-WEST1"
    assert dev.services[0].image == platform().placeholder_image
    assert dev.budget == Budget(amount=500, currency="EUR")
    assert dev.account_email("deploy") == "churn-dev-deploy@example-churn-dev.iam.gserviceaccount.com"


def test_every_label_of_the_baseline_is_there_and_the_platforms_too() -> None:
    team = resolve(request(HEAD + ENVIRONMENTS), platform(labels={"unit": "retail"}))
    assert dict(team.environment("dev").labels) == {
        "unit": "retail",
        "team": "churn",
        "env": "dev",
        "cost-center": "cc-1",
        "owner": "churn",
        "data-class": "internal",
        "managed-by": "provision-env",
    }


def test_environments_are_promoted_in_the_order_of_the_file() -> None:
    assert [spec.previous for spec in resolve(request(TWO), platform()).environments] == [None, "dev"]


def test_pull_requests_plan_dev_only_unless_said() -> None:
    team = resolve(request(TWO), platform())
    assert [spec.plan_from_pull_requests for spec in team.environments] == [True, False]
    said = resolve(request(TWO.replace("churn-dev}", "churn-dev, plan_from_pull_requests: false}")), platform())
    assert not said.environment("dev").plan_from_pull_requests


def test_an_environments_own_parts_replace_the_teams() -> None:
    text = TWO.replace("churn-prod}", "churn-prod, buckets: {}, services: {api: {memory: 1Gi}}, budget: {amount: 9}}")
    prod = resolve(request(text), platform()).environment("prod")
    assert prod.buckets == ()
    assert [(service.key, service.settings.memory) for service in prod.services] == [("api", "1Gi")]
    assert prod.budget.amount == 9
    assert len(prod.registries) == 1


def test_a_shared_project_is_managed_elsewhere_and_its_names_carry_a_hash() -> None:
    (dev,) = resolve(request(HEAD + ENVIRONMENTS), platform(shared_projects=("example-churn-dev",))).environments
    assert not dev.manage_project
    assert dev.names.plan_account == "churn-dev-377hg6-plan"


def test_an_unknown_environment_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        resolve(request(HEAD + ENVIRONMENTS), platform()).environment("prod")


EXISTING = {
    "workload_identity_provider": "projects/123456789012/locations/global/workloadIdentityPools/ci-p/providers/github",
    "plan_service_account": "ci-plan@example-old.iam.gserviceaccount.com",
    "deploy_service_account": "ci-deploy@example-old.iam.gserviceaccount.com",
    "runtime_service_account": "scoring@example-old.iam.gserviceaccount.com",
    "buckets": {"lake": "example-old-lake"},
}


def test_an_environment_that_exists_has_its_own_parts_and_is_not_rendered() -> None:
    environments = f"environments:\n  dev: {{project: example-churn-dev, existing: {json.dumps(EXISTING)}}}\n"
    team = resolve(request(HEAD + environments), platform())
    spec = team.environment("dev")
    assert [part.key for part in spec.buckets] == ["lake"]
    assert (spec.registries, spec.services) == ((), ())
    with pytest.raises(InvalidInput, match="exists already and is kept elsewhere") as refused:
        render(team, RepositoryIds("1", "2"))
    assert refused.value.where == "environments.dev.existing"
    assert "repo bootstrap" in refused.value.fix


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("workload_identity_provider", "projects/example-old/locations/global/workloadIdentityPools/a-b/providers/c-d"),
        ("deploy_service_account", "ci-deploy@example.com"),
        ("registries", {"images": "gcr.io/example-old/images"}),
        ("services", {"api": {"name": "api", "uri": "http://api"}}),
    ],
)
def test_what_cannot_exist_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Existing.model_validate({**EXISTING, field: value})
