"""The action and the workflow that checks, executed by act in a repository of the sandbox, against its cloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.action.stage import (
    BAD,
    GOOD,
    NEEDS,
    REPO,
    REPOSITORY,
    WORD,
    account,
    calling,
    ended,
    grant_state,
    opened,
    pinned,
    trust,
)
from tests.sandbox.actions.site import Site
from tests.sandbox.github.hub import run_git

pytestmark = NEEDS
HOSTILE = (
    GOOD + '\nresource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "touch /tmp/owned"\n  }\n}\n'
)
SOURCE_ONLY = """
name: source-only
on: push
permissions: {contents: read, security-events: write}
jobs:
  check:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
        with: {persist-credentials: false}
      - uses: TOOLKIT/action@COMMIT
        id: terraform
        with: {path: terraform/envs/dev, version: installed, sarif: "true", name: source of dev}
      - env: {SAID: "${{ toJSON(steps.terraform.outputs) }}"}
        run: echo "$SAID" | tr -d '\\n '
"""
CALLER = """
name: terraform
on:
  pull_request:
permissions: {}
jobs:
  dev:
    permissions: {contents: read, id-token: write, pull-requests: write, security-events: write}
    uses: ./.github/workflows/terraform-check.yaml
    with:
      toolkit: TOOLKIT
      toolkit-ref: COMMIT
      root: terraform/envs/dev
      name: dev
      version: installed
      sarif: true
      plan-pull-requests: true
      workload-identity-provider: POOL/providers/jobs
      service-account: plan-reader@PROJECT.iam.gserviceaccount.com
      terraform-cli-config: |
        provider_installation {
          filesystem_mirror {
            path = "MIRROR"
          }
        }
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with opened(tmp_path_factory.mktemp("action")) as made:
        trust(made, "plan-reader", f"repo_event/{REPOSITORY}:pull_request")
        trust(made, "preview", f"repo_event/{REPOSITORY}:pull_request")
        grant_state(made, "plan-reader", "roles/storage.objectViewer")
        calling(made, "terraform-check.yaml", CALLER, {"terraform/envs/dev/main.tf": GOOD})
        yield made


def propose(site: Site, branch: str, text: str) -> int:
    """Open a pull request with this root, or push to its branch when there is one; return its number."""
    copy = site.folder / REPOSITORY.replace("/", "--")
    found = [each for each in site.get(f"{REPO}/pulls") if each["head"]["ref"] == branch]
    if not found:
        run_git(copy, "checkout", "-q", "-B", branch, "main")
    site.push(REPOSITORY, {"terraform/envs/dev/main.tf": text}, branch)
    if found:
        return int(found[0]["number"])
    return int(site.made(f"{REPO}/pulls", {"title": branch, "head": branch, "base": "main"})["number"])


def comments(site: Site, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.get(f"{REPO}/issues/{number}/comments")
    return found


def test_a_pull_request_is_planned_and_its_comment_kept_up_to_date(site: Site) -> None:
    number = propose(site, "topic", BAD)
    jobs, said = ended(site, "topic")
    assert jobs == {"dev / source": "success", "dev / plan": "failure", "dev / preview": "skipped"}, said
    (first,) = comments(site, number)
    assert "PE-GCS-002" in first["body"]
    assert "create" in first["body"]
    alerts = site.get(f"{REPO}/code-scanning/alerts?ref=refs/pull/{number}/merge")
    assert "PE-GCS-002" in {alert["rule"]["id"] for alert in alerts}, alerts
    assert WORD not in said + first["body"]
    assert "ya29." not in said

    propose(site, "topic", GOOD)
    jobs, said = ended(site, "topic", 2)
    assert jobs == {"dev / source": "success", "dev / plan": "success", "dev / preview": "skipped"}, said
    (second,) = comments(site, number)
    assert second["id"] == first["id"]
    assert "PE-GCS-002" not in second["body"]
    written = [each["status"] for each in site.handle.requests(name="storage.objects.insert")]
    assert written == [200], "a plan wrote state or took a lock"


def test_where_the_state_may_not_be_read_a_plan_is_made_as_if_nothing_existed(site: Site) -> None:
    copy = site.folder / REPOSITORY.replace("/", "--")
    run_git(copy, "checkout", "-q", "-B", "blind", "main")
    reader = f"      service-account: {account('plan-reader')}\n"
    preview = f"      preview-service-account: {account('preview')}\n"
    caller = pinned(site, CALLER).replace("      plan-pull-requests: true\n", "").replace(reader, reader + preview)
    site.push(REPOSITORY, {".github/workflows/terraform.yaml": caller}, "blind")
    number = int(site.made(f"{REPO}/pulls", {"title": "blind", "head": "blind", "base": "main"})["number"])
    jobs, said = ended(site, "blind")
    assert jobs == {"dev / source": "success", "dev / plan": "skipped", "dev / preview": "success"}, said
    (comment,) = comments(site, number)
    assert "as if nothing existed" in comment["body"]
    assert "google\\_storage\\_bucket.data" in comment["body"]
    assert WORD not in said + comment["body"]
    run_git(copy, "checkout", "-q", "main")


def test_hostile_source_is_never_planned(site: Site) -> None:
    number = propose(site, "hostile", HOSTILE)
    jobs, said = ended(site, "hostile")
    assert jobs == {"dev / source": "failure", "dev / plan": "skipped", "dev / preview": "skipped"}, said
    assert "PE-HCL-003" in said
    assert comments(site, number) == []


def test_a_strangers_pull_request_is_read_and_nothing_more(site: Site) -> None:
    token = site.handle.control("POST", "github/user-token", {"login": "bea"})["token"]
    forked = site.ask("POST", f"{REPO}/forks", {}, token=token)
    assert forked.status_code == 202, forked.text
    copy = site.folder / REPOSITORY.replace("/", "--")
    run_git(copy, "checkout", "-q", "-B", "gift", "main")
    place = f"https://x-access-token:{token}@github.com/bea/models.git"
    through = ["-c", f"http.proxy={site.handle.proxy_url}", "-c", f"http.sslCAInfo={site.handle.ca_file}"]
    (copy / "README.md").write_text("A gift.\n")
    run_git(copy, "add", "README.md")
    run_git(copy, "-c", "user.name=bea", "-c", "user.email=bea@example.com", "commit", "-q", "-m", "gift")
    run_git(copy, *through, "push", place, "HEAD:refs/heads/gift")
    wanted = {"title": "gift", "head": "bea:gift", "base": "main"}
    opened = site.ask("POST", f"{REPO}/pulls", wanted, token=token)
    assert opened.status_code == 201, opened.text
    jobs, said = ended(site, "gift")
    assert jobs == {"dev / source": "success", "dev / plan": "skipped", "dev / preview": "skipped"}, said
    assert comments(site, opened.json()["number"]) == []


def test_the_action_checks_source_and_says_what_it_found(site: Site) -> None:
    copy = site.folder / REPOSITORY.replace("/", "--")
    run_git(copy, "checkout", "-q", "-B", "action", "main")
    files = {
        ".github/workflows/terraform.yaml": pinned(site, SOURCE_ONLY),
        "terraform/envs/dev/main.tf": HOSTILE,
    }
    site.push(REPOSITORY, files, "action")
    jobs, said = ended(site, "action")
    assert jobs == {"check": "failure"}, said
    alerts = site.get(f"{REPO}/code-scanning/alerts?ref=refs/heads/action")
    assert [alert["rule"]["id"] for alert in alerts] == ["PE-HCL-003"], said

    site.push(REPOSITORY, {"terraform/envs/dev/main.tf": GOOD}, "action")
    jobs, said = ended(site, "action")
    assert jobs == {"check": "success"}, said
    assert '"passed":"true"' in said
    assert '"findings":"0"' in said
