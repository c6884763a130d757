"""The ground is laid through the run's own path: once, unchanged the second time, refused without the rights."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.cloud.ground import Ground
from provisioner.cloud.session import Network, open_session
from tests.cli.program import Ended
from tests.e2e.conftest import stop
from tests.e2e.desk import Desk, new_desk
from tests.sandbox.actions.site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("bootstrap")]

BUCKET = "https://storage.googleapis.com/storage/v1/b/example-ml-terraform-state"
FOLDER = "https://cloudresourcemanager.googleapis.com/v3/folders/345678901234"
BILLING = "https://cloudbilling.googleapis.com/v1/billingAccounts/01AB23-CD45EF-678901"
REPO = "https://api.github.com/repos/example-ml/platform"
PROJECT = "example-ml-platform.iam.gserviceaccount.com"
PROVIDER = "workload_identity_provider"
VERSION_3 = {"options": {"requestedPolicyVersion": 3}}
STAGES = ("mint", "exchange", "impersonate", "call")
PLAN, PREVIEW, DEPLOY = (
    f"serviceAccount:provision-env-{kind}@{PROJECT}" for kind in ("platform-plan", "preview-plan", "platform-deploy")
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = new_desk(tmp_path_factory.mktemp("desk"))
    platform = made.folder / "platform.yaml"
    platform.write_text(platform.read_text() + "contact: platform@example.com\n")
    yield made
    stop(made.person)


def bootstrap(desk: Desk, *options: str) -> Ended:
    return desk.person.runs("bootstrap", desk.folder / "platform.yaml", "--sandbox", "--yes", *options)


@pytest.fixture(scope="module")
def planned(desk: Desk) -> dict[str, Any]:
    """Return what is said before anything exists, and see that nothing exists afterwards."""
    ended = bootstrap(desk, "--plan", "--output", "json")
    assert ended.code == 0, ended
    assert call(desk, "GET", BUCKET)[0] == 404
    assert call(desk, "GET", REPO)[0] == 404
    document: dict[str, Any] = ended.document
    return document


@pytest.fixture(scope="module")
def result(desk: Desk, planned: dict[str, Any]) -> dict[str, Any]:
    ended = bootstrap(desk, "--output", "json")
    assert ended.code == 0, ended
    document: dict[str, Any] = ended.document
    return document


def call(desk: Desk, method: str, url: str, document: object = None) -> tuple[int, Any]:
    """Call an API in the sandbox as its operator, from this process."""
    site = Site(desk.handle, desk.folder)
    with site.http:
        answer = site.ask(method, url, document)
    return answer.status_code, answer.json() if answer.content else None


def holders(desk: Desk, url: str, verb: str = "POST") -> dict[str, set[str]]:
    """Return the roles at a resource by member, of the toolkit's identities only."""
    bindings = call(desk, verb, url)[1]["bindings"]
    found: dict[str, set[str]] = {PLAN: set(), PREVIEW: set(), DEPLOY: set()}
    for binding in bindings:
        for member in set(binding["members"]) & set(found):
            found[member].add(binding["role"].partition("_withcond_")[0])  # so it is named below version 3
    return found


def test_the_bucket_of_the_states_is_made_first_and_safe(desk: Desk, result: dict[str, Any]) -> None:
    assert result["bucket"] == {"bucket": "example-ml-terraform-state", "made": True}
    bucket = call(desk, "GET", BUCKET)[1]
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert bucket["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] is True
    assert int(bucket["softDeletePolicy"]["retentionDurationSeconds"]) >= 7 * 86_400
    assert bucket["labels"]["managed-by"] == "provision-env"
    states = call(desk, "GET", f"{BUCKET}/o")[1]["items"]
    assert [each["name"] for each in states] == ["provision-env/platform/default.tfstate"]


def test_the_plan_before_says_who_will_reach_what(planned: dict[str, Any]) -> None:
    assert planned["verdict"]["passed"] is True
    assert {tuple(change["actions"]) for change in planned["changes"]} == {("create",)}
    gained = planned["access"]["gained"]
    assert "this change lets 'pull_request into main' reach platform/preview" in gained
    assert "this change gives platform/deploy roles/run.admin on folder folders/345678901234" in gained
    assert not [each for each in gained if "pull_request" in each and "reach platform/deploy" in each]


def test_the_identities_hold_what_their_table_says(desk: Desk, result: dict[str, Any]) -> None:
    assert result["changes"]["provision-env-platform"]["imported"] == 1
    on_folder = holders(desk, f"{FOLDER}:getIamPolicy")
    assert on_folder[PLAN] - on_folder[PREVIEW] == {"roles/storage.objectViewer"}, "of folders only"
    assert on_folder[PREVIEW] < on_folder[PLAN]
    assert "roles/run.admin" in on_folder[DEPLOY] - on_folder[PLAN]
    assert not {role for role in on_folder[PLAN] if role.endswith(("dmin", "ditor", "ser"))}
    on_state = holders(desk, f"{BUCKET}/iam", "GET")
    assert on_state[PREVIEW] == set()
    assert "roles/storage.objectViewer" in on_state[PLAN]
    assert "roles/storage.folderAdmin" in on_state[DEPLOY]
    assert holders(desk, f"{BILLING}:getIamPolicy", "GET")[PREVIEW] == set()


def test_only_a_pull_request_becomes_the_preview_account(desk: Desk, result: dict[str, Any]) -> None:
    repository = result["repository"]["id"]
    reached = {}
    for account in (PLAN, PREVIEW, DEPLOY):
        place = f"https://iam.googleapis.com/v1/projects/-/serviceAccounts/{account.partition(':')[2]}"
        bindings = call(desk, "POST", f"{place}:getIamPolicy")[1]["bindings"]
        reached[account] = {member.partition("/attribute.")[2] for each in bindings for member in each["members"]}
    bound, main = "repo_env_ref_event", "refs/heads/main"
    assert reached[PREVIEW] == {f"repo_event/{repository}::pull_request"}
    assert reached[DEPLOY] == {f"{bound}/{repository}:platform:{main}:{each}" for each in ("push", "workflow_dispatch")}
    events = ("push", "schedule", "workflow_dispatch")
    assert reached[PLAN] == {f"{bound}/{repository}::{main}:{each}" for each in events}


def test_the_repository_waits_for_reviewers(desk: Desk, result: dict[str, Any]) -> None:
    assert result["repository"]["full_name"] == "example-ml/platform"
    environment = call(desk, "GET", f"{REPO}/environments/platform")[1]
    rule = next(each for each in environment["protection_rules"] if each["type"] == "required_reviewers")
    assert {each["reviewer"]["login"] for each in rule["reviewers"]} == {"maria-platform", "jonas-platform"}
    rules = call(desk, "GET", f"{REPO}/rules/branches/main")[1]
    checks = next(each for each in rules if each["type"] == "required_status_checks")
    assert [each["context"] for each in checks["parameters"]["required_status_checks"]] == ["check"]
    tree = call(desk, "GET", f"{REPO}/git/trees/main?recursive=1")[1]["tree"]
    paths = {each["path"] for each in tree}
    assert {"platform.yaml", "teams/README.md", ".github/CODEOWNERS"} <= paths
    assert "terraform/envs/provision-env-platform/main.tf" in paths


def test_variables_name_the_identities_and_what_is_installed(desk: Desk, result: dict[str, Any]) -> None:
    rows = call(desk, "GET", f"{REPO}/actions/variables?per_page=30")[1]["variables"]
    found = {row["name"]: row["value"] for row in rows}
    made = result["outputs"]["provision-env-platform"]["environment"]
    assert found["PLATFORM_PLAN_SERVICE_ACCOUNT"] == made["plan_service_account"]
    assert found["PLATFORM_PREVIEW_SERVICE_ACCOUNT"] == made["preview_service_account"]
    assert found["PLATFORM_WORKLOAD_IDENTITY_PROVIDER"] == made["workload_identity_provider"]
    assert found["PROVISION_ENV_SOURCE"].startswith("provision-env==")


def test_the_trust_is_tried_with_legitimate_and_foreign_jobs(result: dict[str, Any]) -> None:
    rows = result["access"]["rows"]
    assert result["access"]["right"] is True
    tried = [row for row in rows if row["how"] == "executed"]
    assert all(row["executed"] is row["expected"] for row in tried)
    ways = {(row["identity"], row["event"]) for row in tried if row["expected"] and not row["act"]}
    assert ways == {
        *(("platform/plan", event) for event in ("push", "schedule", "workflow_dispatch")),
        *(("platform/deploy", event) for event in ("push", "workflow_dispatch")),
        ("platform/preview", "pull_request"),
    }
    refused = {(row["identity"], row["stage"]) for row in tried if not row["expected"]}
    assert refused >= {(f"platform/{kind}", stage) for kind in ("plan", "preview", "deploy") for stage in STAGES}
    acts = {(row["identity"], row["act"]): row["executed"] for row in tried if row["act"]}
    assert acts["platform/preview", "reads the platform's state"] is False
    assert acts["platform/plan", "may create a service"] is False
    assert acts["platform/deploy", "may grant roles on folders/345678901234"] is False


@pytest.mark.parametrize(
    ("job", "reached"),
    [
        (("workflow_dispatch", "refs/heads/main"), "plan"),
        (("pull_request", "refs/pull/7/merge"), "preview"),
        (("workflow_dispatch", "refs/heads/topic"), ""),
    ],
)
def test_the_repository_tries_its_identities_itself(
    desk: Desk, result: dict[str, Any], job: tuple[str, str], reached: str, tmp_path: Path
) -> None:
    for name in ("verify_toolkit", "verify_access"):
        found = call(desk, "GET", f"{REPO}/contents/.github/{name}.py")[1]
        (tmp_path / f"{name}.py").write_bytes(base64.b64decode(found["content"]))
    given = {"GITHUB_EVENT_NAME": job[0], "GITHUB_REF": job[1], "MAIN": "refs/heads/main"}
    context = {"repository": "example-ml/platform", "event_name": job[0], "ref": job[1]}
    token = desk.handle.mint_job_token({**context, "head_ref": "topic", "base_ref": "main"})
    runner = {"ACTIONS_ID_TOKEN_REQUEST_URL": token.request_url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": token.request_token}
    made = result["outputs"]["provision-env-platform"]["environment"]
    names = {kind.upper(): made[f"{kind}_service_account"] for kind in ("plan", "preview", "deploy")}
    environment = {**desk.handle.environment(), **runner, **names, **given, "PROVIDER": made[PROVIDER]}
    command = [sys.executable, str(tmp_path / "verify_toolkit.py")]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for kind in ("plan", "preview", "deploy"):
        assert f"| {kind} | {'reached | reached' if kind == reached else 'refused | refused'} |" in ended.stdout


def test_what_somebody_grants_by_hand_is_named(desk: Desk, result: dict[str, Any], tmp_path: Path) -> None:
    assert result["access"]["right"]
    policy = call(desk, "POST", f"{FOLDER}:getIamPolicy", VERSION_3)[1]
    more = {**policy, "bindings": [*policy["bindings"], {"role": "roles/run.developer", "members": [PREVIEW]}]}
    assert call(desk, "POST", f"{FOLDER}:setIamPolicy", {"policy": more})[0] == 200
    page = tmp_path / "access.html"
    try:
        ended = desk.person.runs("access", "provision-env", "--from", "live", "--html", page, "-o", "json")
    finally:
        etag = call(desk, "POST", f"{FOLDER}:getIamPolicy")[1]["etag"]
        call(desk, "POST", f"{FOLDER}:setIamPolicy", {"policy": {**policy, "etag": etag}})
    assert ended.code == 1
    wrong = [row["context"] for row in ended.document["rows"] if not row["right"]]
    assert wrong == ["pull_request into main, may create a service"]
    strange = [each for each in ended.document["unmanaged"] if each["ours"]]
    assert [(each["role"], each["scope"]) for each in strange] == [
        ("roles/run.developer", "folder:folders/345678901234")
    ]
    assert "run.developer on folder folders/345678901234" in page.read_text()


@pytest.mark.usefixtures("result")
def test_a_second_run_changes_nothing_and_keeps_what_people_chose(desk: Desk) -> None:
    chosen = {"name": "PROVISION_ENV_SOURCE", "value": "git+https://github.com/example-ml/provision-env@0123abc"}
    assert call(desk, "PATCH", f"{REPO}/actions/variables/PROVISION_ENV_SOURCE", chosen)[0] == 204
    ended = bootstrap(desk, "--output", "json")
    assert ended.code == 0, ended
    assert set(ended.document["changes"]["provision-env-platform"].values()) == {0}
    assert ended.document["bucket"]["made"] is False
    assert ended.document["repository"]["written"] == []
    assert call(desk, "GET", f"{REPO}/actions/variables/PROVISION_ENV_SOURCE")[1]["value"] == chosen["value"]


@pytest.fixture
def as_the_plan_account(desk: Desk, result: dict[str, Any]) -> Iterator[Ground]:
    """Ask as somebody who may look at everything and change nothing."""
    email = result["outputs"]["provision-env-platform"]["environment"]["plan_service_account"]
    account = f"https://iam.googleapis.com/v1/projects/-/serviceAccounts/{email}"
    policy = call(desk, "POST", f"{account}:getIamPolicy")[1]
    operator = desk.handle.control("GET", "credentials")["googleEmail"]
    grant = {"role": "roles/iam.serviceAccountTokenCreator", "members": [f"user:{operator}"]}
    more = {**policy, "bindings": [*policy["bindings"], grant]}
    assert call(desk, "POST", f"{account}:setIamPolicy", {"policy": more})[0] == 200
    minting = account.replace("iam.googleapis.com", "iamcredentials.googleapis.com")
    scope = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
    status, token = call(desk, "POST", f"{minting}:generateAccessToken", scope)
    assert status == 200, token
    network = Network(desk.handle.proxy_url, str(desk.handle.ca_file))
    session = open_session(token["accessToken"], network=network)
    yield Ground(session)
    session.close()


def test_who_lacks_a_right_hears_which_and_where(as_the_plan_account: Ground) -> None:
    scope, account = "folders/345678901234", "01AB23-CD45EF-678901"
    found = {each.where: each for each in as_the_plan_account.problems("example-ml-platform", scope, account)}
    assert "storage.buckets.create" in found["project example-ml-platform"].reason
    assert found[scope].reason == "you lack resourcemanager.folders.setIamPolicy"
    assert "roles/resourcemanager.folderIamAdmin" in found[scope].fix
    on_billing = found[f"billing account {account}"]
    assert on_billing.reason == "you lack billing.accounts.setIamPolicy, billing.budgets.create"
    assert all(each.blocking for each in found.values())


@pytest.mark.usefixtures("result")
def test_the_ground_is_never_destroyed(desk: Desk) -> None:
    ended = desk.person.runs("destroy", "provision-env", "--sandbox", "--yes", "--output", "json")
    assert ended.code == 2
    assert "state of every team" in ended.error["reason"]


def test_a_platform_that_names_nobody_is_told_so(desk: Desk, tmp_path: Path) -> None:
    text = (desk.folder / "platform.yaml").read_text()
    silent = tmp_path / "platform.yaml"
    silent.write_text("\n".join(line for line in text.splitlines() if not line.startswith("contact")))
    ended = desk.person.runs("bootstrap", silent, "--sandbox", "--output", "json")
    assert ended.code == 2
    assert "contact" in json.dumps(ended.error)
