"""IAM policies as documents: etags, versions, masks, members, roles."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.sandbox.identity.cloud import PROJECT, Answer, Cloud
from tests.sandbox.identity.federated import IAM, POOL, Federation

ACCOUNT = f"runtime-account@{PROJECT}.iam.gserviceaccount.com"
URL = f"{IAM}/projects/{PROJECT}/serviceAccounts/{ACCOUNT}"
USER = "roles/iam.serviceAccountUser"
CONDITION = {"title": "soon over", "expression": 'request.time < timestamp("2026-12-01T00:00:00Z")'}


@pytest.fixture(autouse=True)
def _account(cloud: Cloud) -> None:
    cloud.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": "runtime-account"})


def _set(cloud: Cloud, policy: dict[str, Any], mask: str = "") -> Answer:
    return cloud.call("POST", f"{URL}:setIamPolicy", {"policy": policy} | ({"updateMask": mask} if mask else {}))


def _get(cloud: Cloud, version: int = 3) -> dict[str, Any]:
    return cloud.ok("POST", f"{URL}:getIamPolicy?options.requestedPolicyVersion={version}")


def _binding(*members: str, role: str = USER, **more: Any) -> dict[str, Any]:
    return {"role": role, "members": list(members)} | more


def test_an_empty_policy_has_an_etag_only(cloud: Cloud) -> None:
    assert _get(cloud) == {"etag": "ACAB"}


def test_a_stale_etag_conflicts_and_nothing_changes(cloud: Cloud) -> None:
    first = _set(cloud, {"etag": "ACAB", "bindings": [_binding("user:a@example.com")]})
    assert first.status == 200
    stale = _set(cloud, {"etag": "ACAB", "bindings": [_binding("user:b@example.com")]})
    assert (stale.status, stale.body["error"]["status"]) == (409, "ABORTED")
    assert stale.message.startswith("There were concurrent policy changes.")
    assert _get(cloud) == first.body
    assert base64.b64decode(first.body["etag"], validate=True)
    again = _set(cloud, {"etag": first.body["etag"], "bindings": [_binding("user:b@example.com")]})
    assert again.status == 200
    assert again.body["etag"] != first.body["etag"]


def test_bindings_of_a_role_are_merged_and_empty_ones_dropped(cloud: Cloud) -> None:
    answer = _set(
        cloud,
        {
            "bindings": [
                _binding("user:b@example.com", "user:A@Example.com"),
                _binding("user:b@example.com", "group:g@example.com"),
                _binding(role="roles/viewer"),
            ]
        },
    )
    assert answer.body["bindings"] == [_binding("group:g@example.com", "user:a@example.com", "user:b@example.com")]
    assert answer.body["version"] == 1


def test_conditions_need_version_three_both_ways(cloud: Cloud) -> None:
    conditional = _binding("user:a@example.com", condition=CONDITION)
    assert _set(cloud, {"version": 1, "bindings": [conditional]}).status == 400
    assert _set(cloud, {"version": 3, "bindings": [conditional, _binding("user:a@example.com")]}).status == 200
    assert _get(cloud)["version"] == 3
    assert len(_get(cloud)["bindings"]) == 2
    hidden = _get(cloud, 1)
    assert hidden["version"] == 1
    assert sum("_withcond_" in binding["role"] for binding in hidden["bindings"]) == 1
    assert not any("condition" in binding for binding in hidden["bindings"])
    assert _set(cloud, {"version": 1, "bindings": [_binding("user:a@example.com")]}).status == 400
    assert _set(cloud, hidden).status == 400
    assert _set(cloud, {"version": 3, "bindings": [_binding("user:a@example.com")]}).body["version"] == 1


@pytest.mark.parametrize(
    ("binding", "text"),
    [
        (_binding("nobody"), "The member nobody is of an unknown type. Please set a valid type prefix for the member."),
        (_binding("user:nobody"), "Invalid member: nobody is not an e-mail address."),
        (
            _binding("serviceAccount:ghost@acme-payments-dev.iam.gserviceaccount.com"),
            "Service account ghost@acme-payments-dev.iam.gserviceaccount.com does not exist.",
        ),
        (_binding("deleted:user:a@example.com?uid=1"), "The member deleted:user:a@example.com?uid=1 is of an unknown"),
        (_binding(f"principalSet://iam.googleapis.com/{POOL}/*"), f"Identity Pool does not exist ({POOL})."),
        (_binding("user:a@example.com", role="roles/run.everything"), "Role roles/run.everything is not supported"),
        (
            _binding("user:a@example.com", role=f"projects/{PROJECT}/roles/none"),
            f"Role (projects/{PROJECT}/roles/none) does not exist in the resource's hierarchy.",
        ),
        (_binding("user:a@example.com", role=""), "Role name must not be empty."),
        (
            _binding("user:a@example.com", condition={"title": "x", "expression": "resource.name =="}),
            "The condition expression is invalid:",
        ),
        (_binding("user:a@example.com", condition={"expression": "true"}), "The condition title must be set."),
        (_binding("allUsers", condition=CONDITION), "Conditions can't be set on bindings for allUsers"),
        (
            _binding("user:a@example.com", role="roles/owner", condition=CONDITION),
            "Conditions can't be set on basic roles.",
        ),
    ],
)
def test_bad_bindings_are_refused_in_googles_words(cloud: Cloud, binding: dict[str, Any], text: str) -> None:
    answer = _set(cloud, {"version": 3, "bindings": [binding]})
    assert (answer.status, answer.body["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert answer.message.startswith(text)
    assert _get(cloud) == {"etag": "ACAB"}
    assert _set(cloud, {"version": 3, "bindings": [_binding("user:a@example.com")]}).status == 200


@pytest.mark.parametrize("rest", ["subject/", "attribute.repo", "everything", "*x"])
def test_a_principal_set_needs_one_of_its_forms(federation: Federation, rest: str) -> None:
    url = f"{IAM}/projects/-/serviceAccounts/payments-dev-deploy@{PROJECT}.iam.gserviceaccount.com:setIamPolicy"
    member = f"principalSet://iam.googleapis.com/{POOL}/{rest}"
    assert federation.cloud.call("POST", url, {"policy": {"bindings": [_binding(member)]}}).status == 400


def test_audit_configs_change_only_when_the_mask_names_them(cloud: Cloud) -> None:
    audit = [{"service": "sts.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]}]
    bindings = [_binding("user:a@example.com")]
    assert "auditConfigs" not in _set(cloud, {"bindings": bindings, "auditConfigs": audit}).body
    with_audit = _set(cloud, {"auditConfigs": audit}, "auditConfigs").body
    assert (with_audit["auditConfigs"], with_audit["bindings"]) == (audit, bindings)
    assert _set(cloud, {"bindings": []}, "bindings,etag").body["auditConfigs"] == audit
    assert "auditConfigs" not in _set(cloud, {}, "auditConfigs,etag").body
    assert _set(cloud, {}, "nonsense").status == 400


def test_members_follow_an_account_through_deletion_and_back(cloud: Cloud) -> None:
    other = cloud.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts", {"accountId": "other-account"})
    member = f"serviceAccount:{other['email']}"
    _set(cloud, {"bindings": [_binding(member)]})
    cloud.ok("DELETE", f"{IAM}/{other['name']}")
    gone = f"deleted:{member}?uid={other['uniqueId']}"
    assert _get(cloud)["bindings"] == [_binding(gone)]
    assert _set(cloud, _get(cloud)).status == 200
    cloud.ok("POST", f"{IAM}/projects/{PROJECT}/serviceAccounts/{other['uniqueId']}:undelete", {})
    assert _get(cloud)["bindings"] == [_binding(member)]


def test_permissions_asked_for_are_answered_with_those_held(cloud: Cloud) -> None:
    _set(cloud, {"bindings": [_binding("user:a@example.com")]})
    asked = {"permissions": ["iam.serviceAccounts.delete", "iam.serviceAccounts.actAs", "iam.serviceAccounts.get"]}
    url = f"{URL}:testIamPermissions"
    held = cloud.ok("POST", url, asked, token=cloud.user_token("a@example.com"))
    assert held == {"permissions": ["iam.serviceAccounts.actAs", "iam.serviceAccounts.get"]}
    assert cloud.ok("POST", url, asked, token=cloud.user_token("b@example.com")) == {}
    assert cloud.call("POST", url, {"permissions": ["iam.*"]}).status == 400
