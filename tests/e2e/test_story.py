"""The whole story of a small team: up, up again, look, change by hand, take down, up at once."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.cli.program import Ended
from tests.e2e.desk import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-story")]

BUCKET = "example-churn-dev-churn-dev-data"
NO_CHANGE = {"churn-dev", "churn-prod", "churn-links"}


@pytest.fixture(scope="module")
def request_file(desk: Desk) -> Path:
    return desk.request("churn", environments={"dev": "example-churn-dev", "prod": "example-churn-prod"})


@pytest.fixture(scope="module")
def first(desk: Desk, request_file: Path) -> Ended:
    """Bring the team up for the first time."""
    return desk.up(request_file, "--output", "json")


@pytest.fixture(scope="module")
def result(first: Ended) -> dict[str, Any]:
    assert first.code == 0, first
    document: dict[str, Any] = first.document
    return document


@pytest.fixture(scope="module")
def root(desk: Desk, request_file: Path, result: dict[str, Any]) -> Path:
    """Render dev with the ids of the real repository, as for work by hand."""
    ids = ("--repository-id", result["repository"]["id"], "--owner-id", result["repository"]["owner_id"])
    out = desk.folder / "terraform"
    assert desk.person.runs("render", request_file, "--out", out, *ids).code == 0
    return out / "envs" / "churn-dev"


def test_up_makes_everything_and_tells_it(result: dict[str, Any]) -> None:
    assert set(result) == {"schema", "team", "run", "changes", "outputs", "repository", "access"}
    assert {name: counts["add"] > 0 for name, counts in result["changes"].items()} == dict.fromkeys(NO_CHANGE, True)
    environment = result["outputs"]["churn-dev"]["environment"]
    assert environment["buckets"] == {"data": BUCKET}
    assert environment["deploy_service_account"] == "churn-dev-deploy@example-churn-dev.iam.gserviceaccount.com"
    assert result["repository"]["full_name"] == "example-ml/churn"


def test_every_step_is_told_on_standard_error(first: Ended) -> None:
    told = [line.split()[1] for line in first.err.splitlines() if line.startswith("✓")]
    order = ["sandbox", "preflight", "repository", "render", "plan", "check", "approve", "apply", "publish", "prove"]
    assert list(dict.fromkeys(told)) == order
    assert "✗" not in first.err


def test_no_row_of_the_access_matrix_is_wrong(result: dict[str, Any]) -> None:
    rows = result["access"]["rows"]
    assert all(row["right"] for row in rows)
    executed = [row for row in rows if row["how"] == "executed"]
    assert {row["identity"] for row in executed if row["expected"]} >= {"dev/deploy", "prod/deploy", "dev/plan"}
    assert sum(1 for row in executed if not row["expected"]) > 50


@pytest.mark.usefixtures("result")
def test_access_shows_the_same_in_a_new_process(desk: Desk, result: dict[str, Any]) -> None:
    assert desk.person.runs("access", "churn", "-o", "json").document == result["access"]


def minted(desk: Desk, environment: str, ref: str) -> str:
    """Return what GitHub hands a job of that environment: the token, as JSON with a value."""
    context = {"repository": "example-ml/churn", "event_name": "push", "ref": ref, "environment": environment}
    job = desk.handle.mint_job_token(context)
    headers = {"Authorization": f"Bearer {job.request_token}"}
    proxies = {"https": desk.handle.proxy_url}
    audience = f"&audience={quote(audience_of(desk), safe='')}"
    answer = requests.get(
        job.request_url + audience, headers=headers, proxies=proxies, verify=str(desk.handle.ca_file), timeout=30
    )
    return answer.text


def audience_of(desk: Desk) -> str:
    _, project = desk.call("GET", "https://cloudresourcemanager.googleapis.com/v3/projects/example-churn-dev")
    number = project["name"].removeprefix("projects/")
    pool = f"projects/{number}/locations/global/workloadIdentityPools/churn-dev-gh/providers/github"
    return f"https://iam.googleapis.com/{pool}"


@pytest.mark.usefixtures("result")
def test_the_doctor_explains_a_token_of_a_job(desk: Desk) -> None:
    file = desk.written("token.json", minted(desk, "dev", "refs/heads/main"))
    well = desk.person.runs("doctor", "wif", "churn/dev", "--token", file, "-o", "json")
    assert well.code == 0, well
    assert well.document["accounts"] == ["churn-dev-deploy@example-churn-dev.iam.gserviceaccount.com"]
    ill = desk.person.runs("doctor", "wif", "churn/prod", "--token", file)
    assert ill.code == 1
    assert "✗ audience" in ill.out
    assert "becomes no account" in ill.out
    assert json.loads(file.read_text())["value"] not in ill.out + ill.err + well.out


@pytest.mark.usefixtures("result")
def test_status_reads_what_exists(desk: Desk) -> None:
    document = desk.person.runs("status", "churn", "-o", "json").document
    assert set(document) == {"team", "environments", "repository", "last_run"}
    assert [each["environment"] for each in document["environments"]] == ["dev", "prod"]
    keys = {"environment", "project", "resources", "services", "registries", "buckets", "accounts"}
    assert set(document["environments"][0]) == keys
    assert all(each["resources"] > 40 for each in document["environments"])
    assert document["last_run"]["status"] == "done"


def test_show_tells_everything_and_writes_it_as_one_page(desk: Desk, result: dict[str, Any], tmp_path: Path) -> None:
    shown = desk.person.runs("show", "churn", "--html", tmp_path / "churn.html", "-o", "json")
    assert shown.code == 0, shown
    document = shown.document
    assert [(each["name"], each["exists"]) for each in document["environments"]] == [("dev", True), ("prod", True)]
    assert BUCKET in {thing["name"] for thing in document["environments"][0]["things"]}
    assert document["access"]["rows"] == result["access"]["rows"]
    assert document["runs"][-1]["id"] == result["run"]
    assert document["repository"]["links"]["code"] == result["repository"]["html_url"]
    page = (tmp_path / "churn.html").read_text(encoding="utf-8")
    assert BUCKET in page
    assert page.count("<svg") == 2


@pytest.mark.usefixtures("result")
def test_the_repository_can_be_cloned_and_says_main(desk: Desk, tmp_path: Path) -> None:
    url = "https://github.com/example-ml/churn.git"
    token = 'exec git -c "http.extraHeader=Authorization: Basic $(printf x:$GITHUB_TOKEN | base64 -w0)" clone -q '
    ended = desk.person.runs("sandbox", "shell", "sh", "-c", f"{token} {url} {tmp_path}/clone")
    assert ended.code == 0, ended
    assert {"README.md", "Makefile", "operations.yaml"} <= {each.name for each in (tmp_path / "clone").iterdir()}
    assert (tmp_path / "clone" / ".git" / "HEAD").read_text() == "ref: refs/heads/main\n"


@pytest.mark.usefixtures("result")
def test_plan_has_nothing_to_do(desk: Desk, request_file: Path) -> None:
    ended = desk.person.runs("plan", request_file, "-o", "json")
    assert ended.code == 0, ended
    document = ended.document
    assert {each["root"] for each in document["roots"] if each["empty"]} == NO_CHANGE
    assert set(document["roots"][0]) == {"root", "changes", "summary", "empty", "planned", "verdict"}


def test_plain_terraform_finds_nothing_to_change(desk: Desk, root: Path) -> None:
    variables = desk.person.runs("sandbox", "env", "-o", "json").document
    environment = {**desk.person.environment(), **variables}
    for arguments in (("init", "-input=false"), ("plan", "-input=false", "-detailed-exitcode")):
        ended = subprocess.run(
            ["terraform", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "No changes" in ended.stdout


@pytest.mark.usefixtures("result")
def test_repo_verify_finds_what_somebody_changed_and_bootstrap_mends_it(
    desk: Desk, request_file: Path, first: Ended
) -> None:
    outputs = desk.written("outputs.json", first.out)
    verify = ("repo", "verify", request_file, "--outputs", outputs)
    assert desk.person.runs(*verify).code == 0
    variable = "https://api.github.com/repos/example-ml/churn/environments/dev/variables/GCP_REGION"
    assert desk.call("PATCH", variable, {"value": "us-east1"})[0] == 204
    ended = desk.person.runs(*verify, "-o", "json")
    assert ended.code == 1
    assert [each["found"] for each in ended.document] == ["us-east1"]
    assert desk.person.runs("repo", "bootstrap", request_file, "--outputs", outputs).code == 0
    assert desk.person.runs(*verify).code == 0


@pytest.mark.slow
@pytest.mark.usefixtures("result")
def test_taking_a_bucket_out_of_the_request_is_refused_and_adding_one_is_not(desk: Desk, request_file: Path) -> None:
    text = request_file.read_text()
    other = desk.written("other.yaml", text + "buckets: {models: {}}\n")
    before = desk.made("storage.buckets.insert")
    refused = desk.up(other, "-o", "json")
    assert refused.code == 3, refused
    assert refused.error["kind"] == "RefusedByPolicy"
    assert any("PE-DEL-001" in each["reason"] for each in refused.error["problems"])
    assert desk.made("storage.buckets.insert") == before
    assert desk.made("storage.buckets.delete") == 0
    assert desk.person.runs("runs", "list", "-o", "json").document[0]["status"] == "refused"
    more = desk.person.runs("plan", desk.written("more.yaml", text + "buckets: {data: {}, models: {}}\n"))
    assert more.code == 0, more


@pytest.mark.usefixtures("result")
def test_up_again_changes_nothing_and_says_so(desk: Desk, request_file: Path) -> None:
    ended = desk.up(request_file)
    assert ended.code == 0, ended
    assert "nothing was changed" in ended.out
    assert "✓ approve" not in ended.err
    assert "✓ apply" not in ended.err
    assert "every setting as it should be" in ended.err


@pytest.fixture(scope="module")
def destroyed(desk: Desk, result: dict[str, Any]) -> dict[str, Any]:
    """Put something into a bucket, then take the team down."""
    url = f"https://storage.googleapis.com/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name=kept.json"
    assert desk.call("POST", url, {"worth": "keeping"})[0] == 200
    assert result["team"] == "churn"
    ended = desk.person.runs("destroy", "churn", "--yes", "-o", "json")
    assert ended.code == 0, ended
    document: dict[str, Any] = ended.document
    return document


def test_destroy_takes_all_but_what_holds_data(desk: Desk, destroyed: dict[str, Any]) -> None:
    assert set(destroyed) == {"schema", "team", "run", "changes", "kept", "archived", "summary"}
    assert {root: len(kept) for root, kept in destroyed["kept"].items()} == {"churn-dev": 1}
    assert destroyed["archived"] is True
    bucket = "https://storage.googleapis.com/storage/v1/b/"
    assert desk.call("GET", f"{bucket}{BUCKET}/o/kept.json?alt=media") == (200, {"worth": "keeping"})
    assert desk.call("GET", f"{bucket}{BUCKET.replace('dev', 'prod')}")[0] == 404
    assert desk.call("GET", "https://api.github.com/repos/example-ml/churn")[1]["archived"] is True


@pytest.mark.usefixtures("destroyed")
def test_status_of_what_was_destroyed_is_empty(desk: Desk) -> None:
    document = desk.person.runs("status", "churn", "-o", "json").document
    assert [each["resources"] for each in document["environments"]] == [0, 0]


@pytest.mark.usefixtures("destroyed")
def test_up_right_after_takes_everything_in_again(desk: Desk, request_file: Path) -> None:
    ended = desk.up(request_file, "-o", "json")
    assert ended.code == 0, ended
    assert all(row["right"] for row in ended.document["access"]["rows"])
    run = desk.person.runs("runs", "show", ended.document["run"], "-o", "json").document
    healed = [record["what"] for record in run["audit"] if record["event"] == "healed"]
    pools = [what for what in healed if "workloadIdentityPools/churn-dev-gh" in what]
    assert any("providers" in what for what in pools)
    assert any(what.startswith("brought") for what in pools)
    assert any("imports" in what and "google_storage_bucket" in what for what in healed)
    bucket = f"https://storage.googleapis.com/storage/v1/b/{BUCKET}/o/kept.json?alt=media"
    assert desk.call("GET", bucket) == (200, {"worth": "keeping"})
    assert desk.call("GET", "https://api.github.com/repos/example-ml/churn")[1]["archived"] is False
    assert json.loads(ended.out)["repository"]["id"] == run_id_of(desk)


def run_id_of(desk: Desk) -> str:
    return str(desk.call("GET", "https://api.github.com/repos/example-ml/churn")[1]["id"])
