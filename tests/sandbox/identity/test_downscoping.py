"""Tokens within a Credential Access Boundary: what they lose, and how they are asked for."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.sandbox.identity.cloud import PROJECT, Answer, Cloud

Json = dict[str, Any]
STORAGE = "storage.googleapis.com/storage/v1"
_TYPE = "urn:ietf:params:oauth:token-type:access_token"


@pytest.fixture
def buckets(cloud: Cloud) -> Cloud:
    """Two buckets with an object each, and a person who may do everything with them."""
    with cloud.world.store.transaction() as tx:
        tx.put("google/services", f"{PROJECT}/storage.googleapis.com", {})
    for name in ("acme-one", "acme-two"):
        cloud.ok("POST", f"{STORAGE}/b?project={PROJECT}", {"name": name, "location": "EU"})
        put(cloud, name, "in/x")
    return cloud


def put(cloud: Cloud, bucket: str, name: str, token: str = "") -> int:
    url = f"storage.googleapis.com/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
    return cloud.call("POST", url, token=token, headers={"content-type": "text/plain"}, content=b"x").status


def get(cloud: Cloud, bucket: str, name: str, token: str) -> int:
    return cloud.call("GET", f"{STORAGE}/b/{bucket}/o/{quote(name, safe='')}", token=token).status


def rule(bucket: str = "acme-one", role: str = "roles/storage.objectViewer", expression: str = "") -> Json:
    made: Json = {
        "availableResource": f"//storage.googleapis.com/projects/_/buckets/{bucket}",
        "availablePermissions": [f"inRole:{role}"],
    }
    return made | ({"availabilityCondition": {"expression": expression, "title": "t"}} if expression else {})


def downscope(cloud: Cloud, *rules: Json, token: str = "", **changes: str) -> Answer:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": _TYPE,
        "subject_token_type": _TYPE,
        "subject_token": token or cloud.operator,
        # Google's libraries encode the JSON before the form is encoded.
        "options": quote(json.dumps({"accessBoundary": {"accessBoundaryRules": list(rules)}})),
    } | changes
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return cloud.call(
        "POST", "sts.googleapis.com/v1/token", token=None, headers=headers, content=urlencode(form).encode()
    )


def test_a_boundary_leaves_one_bucket_to_read(buckets: Cloud) -> None:
    given = downscope(buckets, rule()).body
    assert (given["issued_token_type"], given["expires_in"]) == (_TYPE, 3600)
    token = given["access_token"]
    assert get(buckets, "acme-one", "in/x", token) == 200
    assert get(buckets, "acme-two", "in/x", token) == 403
    assert put(buckets, "acme-one", "in/y", token) == 403
    # Other services know nothing of boundaries: they refuse, even their operator.
    url = f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}"
    assert (buckets.call("GET", url).status, buckets.call("GET", url, token=token).status) == (200, 403)


def test_a_boundary_gives_nothing_that_its_owner_has_not(buckets: Cloud) -> None:
    ada = buckets.user_token("ada@example.com")
    token = downscope(buckets, rule(role="roles/storage.admin"), token=ada).body["access_token"]
    assert get(buckets, "acme-one", "in/x", token) == 403


def test_conditions_narrow_to_a_prefix(buckets: Cloud) -> None:
    put(buckets, "acme-one", "out/x")
    prefix = "projects/_/buckets/acme-one/objects/in/"
    expression = (
        f"resource.name.startsWith('{prefix}') || "
        "api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('in/')"
    )
    token = downscope(buckets, rule(expression=expression)).body["access_token"]
    assert (get(buckets, "acme-one", "in/x", token), get(buckets, "acme-one", "out/x", token)) == (200, 403)
    later = "request.time < timestamp('2026-11-21T03:01:00Z')"
    token = downscope(buckets, rule(expression=later)).body["access_token"]
    assert get(buckets, "acme-one", "in/x", token) == 200
    buckets.world.clock.advance(60)
    assert get(buckets, "acme-one", "in/x", token) == 403


def test_rules_add_up(buckets: Cloud) -> None:
    rules = (rule(), rule("acme-two", "roles/storage.objectCreator"))
    token = downscope(buckets, *rules).body["access_token"]
    assert (get(buckets, "acme-one", "in/x", token), get(buckets, "acme-two", "in/x", token)) == (200, 403)
    assert (put(buckets, "acme-two", "new", token), put(buckets, "acme-one", "new", token)) == (200, 403)


def test_a_boundary_ends_and_is_not_widened(buckets: Cloud) -> None:
    token = downscope(buckets, rule()).body["access_token"]
    again = downscope(buckets, rule("acme-two"), token=token)
    assert (again.status, again.body["error"]) == (400, "invalid_grant")
    buckets.world.clock.advance(3600)
    assert get(buckets, "acme-one", "in/x", token) == 401


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [rule()] * 11,
        [rule() | {"availableResource": "//run.googleapis.com/projects/p"}],
        [rule(role="roles/made.up")],
        [rule() | {"availablePermissions": ["storage.objects.get"]}],
        [rule() | {"availablePermissions": []}],
        [rule(expression="resource.name ==")],
    ],
)
def test_boundaries_that_are_none_are_refused(buckets: Cloud, rules: list[Json]) -> None:
    answer = downscope(buckets, *rules)
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")


def test_options_that_are_no_json_are_refused(buckets: Cloud) -> None:
    for options in ("", "x", "{}", "[]"):
        assert downscope(buckets, options=options).body["error"] == "invalid_request"
    assert downscope(buckets, rule(), token="ya29.unknown").body["error"] == "invalid_grant"


def test_introspection_tells_whose_a_token_is(buckets: Cloud) -> None:
    def ask(token: str) -> Json:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        url = "sts.googleapis.com/v1/introspect"
        return buckets.call("POST", url, token=None, headers=headers, content=urlencode({"token": token}).encode()).body

    known = ask(buckets.operator)
    assert (known["active"], known["username"]) == (True, "operator@example.com")
    assert ask("nonsense") == {"active": False}
