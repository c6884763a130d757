from __future__ import annotations

import base64
from typing import Any

import github
import pytest
from nacl.public import PrivateKey, SealedBox

from tests.sandbox.github.hub import Hub


def test_pygithub_writes_variables_of_a_repository_and_an_environment(hub: Hub) -> None:
    hub.repository()
    repo = hub.client().get_repo("acme/model")
    repo.create_variable("dev_plan_service_account", "plan@x")
    environment = repo.create_environment("dev")
    environment.create_variable("SERVICE_ACCOUNT", "deploy@x")
    assert [(v.name, v.value) for v in repo.get_variables()] == [("DEV_PLAN_SERVICE_ACCOUNT", "plan@x")]
    assert environment.get_variable("SERVICE_ACCOUNT").value == "deploy@x"
    repo.get_variable("DEV_PLAN_SERVICE_ACCOUNT").edit("other@x")
    assert repo.get_variable("dev_plan_service_account").value == "other@x"
    repo.delete_variable("DEV_PLAN_SERVICE_ACCOUNT")
    with pytest.raises(github.UnknownObjectException):
        repo.get_variable("DEV_PLAN_SERVICE_ACCOUNT")


def test_a_variable_that_exists_is_a_conflict(hub: Hub) -> None:
    path = hub.repository()
    body = {"name": "A", "value": "1"}
    assert hub.call("POST", f"{path}/actions/variables", body).status_code == 201
    assert hub.call("POST", f"{path}/actions/variables", body | {"name": "a"}).status_code == 409
    assert hub.call("POST", f"{path}/environments/dev/variables", body).status_code == 404


@pytest.mark.parametrize("name", ["GITHUB_X", "github_x", "1A", "A-B", "A B", ""])
def test_names_github_does_not_allow(hub: Hub, name: str) -> None:
    path = hub.repository()
    assert hub.call("POST", f"{path}/actions/variables", {"name": name, "value": "1"}).status_code == 422


def test_variables_come_in_pages_of_thirty_at_most(hub: Hub) -> None:
    path = hub.repository()
    for number in range(31):
        hub.call("POST", f"{path}/actions/variables", {"name": f"V{number:02}", "value": ""})
    page = hub.call("GET", f"{path}/actions/variables?per_page=100")
    assert (page.json()["total_count"], len(page.json()["variables"])) == (31, 30)
    assert 'rel="next"' in page.headers["link"]


def test_a_value_larger_than_48_kilobytes_is_refused(hub: Hub) -> None:
    path = hub.repository()
    body = {"name": "BIG", "value": "é" * 24 * 1024}
    assert hub.call("POST", f"{path}/actions/variables", body).status_code == 201
    assert hub.call("PATCH", f"{path}/actions/variables/BIG", {"value": body["value"] + "x"}).status_code == 422


def test_deleting_an_environment_takes_its_variables_along(hub: Hub) -> None:
    path = hub.repository()
    for _ in range(2):
        hub.call("PUT", f"{path}/environments/dev", {})
        made = hub.call("POST", f"{path}/environments/dev/variables", {"name": "A", "value": "1"})
        assert made.status_code == 201
        hub.call("DELETE", f"{path}/environments/dev")


def test_a_repository_sees_the_organizations_variables_meant_for_it(hub: Hub) -> None:
    path = hub.repository()
    other = hub.repository("other")
    number = hub.call("GET", path).json()["id"]
    chosen: dict[str, Any] = {"visibility": "selected", "selected_repository_ids": [number]}
    for name, more in {"ALL": {"visibility": "all"}, "SOME": chosen}.items():
        body = {"name": name, "value": "1", **more}
        assert hub.call("POST", "/orgs/acme/actions/variables", body, token=hub.tokens["user"]).status_code == 201
    assert hub.call("POST", "/orgs/acme/actions/variables", {"name": "X", "value": "1"}).status_code == 403
    seen = {
        place: [row["name"] for row in hub.call("GET", f"{place}/actions/organization-variables").json()["variables"]]
        for place in (path, other)
    }
    assert seen == {path: ["ALL", "SOME"], other: ["ALL"]}


def test_pygithub_seals_a_secret_and_nobody_reads_it(hub: Hub) -> None:
    path = hub.repository()
    repo = hub.client().get_repo("acme/model")
    repo.create_secret("API_KEY", "open sesame")
    listed = hub.call("GET", f"{path}/actions/secrets")
    assert [row["name"] for row in listed.json()["secrets"]] == ["API_KEY"]
    assert set(listed.json()["secrets"][0]) == {"name", "created_at", "updated_at"}
    repo.create_secret("API_KEY", "again")
    assert hub.call("GET", f"{path}/actions/secrets").json()["total_count"] == 1
    repo.delete_secret("API_KEY")
    assert hub.call("GET", f"{path}/actions/secrets").json()["total_count"] == 0


def test_a_secret_sealed_for_another_key_is_refused(hub: Hub) -> None:
    path = hub.repository()
    key = hub.call("GET", f"{path}/actions/secrets/public-key").json()
    foreign = SealedBox(PrivateKey.generate().public_key).encrypt(b"x")
    for sealed in (base64.b64encode(foreign).decode(), "not base64!"):
        body = {"encrypted_value": sealed, "key_id": key["key_id"]}
        assert hub.call("PUT", f"{path}/actions/secrets/K", body).status_code == 422
