"""A real Backstage backend with the template and the module: its tasks leave teams in the sandbox."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.backstage.portal import Portal, install, running
from tests.e2e.conftest import stop
from tests.e2e.desk import Desk, new_desk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.timeout(1500),
    pytest.mark.xdist_group("backstage"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed; it is optional"),
]


@dataclass(frozen=True)
class Company:
    desk: Desk
    portal: Portal


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    desk = new_desk(tmp_path_factory.mktemp("company"))
    platform = desk.folder / "platform.yaml"
    variables = desk.person.runs("sandbox", "env", "--output", "json").document
    backend = install(desk.person, platform, desk.folder / "backstage")
    with running(desk.person, backend, platform, variables) as portal:
        yield Company(desk, portal)
    stop(desk.person)


def answers(team: str, **extra: Any) -> dict[str, Any]:
    """Return what the form sends, with the defaults and the empty objects that it adds."""
    environment = {"name": "dev", "project": f"example-{team}-dev", "branch": "main", "roles": {}, "reviewers": []}
    return {
        "team": team,
        "owner": f"{team}@example.com",
        "cost_center": "cc-1",
        "data_class": "internal",
        "environments": [{**environment, "budget": {"currency": "EUR"}}],
        "repository": {"visibility": "private", "topics": [], "teams": []},
        "plan_only": False,
        **extra,
    }


def runs(desk: Desk, team: str) -> list[dict[str, Any]]:
    return [run for run in desk.person.runs("runs", "list", "--output", "json").document if run["team"] == team]


def test_the_form_leaves_a_provisioned_team(company: Company) -> None:
    desk, portal = company.desk, company.portal
    status, output, log = portal.ended(portal.start(answers("shop", services=[{"name": "batch", "port": 9000}])))
    assert status == "completed", log
    assert "apply shop-dev" in log
    assert [link.get("url") or link["entityRef"] for link in output["links"]] == [
        "https://github.com/example-ml/shop",
        "component:default/shop",
    ]
    assert "shop-dev-batch" in output["text"][0]["content"]
    code, repository = desk.call("GET", "https://api.github.com/repos/example-ml/shop")
    assert (code, repository["visibility"]) == (200, "private")
    iam = "https://iam.googleapis.com/v1/projects/example-shop-dev/serviceAccounts"
    accounts = {each["email"].partition("@")[0] for each in desk.call("GET", iam)[1]["accounts"]}
    assert {"shop-dev-plan", "shop-dev-deploy", "shop-dev-runtime"} <= accounts
    (run,) = runs(desk, "shop")
    assert (run["status"], run["requester"]) == ("done", "backstage")


def test_the_new_repository_is_in_the_catalog(company: Company) -> None:
    portal = company.portal
    status, _, log = portal.ended(portal.start(answers("atlas")))
    assert status == "completed", log
    entity = portal.entity("component/default/atlas")
    assert entity["metadata"]["annotations"]["github.com/project-slug"] == "example-ml/atlas"


def test_a_plan_from_the_form_and_a_dry_run_make_nothing(company: Company) -> None:
    desk, portal = company.desk, company.portal
    status, output, log = portal.ended(portal.start(answers("ghost", plan_only=True)))
    assert status == "completed", log
    assert "ghost-dev: 47 to add" in output["text"][0]["content"]
    template = YAML(typ="safe", pure=True).load(portal.folder / "template.yaml")
    dry = portal.post("dry-run", {"template": template, "values": answers("ghost"), "directoryContents": []})
    assert dry.status_code == 200, dry.text
    assert any("plan ghost-dev" in entry["body"]["message"] for entry in dry.json()["log"])
    assert desk.call("GET", "https://api.github.com/repos/example-ml/ghost")[0] == 404
    assert runs(desk, "ghost") == []


def test_answers_that_no_request_takes_are_refused_by_field(company: Company) -> None:
    environments = [{"name": "dev", "project": "example-shop-dev", "region": "us-east1"}]
    values = answers("Shop", environments=environments, data_class="secret")
    refused = company.portal.post("tasks", {"templateRef": "template:default/model-platform", "values": values})
    assert refused.status_code == 400
    assert {tuple(each["path"]) for each in refused.json()["errors"]} == {("team",), ("data_class",)}
    values = answers("shop", environments=environments)
    refused = company.portal.post("tasks", {"templateRef": "template:default/model-platform", "values": values})
    assert refused.status_code == 400
    assert [each["path"] for each in refused.json()["errors"]] == [["environments", 0, "region"]]


def test_what_only_the_rules_know_fails_the_task_with_place_and_fix(company: Company) -> None:
    twice = [{"name": "dev", "project": "example-one"}, {"name": "prod", "project": "example-one"}]
    task = company.portal.start(answers("shop", environments=twice))
    status, _, log = company.portal.ended(task)
    assert status == "failed"
    assert "example-one is the project of dev already" in log
    assert "give each environment its own project" in log


def test_a_cancelled_task_stops_in_order_and_a_retry_goes_on_with_its_run(company: Company) -> None:
    desk, portal = company.desk, company.portal
    slow = {"method": "iam.projects.serviceAccounts.create", "index": 1, "kind": "delay", "seconds": 20}
    with desk.faults(slow):
        task = portal.start(answers("harbor"))
        desk.until_struck()
        assert portal.post(f"tasks/{task}/cancel").status_code == 200
        status, _, log = portal.ended(task)
    # Backstage calls a task failed whose step was cancelled and then said how it had ended.
    assert status == "failed"
    assert "cancelled; what was made stays, and a retry of this task goes on from there" in log
    (run,) = runs(desk, "harbor")
    assert run["status"] == "interrupted"
    last = max(event["id"] for event in portal.http.get(f"/api/scaffolder/v2/tasks/{task}/events").json())
    assert portal.post(f"tasks/{task}/retry").status_code == 201
    status, _, log = portal.ended(task, last)
    assert status == "completed", log
    (again,) = runs(desk, "harbor")
    assert (again["id"], again["status"]) == (run["id"], "done")


def test_what_is_in_the_company_s_file_is_the_form(company: Company, tmp_path: Path) -> None:
    entity = company.portal.entity("template/default/model-platform")
    environments = entity["spec"]["parameters"][1]["properties"]["environments"]
    assert environments["items"]["properties"]["region"]["enum"] == ["europe-west1", "europe-west4"]
    assert company.portal.entity("component/default/provision-env")["spec"]["owner"] == "group:default/platform"
