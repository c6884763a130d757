"""A deleted account is renamed in every policy that names it, found without reading all policies."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.core.cloud import PROJECT, GoogleCloud

PLACE = f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}"
ACCOUNTS = f"iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts"


def members(cloud: GoogleCloud, role: str) -> list[str]:
    bindings = cloud.call("POST", f"{PLACE}:getIamPolicy", {}).body["bindings"]
    return [member for each in bindings if each["role"] == role for member in each["members"]]


def test_a_deleted_account_keeps_its_place_in_policies(tmp_path: Path) -> None:
    cloud = GoogleCloud(tmp_path)
    cloud.call("POST", f"serviceusage.googleapis.com/v1/projects/{PROJECT}/services/iam.googleapis.com:enable", {})
    made = cloud.call("POST", ACCOUNTS, {"accountId": "robot-one"}).body
    member, number = f"serviceAccount:{made['email']}", made["uniqueId"]
    cloud.grant(PLACE, "roles/viewer", member)
    cloud.grant(PLACE, "roles/browser", "user:ada@example.com")
    assert members(cloud, "roles/viewer") == [member]
    assert cloud.call("DELETE", f"{ACCOUNTS}/{made['email']}").status == 200
    assert members(cloud, "roles/viewer") == [f"deleted:{member}?uid={number}"]
    assert members(cloud, "roles/browser") == ["user:ada@example.com"]
    assert cloud.call("POST", f"{ACCOUNTS}/{number}:undelete", {}).status == 200
    assert members(cloud, "roles/viewer") == [member]
