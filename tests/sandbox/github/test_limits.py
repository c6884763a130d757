from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.sandbox.github import audit
from provisioner.sandbox.github.table import ROUTES
from tests.sandbox.github.hub import Hub, push, working_copy
from tests.sandbox.github.people import app, person


def test_what_the_caller_has_already_is_not_counted(hub: Hub) -> None:
    path = hub.repository()
    first = hub.call("GET", path)
    used = int(first.headers["x-ratelimit-used"])
    again = hub.call("GET", path, If_None_Match=first.headers["etag"])
    assert (again.status_code, again.content, int(again.headers["x-ratelimit-used"])) == (304, b"", used)
    by_time = hub.call("GET", path, If_Modified_Since=first.headers["last-modified"])
    assert (by_time.status_code, int(by_time.headers["x-ratelimit-used"])) == (304, used)
    hub.world.clock.advance(60)
    hub.call("PATCH", path, {"description": "other"})
    assert hub.call("GET", path, If_Modified_Since=first.headers["last-modified"]).status_code == 200
    assert hub.call("GET", path, If_None_Match=first.headers["etag"]).status_code == 200


def test_a_smaller_primary_limit_can_be_set_and_ends_with_the_hour(hub: Hub) -> None:
    hub.world.settings.change({"github_requests_per_hour": 2, "github_limit_status": 429})
    answers = [hub.call("GET", "/orgs/acme") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["x-ratelimit-remaining"] == "0"
    assert hub.call("GET", "/rate_limit").json()["rate"]["remaining"] == 0
    assert hub.call("GET", "/orgs/acme", token=hub.tokens["user"]).status_code == 200
    hub.world.clock.advance(3601)
    assert hub.call("GET", "/orgs/acme").status_code == 200


def test_searches_are_counted_apart(hub: Hub) -> None:
    hub.repository()
    found = hub.call("GET", "/search/repositories?q=model")
    assert (found.headers["x-ratelimit-resource"], found.headers["x-ratelimit-limit"]) == ("search", "30")
    for _ in range(29):
        hub.call("GET", "/search/users?q=ann")
    assert hub.call("GET", "/search/users?q=ann").status_code == 403
    assert hub.call("GET", "/orgs/acme").status_code == 200
    hub.world.clock.advance(61)
    assert hub.call("GET", "/search/users?q=ann").status_code == 200


@pytest.mark.parametrize("status", [403, 429])
def test_the_secondary_limit_counts_writes_five_times(hub: Hub, status: int) -> None:
    path = hub.repository()
    hub.world.settings.change({"github_points_per_minute": 11, "github_limit_status": status})
    hub.world.clock.advance(60)
    said = [hub.call("PATCH", path, {"description": str(n)}).status_code for n in range(3)]
    assert said == [200, 200, status]
    assert hub.call("GET", path).status_code == 200
    refused = hub.call("GET", path)
    assert (refused.status_code, "secondary rate limit" in refused.json()["message"]) == (status, True)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    hub.world.clock.advance(60)
    assert hub.call("GET", path).status_code == 200


def test_the_audit_log_tells_who_did_what_with_which_token(hub: Hub, tmp_path: Path) -> None:
    path, user = hub.repository(), hub.tokens["user"]
    hub.call("PATCH", path, {"visibility": "internal"}, token=user)
    hub.call("PUT", f"{path}/environments/prod", {})
    hub.call("PUT", f"{path}/collaborators/ann", {"permission": "push"})
    push(working_copy(tmp_path / "a", {"a": "1"}), hub.git_url())
    reader = app(hub, organization_administration="read")
    rows = hub.call("GET", "/orgs/acme/audit-log", token=reader).json()
    assert [row["action"] for row in rows] == [
        "repo.add_member",
        "environment.update_protection_rule",
        "repo.access",
        "repo.create",
    ]
    assert (rows[0]["user"], rows[0]["repo"], rows[0]["actor"]) == ("ann", "acme/model", "provision-env[bot]")
    assert rows[2]["actor"] == "platform-operator"
    kinds = (rows[0]["programmatic_access_type"], rows[2]["programmatic_access_type"])
    assert kinds == ("GitHub App server-to-server token", "Personal access token (classic)")
    found = hub.call("GET", "/orgs/acme/audit-log?phrase=actor:platform-operator", token=reader).json()
    assert [row["action"] for row in found] == ["repo.access"]
    others = hub.call("GET", "/orgs/acme/audit-log?phrase=-action:repo", token=reader).json()
    assert [row["action"] for row in others] == ["environment.update_protection_rule"]
    git = hub.call("GET", "/orgs/acme/audit-log?include=git", token=reader).json()
    assert [(row["action"], row["refs"]) for row in git] == [("git.push", ["refs/heads/main"])]


def test_the_audit_log_goes_by_pages_and_is_for_owners(hub: Hub) -> None:
    hub.repository("one")
    hub.repository("two")
    reader = app(hub, organization_administration="read")
    first = hub.call("GET", "/orgs/acme/audit-log?per_page=1", token=reader)
    (row,) = first.json()
    place = first.links["next"]["url"].removeprefix(hub.url("api.github.com"))
    second = hub.call("GET", place, token=reader).json()
    assert (row["name"], second[0]["name"]) == ("two", "one")
    assert hub.call("GET", "/orgs/acme/audit-log").status_code == 403
    assert hub.call("GET", "/orgs/acme/audit-log", token=person(hub, "ann", "admin:org")).status_code == 403


def test_what_was_refused_is_not_in_the_audit_log(hub: Hub) -> None:
    hub.repository()
    hub.call("POST", "/orgs/acme/repos", {"name": "model"})
    reader = app(hub, organization_administration="read")
    assert len(hub.call("GET", "/orgs/acme/audit-log", token=reader).json()) == 1


def test_the_audit_log_knows_only_routes_there_are() -> None:
    routes = {f"{route.method} {route.template}" for route in ROUTES}
    assert set(audit.ACTIONS) - routes == set()


def test_a_body_that_is_too_large_is_refused(hub: Hub) -> None:
    path = hub.repository()
    content = {"message": "m", "content": "eA==" * (11 * 1024 * 1024)}
    refused = hub.call("PUT", f"{path}/contents/x", content)
    assert (refused.status_code, refused.json()["message"]) == (413, "Payload too large")
