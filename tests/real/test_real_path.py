"""The whole way as on the real clouds: no --sandbox, nothing in the environment that speaks of one.

Google and GitHub are behind a proxy with a certificate authority of its own. The person is known to Google by workload
identity federation and impersonation, to GitHub by the App's key, and Terraform installs its provider out of a mirror.
What this cannot show is how Google and GitHub themselves behave: docs/assumptions.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.request.loading import load_platform, load_request
from provisioner.request.resolve import resolve
from provisioner.sandbox.handle import ensure
from tests.cli.program import EXAMPLES, Ended, Person
from tests.real.land import HAS_TERRAFORM, Land

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.xdist_group("real-path"),
    pytest.mark.skipif(not HAS_TERRAFORM, reason="no terraform on this machine"),
]

MOST_CALLS = 100  # to GitHub by the first run, as docs/assumptions.md has it
REQUEST = """team: churn
owner: churn@example.com
cost_center: cc-1
data_class: internal
environments:
  dev: {project: example-churn-dev}
"""


@pytest.fixture(scope="module")
def request_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "platform.yaml").write_bytes((EXAMPLES / "platform.yaml").read_bytes())
    (folder / "churn.yaml").write_text(REQUEST)
    return folder / "churn.yaml"


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory, request_file: Path) -> Iterator[Land]:
    platform = load_platform(request_file.parent / "platform.yaml")
    team = resolve(load_request(request_file, platform), platform)
    handle = ensure(tmp_path_factory.mktemp("clouds"), idle_seconds=1200)
    found = Land(handle, tmp_path_factory.mktemp("administrator"), team)
    found.settle()
    yield found
    handle.stop()


@pytest.fixture(scope="module")
def person(land: Land, tmp_path_factory: pytest.TempPathFactory) -> Person:
    return land.person(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def made(person: Person, request_file: Path) -> Ended:
    return person.runs("up", request_file, "--yes", "-o", "json")


@pytest.fixture(scope="module")
def result(made: Ended) -> dict[str, Any]:
    assert made.code == 0, made
    document: dict[str, Any] = made.document
    return document


def test_up_makes_everything_and_computes_who_reaches_it(result: dict[str, Any]) -> None:
    assert result["changes"]["churn-dev"]["add"] > 0
    rows = result["access"]["rows"]
    assert all(row["right"] for row in rows)
    assert {row["how"] for row in rows} == {"computed"}


@pytest.mark.usefixtures("result")
def test_nothing_on_the_machine_knows_of_a_sandbox(person: Person, land: Land) -> None:
    assert not any("SANDBOX" in name or name.startswith("TF_REATTACH") for name in person.environment())
    assert not (person.state / "sandbox").exists()
    lock = next(person.state.rglob(".terraform.lock.hcl"), None)
    assert lock is not None
    assert "registry.terraform.io/hashicorp/google" in lock.read_text()
    assert str(land.handle.state) not in "".join(person.runs("runs", "list", "-o", "json").out)


def test_the_app_made_what_is_on_github_and_the_account_what_is_on_google(land: Land, result: dict[str, Any]) -> None:
    assert land.handle.requests(text="/access_tokens", status="201")
    assert land.handle.requests(text="/v1/token", host="sts.googleapis.com", status="200")
    assert land.handle.requests(text=f"{land.email}:generateAccessToken", status="200")
    asked = land.handle.requests(host="api.github.com")
    assert len(asked) < MOST_CALLS
    found = land.google("GET", "https://storage.googleapis.com/storage/v1/b?project=example-churn-dev")
    assert [each["name"] for each in found["items"]] == list(
        result["outputs"]["churn-dev"]["environment"]["buckets"].values()
    )


@pytest.mark.usefixtures("result")
def test_the_key_of_the_app_is_nowhere_but_in_its_file(person: Person, land: Land, made: Ended) -> None:
    secret = (land.folder / "app.pem").read_text().splitlines()[1]
    held = [file for file in person.home.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]
    assert held == []
    assert secret not in made.out + made.err


@pytest.mark.usefixtures("result")
def test_a_second_up_changes_nothing(person: Person, request_file: Path) -> None:
    ended = person.runs("up", request_file, "-o", "json")
    assert ended.code == 0, ended
    assert {name for name, each in ended.document["changes"].items() if any(each.values())} == set()


@pytest.mark.usefixtures("result")
def test_the_repository_is_as_it_was_set_up(person: Person, request_file: Path) -> None:
    ended = person.runs("repo", "verify", request_file)
    assert ended.code == 0, ended


@pytest.mark.usefixtures("result")
def test_destroy_takes_it_down(person: Person, land: Land) -> None:
    ended = person.runs("destroy", "churn", "--yes", "-o", "json")
    assert ended.code == 0, ended
    assert ended.document["archived"] is True
    found = land.google("GET", "https://storage.googleapis.com/storage/v1/b?project=example-churn-dev")
    assert found.get("items", []) == []


@pytest.mark.parametrize("kind", ["file", "impersonating a key"])
def test_a_key_file_is_refused_before_anything_is_asked(
    person: Person, request_file: Path, tmp_path: Path, kind: str
) -> None:
    key = '{"type": "service_account", "client_email": "a@b.iam.gserviceaccount.com", "private_key": "x"}'
    inner = f'{{"type": "impersonated_service_account", "source_credentials": {key}}}'
    (tmp_path / "key.json").write_text(key if kind == "file" else inner)
    elsewhere = person.given(
        GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "key.json"), PROVISION_ENV_STATE=str(tmp_path / "state")
    )
    ended = elsewhere.runs("up", request_file, "--yes")
    assert ended.code == 2, ended
    assert "keys are refused" in ended.err
    assert "✓ repository" not in ended.err
