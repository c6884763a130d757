"""Tags: kept under an organisation, bound to resources, inherited, and asked for by conditions."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.sandbox.cloudidentity.estate import FOLDER, NUMBER, ORGANIZATION, PROJECT, RESOURCE_MANAGER, Estate

V3 = f"{RESOURCE_MANAGER}/v3"
THE_PROJECT = f"//{RESOURCE_MANAGER}/projects/{NUMBER}"
THE_FOLDER = f"//{RESOURCE_MANAGER}/{FOLDER}"
NAMESPACE = ORGANIZATION.partition("/")[2]


def key(estate: Estate, name: str = "env", parent: str = ORGANIZATION) -> str:
    return str(estate.done("POST", f"{V3}/tagKeys", {"parent": parent, "shortName": name})["name"])


def value(estate: Estate, parent: str, name: str) -> str:
    return str(estate.done("POST", f"{V3}/tagValues", {"parent": parent, "shortName": name})["name"])


def bind(estate: Estate, resource: str, tag: str) -> str:
    made = estate.done("POST", f"{V3}/tagBindings", {"parent": resource, "tagValue": tag})
    return str(made["name"])


def effective(estate: Estate, resource: str = THE_PROJECT) -> dict[str, bool]:
    found = estate.ok("GET", f"{V3}/effectiveTags", query={"parent": resource}).get("effectiveTags", [])
    return {tag["namespacedTagValue"]: tag.get("inherited", False) for tag in found}


def test_names_and_namespaces(estate: Estate) -> None:
    env = key(estate)
    prod = value(estate, env, "prod")
    assert estate.ok("GET", f"{V3}/{env}")["namespacedName"] == f"{NAMESPACE}/env"
    assert estate.ok("GET", f"{V3}/tagValues/namespaced?name={NAMESPACE}/env/prod")["name"] == prod
    assert estate.ok("GET", f"{V3}/tagKeys/namespaced?name={NAMESPACE}/env")["name"] == env
    own = estate.done("POST", f"{V3}/tagKeys", {"parent": f"projects/{PROJECT}", "shortName": "env"})
    assert (own["parent"], own["namespacedName"]) == (f"projects/{NUMBER}", f"{PROJECT}/env")
    listed = estate.ok("GET", f"{V3}/tagKeys", query={"parent": ORGANIZATION})["tagKeys"]
    assert [entry["name"] for entry in listed] == [env]
    assert [entry["name"] for entry in estate.ok("GET", f"{V3}/tagValues?parent={env}")["tagValues"]] == [prod]


def test_a_short_name_is_taken_once(estate: Estate) -> None:
    env = key(estate)
    value(estate, env, "prod")
    again = estate.call("POST", f"{V3}/tagKeys", {"parent": ORGANIZATION, "shortName": "env"})
    assert (again.status, again.body["error"]["status"]) == (409, "ALREADY_EXISTS")
    assert estate.call("POST", f"{V3}/tagValues", {"parent": env, "shortName": "prod"}).status == 409
    assert estate.call("POST", f"{V3}/tagKeys", {"parent": ORGANIZATION, "shortName": "no/slash"}).status == 400
    assert estate.call("POST", f"{V3}/tagKeys", {"parent": FOLDER, "shortName": "x"}).status == 400
    estate.done("POST", f"{V3}/tagKeys?validateOnly=true", {"parent": ORGANIZATION, "shortName": "dry"})
    assert len(estate.ok("GET", f"{V3}/tagKeys", query={"parent": ORGANIZATION})["tagKeys"]) == 1


def test_the_nearest_value_of_a_key_counts(estate: Estate) -> None:
    env = key(estate)
    dev, prod = value(estate, env, "dev"), value(estate, env, "prod")
    bind(estate, THE_FOLDER, dev)
    assert effective(estate) == {f"{NAMESPACE}/env/dev": True}
    name = bind(estate, THE_PROJECT, prod)
    assert effective(estate) == {f"{NAMESPACE}/env/prod": False}
    second = estate.call("POST", f"{V3}/tagBindings", {"parent": THE_PROJECT, "tagValue": dev})
    assert (second.status, "A binding already exists" in second.message) == (400, True)
    listed = estate.ok("GET", f"{V3}/tagBindings", query={"parent": THE_PROJECT})["tagBindings"]
    assert [entry["name"] for entry in listed] == [name]
    path = f"tagBindings/{quote(quote(THE_PROJECT, safe=''), safe='')}/{prod}"
    assert [estate.call("DELETE", f"{V3}/tagBindings/{odd}").status for odd in ("x", f"x/{prod}")] == [400, 403]
    estate.done("DELETE", f"{V3}/{path}")
    assert effective(estate) == {f"{NAMESPACE}/env/dev": True}
    assert estate.call("DELETE", f"{V3}/{path}").status == 404


def test_what_is_in_use_cannot_be_deleted(estate: Estate) -> None:
    env = key(estate)
    dev = value(estate, env, "dev")
    bind(estate, THE_PROJECT, dev)
    held = estate.call("DELETE", f"{V3}/{dev}")
    assert (held.status, "still attached to resources" in held.message) == (400, True)
    assert estate.call("DELETE", f"{V3}/{env}").status == 400
    estate.done("DELETE", f"{V3}/tagBindings/{quote(quote(THE_PROJECT, safe=''), safe='')}/{dev}")
    hold = estate.done("POST", f"{V3}/{dev}/tagHolds", {"holder": "//run.googleapis.com/projects/p"})
    assert estate.call("DELETE", f"{V3}/{dev}").status == 400
    assert len(estate.ok("GET", f"{V3}/{dev}/tagHolds")["tagHolds"]) == 1
    estate.done("DELETE", f"{V3}/{hold['name']}")
    estate.done("DELETE", f"{V3}/{dev}")
    estate.done("DELETE", f"{V3}/{env}")
    assert estate.call("GET", f"{V3}/{env}").status == 403


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        (f"resource.matchTag('{NAMESPACE}/env', 'dev')", True),
        (f"resource.matchTag('{NAMESPACE}/env', 'prod')", False),
        (f"resource.hasTagKey('{NAMESPACE}/env')", True),
        (f"resource.hasTagKey('{NAMESPACE}/cost')", False),
        ("resource.matchTagId('KEY', 'VALUE')", True),
        ("resource.hasTagKeyId('KEY')", True),
        ("resource.matchTagId('KEY', 'tagValues/1')", False),
    ],
)
def test_conditions_ask_for_tags(estate: Estate, expression: str, holds: bool) -> None:  # noqa: FBT001 - a table
    env = key(estate)
    dev = value(estate, env, "dev")
    bind(estate, THE_FOLDER, dev)
    expression = expression.replace("KEY", env).replace("VALUE", dev)
    estate.bind("roles/browser", "user:ada@acme.example", condition={"title": "t", "expression": expression})
    answer = estate.call("GET", f"{V3}/projects/{PROJECT}", token=estate.user_token("ada@acme.example"))
    assert answer.status == (200 if holds else 403)


def test_binding_needs_a_right_on_the_value_and_on_the_resource(estate: Estate) -> None:
    env = key(estate)
    dev = value(estate, env, "dev")
    ada = estate.user_token("ada@acme.example")
    body = {"parent": THE_PROJECT, "tagValue": dev}
    assert estate.call("POST", f"{V3}/tagBindings", body, token=ada).status == 403
    estate.bind("roles/resourcemanager.tagUser", "user:ada@acme.example")
    refused = estate.call("POST", f"{V3}/tagBindings", body, token=ada)
    assert (refused.status, "resourcemanager.tagValueBindings.create" in refused.message) == (403, True)
    policy = {"bindings": [{"role": "roles/resourcemanager.tagUser", "members": ["user:ada@acme.example"]}]}
    estate.ok("POST", f"{V3}/{dev}:setIamPolicy", {"policy": policy})
    assert estate.call("POST", f"{V3}/tagBindings", body, token=ada).status == 200


def test_descriptions_change_and_stale_writers_lose(estate: Estate) -> None:
    env = key(estate)
    etag = estate.ok("GET", f"{V3}/{env}")["etag"]
    changed = estate.done("PATCH", f"{V3}/{env}?updateMask=description", {"description": "Where", "etag": etag})
    assert changed["description"] == "Where"
    stale = estate.call("PATCH", f"{V3}/{env}?updateMask=description", {"description": "There", "etag": etag})
    assert stale.status == 409
    assert estate.call("PATCH", f"{V3}/{env}?updateMask=shortName", {"shortName": "other"}).status == 400
