"""The platform's own root: what its rules let pass is its table, and everything beside it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from provisioner.bootstrap.itself import TEAM, address, platform_request
from provisioner.bootstrap.roles import TABLE, Account, held
from provisioner.bootstrap.root import platform_tree, scope, values
from provisioner.bootstrap.rules import OWN, REPLACED, RULES
from provisioner.cloud.needs import needed_permissions
from provisioner.errors import InvalidInput
from provisioner.policy import PolicyContext, check
from provisioner.policy.rules import RULES as EVERYWHERE
from provisioner.render import RepositoryIds
from provisioner.request.resolve import Team, resolve
from provisioner.sandbox.google.identity.roles import permissions_of
from provisioner.sandbox.store.memory import MemoryStore
from provisioner.sandbox.world import open_world
from provisioner.terraform.changes import ResourceChange
from provisioner.terraform.plan import Plan
from tests.render.teams import platform
from tests.render.teams import team as resolved

IDS = RepositoryIds("1210000007", "9100001")
POOL = "principalSet://iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/provision-env-platform-gh"
SETTINGS = platform(contact="platform@example.com", approvers=("maria-platform",))


def team() -> Team:
    return resolve(platform_request(SETTINGS, "platform"), SETTINGS)


def grant(kind: str, role: str, member: str, **fields: object) -> Plan:
    name = f"google_{kind}_iam_member"
    after = {"role": role, "member": member, **fields}
    return Plan(changes=(ResourceChange(f"{name}.x", name, "x", "", "google", ("create",), None, after),))


def account(which: str) -> str:
    return f"serviceAccount:{address(team(), which)}"


def becoming(which: str, attribute: str) -> Plan:
    place = f"projects/example-ml-platform/serviceAccounts/{address(team(), which)}"
    member = f"{POOL}/attribute.{attribute}"
    return grant("service_account", "roles/iam.workloadIdentityUser", member, service_account_id=place)


def only_on(kind: str) -> list[dict[str, str]]:
    return [{"title": "x", "expression": f'resource.type == "storage.googleapis.com/{kind}"'}]


READS_FOLDERS = ("roles/storage.objectViewer", account("plan"))


def refused_by(plan: Plan) -> set[str]:
    verdict = check(plan, PolicyContext(SETTINGS, team()), rules=OWN)
    return {finding.rule for finding in verdict.blocking}


@pytest.mark.parametrize(
    "plan",
    [
        grant("folder", "roles/run.admin", account("deploy"), folder="folders/345678901234"),
        grant("folder", "roles/run.viewer", account("preview"), folder="folders/345678901234"),
        grant("storage_bucket", "roles/storage.objectViewer", account("plan"), bucket="state"),
        grant("folder", *READS_FOLDERS, folder="folders/345678901234", condition=only_on("ManagedFolder")),
        becoming("preview", "repo_event/1210000007::pull_request"),
        becoming("deploy", "repo_env_ref_event/1210000007:platform:refs/heads/main:push"),
    ],
)
def test_what_the_table_says_passes(plan: Plan) -> None:
    assert refused_by(plan) == set()


@pytest.mark.parametrize(
    ("plan", "rule"),
    [
        (grant("folder", "roles/run.admin", account("plan"), folder="folders/1"), "PE-BOOT-001"),
        (grant("folder", "roles/owner", account("deploy"), folder="folders/1"), "PE-BOOT-001"),
        (grant("folder", "roles/storage.objectViewer", account("plan"), folder="folders/1"), "PE-BOOT-001"),
        (grant("folder", *READS_FOLDERS, folder="folders/1", condition=only_on("Object")), "PE-BOOT-001"),
        (grant("folder", "roles/run.admin", "user:ann@example.com", folder="folders/1"), "PE-BOOT-001"),
        (grant("storage_bucket", "roles/storage.objectViewer", account("preview"), bucket="state"), "PE-BOOT-001"),
        (grant("project", "roles/run.viewer", account("plan"), project="example-ml-platform"), "PE-BOOT-001"),
        (becoming("plan", "repo_event/1210000007::pull_request"), "PE-BOOT-002"),
        (becoming("deploy", "repo_event/1210000007::pull_request"), "PE-BOOT-002"),
        (becoming("preview", "repo_env_ref_event/1210000007:platform:refs/heads/main:push"), "PE-BOOT-002"),
        (
            grant(
                *("service_account", "roles/iam.serviceAccountTokenCreator", "user:ann@example.com"),
                service_account_id=f"projects/-/serviceAccounts/{address(team(), 'deploy')}",
            ),
            "PE-BOOT-002",
        ),
    ],
    ids=[
        "plan applies",
        "an owner",
        "plan reads data",
        "plan reads data on a condition",
        "a person",
        "a preview reads states",
        "another place",
        "plan from a pull request",
        "apply from a pull request",
        "preview from main",
        "a person becomes apply",
    ],
)
def test_anything_beside_the_table_is_refused(plan: Plan, rule: str) -> None:
    assert refused_by(plan) == {rule}


def test_every_rule_of_a_team_holds_but_those_that_are_replaced() -> None:
    assert {rule.id for rule in RULES} == {rule.id for rule in EVERYWHERE} - REPLACED | {rule.id for rule in OWN}
    assert {rule.id for rule in EVERYWHERE} >= REPLACED
    assert not any(rule.waivable for rule in OWN)


def test_who_only_looks_holds_nothing_that_changes() -> None:
    changing = ("Admin", "admin", "Editor", "editor", "User", "user", "Creator", "owner", "costsManager")
    for each in TABLE:
        if each.account != "deploy":
            assert not each.role.endswith(changing), each
    assert {each.place for each in TABLE if each.account == "preview"} == {"scope"}
    assert len({(each.account, each.place, each.role) for each in TABLE}) == len(TABLE)
    assert all(each.why for each in TABLE)


def test_the_root_takes_the_bucket_in_and_gives_roles_by_the_table() -> None:
    files = platform_tree(team(), IDS).files
    root = f"envs/{TEAM}-platform"
    assert 'id = "example-ml-terraform-state"' in files[f"{root}/imports.tf"].decode()
    given = values(team(), IDS)
    assert given["scope_roles"]["deploy"] == held("deploy", "scope")
    assert "preview" not in given["state_roles"]


def test_without_a_folder_the_roles_are_the_organisation_s() -> None:
    nowhere = SETTINGS.organisation.model_copy(update={"folder": None})
    settings = SETTINGS.model_copy(update={"organisation": nowhere})
    assert scope(replace(team(), platform=settings)) == f"organizations/{nowhere.id}"


@pytest.mark.parametrize(("missing", "said"), [("contact", "answers"), ("approvers", "approves")])
def test_somebody_answers_and_somebody_approves(missing: str, said: str) -> None:
    nobody = SETTINGS.model_copy(update={missing: None if missing == "contact" else ()})
    with pytest.raises(InvalidInput, match=said):
        platform_request(nobody, "platform")


BEYOND_PREFLIGHT = frozenset({"secretmanager.secrets.setIamPolicy", "secretmanager.secrets.getIamPolicy"})
"""What a request with secrets needs besides: preflight cannot ask for it before it knows the secret."""
READ = frozenset(
    {
        "artifactregistry.repositories.get",
        "iam.googleapis.com/workloadIdentityPoolProviders.get",
        "iam.googleapis.com/workloadIdentityPools.get",
        "iam.serviceAccounts.get",
        "iam.serviceAccounts.getIamPolicy",
        "monitoring.notificationChannels.get",
        "resourcemanager.projects.get",
        "resourcemanager.projects.getIamPolicy",
        "run.services.get",
        "serviceusage.services.list",
        "storage.buckets.get",
    }
)
"""What refreshing every resource of an environment reads on its project."""
FOLDERS = {"storage.managedFolders.get"}
"""And, where a request publishes to folders: pull requests are planned without looking."""


@pytest.fixture(scope="module")
def holding(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], frozenset[str]]:
    """Return what a predefined role holds."""
    world = open_world(MemoryStore(), tmp_path_factory.mktemp("world"))

    def permissions(role: str) -> frozenset[str]:
        with world.store.transaction() as tx:
            return permissions_of(tx, role)

    return permissions


def needed() -> frozenset[str]:
    """Return what applying an environment with everything in it asks for, as preflight does."""
    request = "team: churn\nowner: churn@example.com\ncost_center: cc-1\ndata_class: internal\n"
    spec = resolved(f"{request}environments: {{dev: {{project: example-churn-dev}}}}\n").environment("dev")
    return frozenset(needed_permissions(spec)) | BEYOND_PREFLIGHT


@pytest.mark.parametrize(("which", "wanted"), [("deploy", needed()), ("plan", READ | FOLDERS), ("preview", READ)])
def test_each_identity_holds_enough_and_no_role_too_much(
    which: Account, wanted: frozenset[str], holding: Callable[[str], frozenset[str]]
) -> None:
    roles = {role: holding(role) for role in held(which, "scope")}
    assert wanted <= frozenset().union(*roles.values()), wanted - frozenset().union(*roles.values())
    for role in roles:
        others = frozenset().union(*(found for name, found in roles.items() if name != role))
        assert wanted - others, f"{role} is not needed"
