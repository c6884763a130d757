"""The decision itself, on resources and hierarchies made up for the purpose."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.sandbox.google.identity import cel, roles
from provisioner.sandbox.google.identity.authorization import granted, scopes_allow
from provisioner.sandbox.google.identity.policies import grant, write_policy
from provisioner.sandbox.google.method import Caller, Resource
from tests.sandbox.identity.cloud import PROJECT, START, Cloud
from tests.sandbox.identity.federated import IAM

SHARED = Path(__file__).parents[3].parent / "shared" / "google-iam" / "roles.json"
ORGANIZATION = "//cloudresourcemanager.googleapis.com/organizations/1"
OWN = "//storage.googleapis.com/projects/_/buckets/b"
ABOVE = f"//cloudresourcemanager.googleapis.com/projects/{PROJECT}"
ANN = Caller("user:ann@example.com", frozenset(("user:ann@example.com", "allUsers", "allAuthenticatedUsers")))
READ = "storage.objects.get"


def _object(name: str) -> Resource:
    full = f"projects/_/buckets/b/objects/{name}"
    return Resource(full, "storage.googleapis.com/Object", "storage.googleapis.com", (OWN, ABOVE, ORGANIZATION))


@pytest.mark.parametrize("place", [OWN, ABOVE, ORGANIZATION])
def test_a_grant_counts_below_where_it_was_made(cloud: Cloud, place: str) -> None:
    with cloud.world.store.transaction() as tx:
        assert granted(tx, ANN, [READ], _object("x"), START) == []
        grant(tx, place, "roles/storage.objectViewer", [ANN.member], START)
        asked = ["storage.objects.list", "storage.objects.delete", READ]
        assert granted(tx, ANN, asked, _object("x"), START) == ["storage.objects.list", READ]
        other = Resource("projects/_/buckets/c", "storage.googleapis.com/Bucket", "storage.googleapis.com", ())
        assert granted(tx, ANN, [READ], other, START) == []


@pytest.mark.parametrize(
    ("expression", "name", "holds"),
    [
        ("resource.name.startsWith('projects/_/buckets/b/objects/team-a/')", "team-a/x", True),
        ("resource.name.startsWith('projects/_/buckets/b/objects/team-a/')", "team-b/x", False),
        ("resource.name.extract('/objects/{team}/') == 'team-a'", "team-a/x", True),
        ("resource.name.extract('/objects/{team}/') == 'team-a'", "team-ab/x", False),
        ("resource.type == 'storage.googleapis.com/Object' && resource.service == 'storage.googleapis.com'", "x", True),
        ("resource.type == 'storage.googleapis.com/Bucket'", "x", False),
        ("request.time < timestamp('2026-11-21T03:00:01Z')", "x", True),
        ("request.time < timestamp('2026-11-21T03:00:00Z')", "x", False),
        ("resource.unknown == 'x'", "x", False),
        ("resource.name", "x", False),
    ],
)
def test_a_conditional_grant_counts_while_its_condition_is_true(
    cloud: Cloud,
    expression: str,
    name: str,
    holds: bool,  # noqa: FBT001 - a table
) -> None:
    binding = {
        "role": "roles/storage.objectViewer",
        "members": [ANN.member],
        "condition": {"title": "t", "expression": expression},
    }
    with cloud.world.store.transaction() as tx:
        write_policy(tx, ABOVE, {"version": 3, "bindings": [binding]}, now=START)
        assert granted(tx, ANN, [READ], _object(name), START) == ([READ] if holds else [])


def test_buckets_legacy_grants_reach_the_projects_owners(cloud: Cloud) -> None:
    with cloud.world.store.transaction() as tx:
        grant(tx, OWN, "roles/storage.legacyObjectReader", [f"projectViewer:{PROJECT}"], START)
        assert granted(tx, ANN, [READ], _object("x"), START) == []
        grant(tx, ABOVE, "roles/viewer", [ANN.member], START)
        assert granted(tx, ANN, [READ], _object("x"), START) == [READ]


def test_a_custom_role_grants_while_it_is_live(cloud: Cloud) -> None:
    url = f"{IAM}/projects/{PROJECT}/roles"
    role = cloud.ok("POST", url, {"roleId": "reader", "role": {"title": "R", "includedPermissions": [READ]}})
    with cloud.world.store.transaction() as tx:
        grant(tx, ABOVE, role["name"], [ANN.member], START)

    def held() -> bool:
        with cloud.world.store.transaction() as tx:
            return bool(granted(tx, ANN, [READ], _object("x"), START))

    assert held()
    cloud.ok("PATCH", f"{IAM}/{role['name']}?updateMask=stage", {"stage": "DISABLED"})
    assert not held()
    cloud.ok("PATCH", f"{IAM}/{role['name']}?updateMask=stage", {"stage": "GA"})
    assert held()
    cloud.ok("DELETE", f"{IAM}/{role['name']}")
    assert not held()
    cloud.ok("POST", f"{IAM}/{role['name']}:undelete", {})
    assert held()


def test_without_enforcement_any_known_caller_may_and_a_stranger_still_may_not(cloud: Cloud) -> None:
    url = f"{IAM}/projects/{PROJECT}/serviceAccounts"
    token = cloud.user_token("ann@example.com")
    assert cloud.call("GET", url, token=token).status == 403
    cloud.world.settings.change({"enforce": False})
    assert cloud.call("GET", url, token=token).status == 200
    assert cloud.call("GET", url, token=None).status == 401
    assert cloud.call("GET", url, token="ya29.made-up").status == 401


@pytest.mark.parametrize(
    ("scope", "permission", "reached"),
    [
        ("cloud-platform", "run.services.delete", True),
        ("cloud-platform.read-only", "run.services.get", True),
        ("cloud-platform.read-only", "run.services.delete", False),
        ("devstorage.read_only", READ, True),
        ("devstorage.read_only", "storage.objects.create", False),
        ("devstorage.read_write", "storage.objects.create", True),
        ("devstorage.full_control", "run.services.get", False),
        ("userinfo.email", READ, False),
    ],
)
def test_scopes_limit_a_token(scope: str, permission: str, reached: bool) -> None:  # noqa: FBT001 - a table
    caller = Caller("user:a@b.c", scopes=(f"https://www.googleapis.com/auth/{scope}",))
    assert scopes_allow(caller, permission) is reached


def test_the_role_tables_agree_with_google() -> None:
    if not SHARED.exists():
        pytest.skip("the role data is not here")
    theirs = json.loads(SHARED.read_text())
    services = {permission.partition(".")[0] for held in theirs.values() for permission in held}
    ours = roles.predefined()
    known = {name for name in roles.vocabulary_permissions() if name.partition(".")[0] in services}
    assert theirs.keys() <= ours.keys()
    for role, permissions in theirs.items():
        assert ours[role] & known == set(permissions) & known, role


def test_every_role_grants_something_and_owner_lacks_what_google_withholds() -> None:
    tables = roles.predefined()
    assert all(tables.values())
    assert "iam.serviceAccounts.actAs" in tables["roles/owner"]
    assert "iam.serviceAccounts.getAccessToken" not in tables["roles/owner"]
    assert "resourcemanager.projects.setIamPolicy" not in tables["roles/editor"]


@pytest.mark.parametrize(
    ("text", "template", "part"),
    [
        ("projects/_/buckets/b/objects/o", "/buckets/{name}/objects/", "b"),
        ("projects/_/buckets/b/objects/o", "/objects/{name}", "o"),
        ("a/b", "{first}/", "a"),
        ("a/b", "/c/{x}", ""),
        ("a/b", "a/{x}/", ""),
        ("a/b/c/b/d", "/b/{x}/b", "c"),
    ],
)
def test_extract_cuts_out_what_the_hole_stands_for(text: str, template: str, part: str) -> None:
    assert cel.evaluate("a.extract(b)", {"a": text, "b": template}) == part


@pytest.mark.parametrize(
    "expression", ["a.b.missing", "a.b.c == 'x' &&", "a.extract('none')", "a.extract('{x}{y}')", "nobody", "'a' + 1"]
)
def test_an_expression_that_fails_raises(expression: str) -> None:
    with pytest.raises(cel.CelError):
        cel.evaluate(expression, {"a": "text"})
