"""Folders and projects that move, come back, are found by queries and are held by liens."""

from __future__ import annotations

import pytest

from tests.sandbox.cloudidentity.estate import FOLDER, NUMBER, ORGANIZATION, PROJECT, RESOURCE_MANAGER, Estate

V1, V2, V3 = (f"{RESOURCE_MANAGER}/v{version}" for version in (1, 2, 3))


def test_a_lien_holds_a_project_whoever_deletes_it(estate: Estate) -> None:
    sent = {
        "parent": f"projects/{PROJECT}",
        "restrictions": ["resourcemanager.projects.delete"],
        "origin": "our-platform",
        "reason": "holds the state of everything",
    }
    lien = estate.ok("POST", f"{V3}/liens", sent)
    assert lien["name"].startswith(f"liens/p{NUMBER}-l")
    for answer in (
        estate.call("DELETE", f"{V1}/projects/{PROJECT}"),
        estate.call("DELETE", f"{V3}/projects/{PROJECT}"),
    ):
        assert (answer.status, answer.body["error"]["status"]) == (400, "FAILED_PRECONDITION")
        assert answer.message == (
            "A lien to prevent deletion was placed on the project by [our-platform]. Remove the lien to allow deletion."
        )
        assert answer.body["error"]["details"][0]["violations"][0]["subject"] == lien["name"]
    listed = estate.ok("GET", f"{V1}/liens", query={"parent": f"projects/{PROJECT}"})["liens"]
    assert [entry["reason"] for entry in listed] == ["holds the state of everything"]
    estate.ok("DELETE", f"{V1}/{lien['name']}")
    assert estate.call("GET", f"{V3}/{lien['name']}").status == 403
    estate.done("DELETE", f"{V3}/projects/{PROJECT}")


def test_liens_need_a_reason_and_their_own_permission(estate: Estate) -> None:
    sent = {"parent": f"projects/{PROJECT}", "restrictions": ["resourcemanager.projects.delete"], "origin": "x"}
    assert estate.call("POST", f"{V3}/liens", sent).status == 400
    assert estate.call("POST", f"{V3}/liens", sent | {"reason": "r", "restrictions": ["storage.*"]}).status == 400
    ada = estate.user_token("ada@acme.example")
    estate.bind("roles/editor", "user:ada@acme.example")
    refused = estate.call("POST", f"{V3}/liens", sent | {"reason": "r"}, token=ada)
    assert (refused.status, "resourcemanager.projects.updateLiens" in refused.message) == (403, False)
    estate.bind("roles/resourcemanager.lienModifier", "user:ada@acme.example")
    assert estate.call("POST", f"{V3}/liens", sent | {"reason": "r"}, token=ada).status == 200


def test_a_project_moves_with_the_grants_above_it(estate: Estate) -> None:
    other = estate.new_folder("Other team")
    ada = estate.user_token("ada@acme.example")
    estate.bind("roles/viewer", "user:ada@acme.example", on=other)
    assert estate.call("GET", f"{V3}/projects/{PROJECT}", token=ada).status == 403
    moved = estate.done("POST", f"{V3}/projects/{PROJECT}:move", {"destinationParent": other})
    assert moved["parent"] == other
    assert estate.call("GET", f"{V3}/projects/{PROJECT}", token=ada).status == 200
    ancestry = estate.ok("POST", f"{V1}/projects/{PROJECT}:getAncestry", {})["ancestor"]
    assert [entry["resourceId"]["type"] for entry in ancestry] == ["project", "folder", "organization"]
    assert ancestry[1]["resourceId"]["id"] == other.partition("/")[2]
    assert estate.call("POST", f"{V3}/projects/{PROJECT}:move", {"destinationParent": "folders/1"}).status == 403
    refused = estate.call("POST", f"{V3}/projects/{PROJECT}:move", {"destinationParent": FOLDER}, token=ada)
    assert refused.status == 403


def test_a_folder_moves_and_never_below_itself(estate: Estate) -> None:
    outer = estate.new_folder("Outer")
    inner = estate.new_folder("Inner", outer)
    refused = estate.call("POST", f"{V3}/{outer}:move", {"destinationParent": inner})
    assert (refused.status, "cycle" in refused.message) == (400, True)
    moved = estate.done("POST", f"{V3}/{inner}:move", {"destinationParent": FOLDER})
    assert moved["parent"] == FOLDER
    again = estate.new_folder("Inner", outer)
    clash = estate.call("POST", f"{V3}/{again}:move", {"destinationParent": FOLDER})
    assert (clash.status, "uniqueness" in clash.message) == (400, True)


def test_folders_are_at_most_ten_deep(estate: Estate) -> None:
    parent = ORGANIZATION
    for depth in range(10):
        parent = estate.new_folder(f"Level {depth}", parent)
    too_deep = estate.call("POST", f"{V3}/folders", {"parent": parent, "displayName": "One more"})
    assert (too_deep.status, "height" in too_deep.message) == (400, True)
    tall = estate.new_folder("Tall")
    estate.new_folder("Upper floor", tall)
    above = estate.ok("GET", f"{V3}/{parent}")["parent"]
    moved = estate.call("POST", f"{V3}/{tall}:move", {"destinationParent": above})
    assert (moved.status, "height" in moved.message) == (400, True)


def test_a_deleted_folder_comes_back_for_thirty_days(estate: Estate) -> None:
    name = estate.new_folder("Short lived")
    gone = estate.done("DELETE", f"{V3}/{name}")
    assert gone["state"] == "DELETE_REQUESTED"
    assert "deleteTime" in gone
    estate.done("POST", f"{V3}/{name}:undelete", {})
    estate.done("DELETE", f"{V3}/{name}")
    estate.world.clock.advance(31 * 86400)
    assert estate.call("POST", f"{V3}/{name}:undelete", {}).status == 403


def test_gcloud_s_version_shows_the_same_folders(estate: Estate) -> None:
    made = estate.done("POST", f"{V2}/folders", {"displayName": "From v2"}, query={"parent": ORGANIZATION})
    assert made["lifecycleState"] == "ACTIVE"
    assert estate.ok("GET", f"{V3}/{made['name']}")["displayName"] == "From v2"
    listed = estate.ok("GET", f"{V2}/folders", query={"parent": ORGANIZATION})["folders"]
    assert {entry["name"] for entry in listed} == {made["name"], FOLDER}
    renamed = estate.ok("PATCH", f"{V2}/{made['name']}?updateMask=displayName", {"displayName": "Renamed"})
    assert renamed["displayName"] == "Renamed"
    found = estate.ok("POST", f"{V2}/folders:search", {"query": "displayName=Renamed AND lifecycleState=ACTIVE"})
    assert [entry["name"] for entry in found["folders"]] == [made["name"]]
    assert estate.done("POST", f"{V2}/{made['name']}:move", {"destinationParent": FOLDER})["parent"] == FOLDER
    assert estate.ok("DELETE", f"{V2}/{made['name']}")["lifecycleState"] == "DELETE_REQUESTED"
    assert estate.ok("POST", f"{V2}/{made['name']}:undelete", {})["lifecycleState"] == "ACTIVE"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("displayName:Folder*", True),
        ('displayName="Folder 888888888888"', True),
        (f"parent={ORGANIZATION}", True),
        ("parent=organizations/1", False),
        ("state:DELETE_REQUESTED", False),
        (f"( displayName:Folder* ) AND ( parent={ORGANIZATION} )", True),
        ("displayName:Other* OR state:ACTIVE", True),
        ("NOT state:ACTIVE", False),
        ("-displayName:Other* (state:ACTIVE OR state:DELETE_REQUESTED)", True),
        ("displayName:Other* OR state:ACTIVE AND parent=organizations/1", False),
    ],
)
def test_folders_are_found_by_query(estate: Estate, query: str, found: bool) -> None:  # noqa: FBT001 - a table
    answer = estate.ok("GET", f"{V3}/folders:search", query={"query": query})
    assert [entry["name"] for entry in answer.get("folders", [])] == ([FOLDER] if found else [])


def test_a_query_that_nobody_understands_is_refused(estate: Estate) -> None:
    assert estate.call("GET", f"{V3}/folders:search", query={"query": "colour:blue"}).status == 400
    for text in ("(((", "displayName", "(state:ACTIVE", "state:ACTIVE )", "OR", "NOT ", "(" * 50 + "state:ACTIVE"):
        assert estate.call("GET", f"{V3}/folders:search", query={"query": text}).status == 400, text
    found = estate.ok("GET", f"{V3}/organizations:search", query={"query": "domain:acme.example"})
    assert [entry["name"] for entry in found["organizations"]] == [ORGANIZATION]
