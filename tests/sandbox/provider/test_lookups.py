"""What is refused before any call, who calls, and what a root may look up."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.provider.bodies import ACCOUNT, MEMBER, PROVIDER, SERVICES
from tests.sandbox.provider.conftest import MakeRoot
from tests.sandbox.provider.world import PROJECT, Cloud

pytestmark = pytest.mark.e2e


def test_an_argument_only_the_real_provider_has_is_refused_by_name(make_root: MakeRoot, cloud: Cloud) -> None:
    secret = 'resource "google_secret_manager_secret" "it" {\n  secret_id = "a"\n  tags = { a = "b" }\n'
    root = make_root(cloud, PROVIDER + secret + "  replication {\n    auto {}\n  }\n}\n")
    text = root.fails("validate")
    assert "tags is not part of the sandbox's stand-in provider" in text
    assert "--provider registry" in text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('resource "google_service_account" "it" {\n  account_id = "X"\n}\n', "invalid value for account_id"),
        (MEMBER.replace("user:", "usr:"), "invalid value for member"),
        (
            'resource "google_project_default_service_accounts" "it" {\n  project = "acme-dev"\n  action = "BAN"\n}\n',
            "expected action to be one of",
        ),
        (
            'resource "google_secret_manager_secret_version" "it" {\n  secret = "projects/p/secrets/s"\n}\n',
            "Invalid combination of arguments",
        ),
        (
            'resource "google_secret_manager_secret_version" "it" {\n  secret = "s"\n  secret_data_wo = "x"\n}\n',
            "Missing required argument",
        ),
    ],
)
def test_a_wrong_configuration_is_refused_before_any_call(
    make_root: MakeRoot, cloud: Cloud, text: str, complaint: str
) -> None:
    root = make_root(cloud, PROVIDER + text)
    assert complaint in root.fails("validate")
    assert cloud.asked == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('credentials = "{}"', "credentials is not supported in the sandbox"),
        ('storage_custom_endpoint = "https://evil.example/"', "leads out of the sandbox"),
        ('poll_interval = "soon"', "invalid duration"),
    ],
)
def test_a_provider_block_that_cannot_work_here_is_refused(
    make_root: MakeRoot, cloud: Cloud, line: str, complaint: str
) -> None:
    root = make_root(cloud, PROVIDER.replace("\n}", f"\n  {line}\n}}") + MEMBER)
    assert complaint in root.fails("plan")


def test_the_callers_are_told_apart(make_root: MakeRoot, cloud: Cloud) -> None:
    root = make_root(cloud, PROVIDER.replace("\n}", '\n  access_token = "ya29.somebody-else"\n}') + MEMBER)
    assert "401" in root.fails("apply", "-auto-approve")
    assert {request.headers["authorization"] for request in cloud.asked} == {"Bearer ya29.somebody-else"}


def test_many_processes_at_a_time_do_not_mix(make_root: MakeRoot, cloud: Cloud) -> None:
    lookup = 'data "google_client_config" "it" {}\noutput "it" {\n  value = data.google_client_config.it.project\n}\n'
    first = make_root(cloud, PROVIDER)
    names = [f"project-{number}" for number in range(8)]
    roots = []
    for name in names:
        folder = first.folder.parent / name
        folder.mkdir()
        root = type(first)(folder, first.server)
        root.write(PROVIDER.replace("acme-payments-dev", name) + lookup)
        root.init()
        roots.append(root)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: each.apply(), roots))
    assert [json.loads(root.ok("output", "-json", "it")) for root in roots] == names


def test_data_sources_functions_and_tokens(make_root: MakeRoot, cloud: Cloud) -> None:
    body = """
data "google_project" "it" {
  depends_on = [google_project_service.all]
}
data "google_service_account" "it" {
  account_id = google_service_account.it.account_id
}
data "google_storage_project_service_account" "it" {}
resource "google_service_account_iam_member" "it" {
  service_account_id = google_service_account.it.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "user:operator@example.com"
}
output "all" {
  value = [
    data.google_project.it.number,
    data.google_project.it.billing_account,
    data.google_service_account.it.member,
    data.google_storage_project_service_account.it.email_address,
    provider::google::project_from_id(google_service_account.it.id),
    provider::google::region_from_zone("europe-west1-b"),
    provider::google::name_from_id("projects/p/topics/t"),
  ]
}
"""
    root = make_root(cloud, PROVIDER + SERVICES + ACCOUNT + body)
    root.apply()
    number, billing, member, storage, project, region, name = json.loads(root.ok("output", "-json", "all"))
    assert (number, project, region, name) == ("420000000042", PROJECT, "europe-west1", "t")
    assert billing == "000000-111111-222222"
    assert member == f"serviceAccount:payments-dev@{PROJECT}.iam.gserviceaccount.com"
    assert storage.startswith("service-420000000042@")
    root.write(PROVIDER + 'output "bad" {\n  value = provider::google::zone_from_id("nothing")\n}\n')
    assert "doesn't contain the expected pattern" in root.fails("plan")


def test_an_import_in_another_form_is_refused(make_root: MakeRoot, cloud: Cloud) -> None:
    root = make_root(cloud, PROVIDER + SERVICES + ACCOUNT)
    text = root.fails("import", "google_service_account.it", "a/b/c/d")
    assert "doesn't match any of the accepted formats" in text


DATABASE = """
resource "google_sql_database_instance" "it" {
  name             = "payments"
  database_version = "POSTGRES_17"
  settings {
    tier = "db-f1-micro"
  }
}
resource "google_sql_database" "it" {
  name     = "payments"
  instance = google_sql_database_instance.it.name
}
resource "google_sql_user" "it" {
  name                = "app"
  instance            = google_sql_database_instance.it.name
  password_wo         = "xyzzy-1"
  password_wo_version = 1
}
resource "google_vertex_ai_endpoint" "it" {
  name         = "1234567890"
  display_name = "scores"
  location     = "europe-west1"
}
"""


def test_what_the_sandbox_does_not_play_is_planned_and_refused_by_its_name(make_root: MakeRoot, cloud: Cloud) -> None:
    root = make_root(cloud, PROVIDER + DATABASE)
    assert len(root.actions()) == 4
    text = root.fails("apply", "-auto-approve")
    assert "Error, failed to create instance payments: googleapi: Error 501" in text
    assert f"sqladmin.googleapis.com/sql/v1beta4/projects/{PROJECT}/instances" in text
    assert "Error creating Endpoint: googleapi: Error 501" in text
    assert f"europe-west1-aiplatform.googleapis.com/v1/projects/{PROJECT}/locations/europe-west1/endpoints" in text
