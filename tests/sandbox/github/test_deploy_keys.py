"""Deploy keys, through PyGithub and as GitHub's documentation has their rules."""

from __future__ import annotations

import pytest

from tests.sandbox.github.hub import Hub
from tests.sandbox.github.people import app, person

KEYS = "/repos/acme/model/keys"
ONE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0P"


@pytest.fixture(autouse=True)
def _model(hub: Hub) -> None:
    hub.repository()


def test_pygithub_adds_lists_and_removes_one(hub: Hub) -> None:
    repo = hub.client(hub.tokens["user"]).get_repo("acme/model")
    made = repo.create_key("laptop", f"{ONE} ann@laptop", read_only=True)
    assert (made.title, made.key, made.read_only, made.verified) == ("laptop", ONE, True, True)
    assert [key.id for key in repo.get_keys()] == [made.id]
    assert repo.get_key(made.id).raw_data["added_by"] == "platform-operator"
    made.delete()
    assert list(repo.get_keys()) == []


def test_a_key_belongs_to_one_repository(hub: Hub) -> None:
    hub.repository("other")
    assert hub.call("POST", KEYS, {"title": "a", "key": ONE}).json()["read_only"] is False
    again = hub.call("POST", "/repos/acme/other/keys", {"title": "b", "key": f"{ONE} elsewhere"})
    assert (again.status_code, again.json()["errors"][0]["message"]) == (422, "key is already in use")
    odd = hub.call("POST", KEYS, {"title": "b", "key": "no key at all"})
    assert (odd.status_code, "OpenSSH" in odd.json()["errors"][0]["message"]) == (422, True)
    assert hub.call("DELETE", "/repos/acme/model").status_code == 204
    assert hub.call("POST", "/repos/acme/other/keys", {"title": "b", "key": ONE}).status_code == 201


def test_only_who_administers_sees_and_adds_keys(hub: Hub) -> None:
    body = {"title": "a", "key": ONE}
    assert hub.call("POST", KEYS, body, token=app(hub, administration="read", contents="write")).status_code == 403
    made = hub.call("POST", KEYS, body, token=app(hub, administration="write"))
    assert made.status_code == 201, made.text
    place = f"{KEYS}/{made.json()['id']}"
    assert hub.call("GET", place, token=app(hub, administration="read")).status_code == 200
    assert hub.call("GET", place, token=person(hub, "cy")).status_code in {403, 404}
    assert hub.call("GET", f"{KEYS}/1").status_code == 404
