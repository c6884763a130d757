"""The action and the workflow executed by act, in a repository of the sandbox, against the sandbox's cloud."""

from __future__ import annotations

import platform as machine
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.handle import ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed
from tests.sandbox.actions.bench import needs_act
from tests.sandbox.actions.site import API, Site
from tests.sandbox.github.hub import run_git
from tests.sandbox.provider.plugin import build_mirror

ROOT = Path(__file__).parents[2]
PROJECT, NUMBER, STATE = "acme-models-dev", "420000000088", "acme-terraform-state"
REPOSITORY, TOOLKIT = "acme/models", "acme/provision-env"
REPO = f"{API}/repos/{REPOSITORY}"
ACCOUNT = f"plan-reader@{PROJECT}.iam.gserviceaccount.com"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/github"
WORD = "canary-a8f3"
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    needs_act,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
    pytest.mark.xdist_group("action"),
]
MAIN = f"""
terraform {{
  required_providers {{
    google = {{
      source = "hashicorp/google"
    }}
  }}
  backend "gcs" {{
    bucket = "{STATE}"
    prefix = "models/dev"
  }}
}}

provider "google" {{
  project = "{PROJECT}"
}}

variable "word" {{
  type      = string
  sensitive = true
  default   = "{WORD}"
}}

resource "google_storage_bucket" "data" {{
  name                        = "acme-models-data"
  location                    = "EU"
  uniform_bucket_level_access = true
  public_access_prevention    = "PREVENTION"
  force_destroy               = false
  labels = {{
    team        = "models"
    env         = "dev"
    owner       = "risk"
    cost-center = "cc-1"
    data-class  = "internal"
    managed-by  = "terraform"
    word        = var.word
  }}
  versioning {{
    enabled = true
  }}
  soft_delete_policy {{
    retention_duration_seconds = 604800
  }}
  lifecycle_rule {{
    condition {{
      num_newer_versions = 5
    }}
    action {{
      type = "Delete"
    }}
  }}
  lifecycle_rule {{
    condition {{
      age = 7
    }}
    action {{
      type = "AbortIncompleteMultipartUpload"
    }}
  }}
}}
"""
GOOD, BAD = MAIN.replace("PREVENTION", "enforced"), MAIN.replace("PREVENTION", "inherited")
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
      service-account: ACCOUNT
      terraform-cli-config: |
        provider_installation {
          filesystem_mirror {
            path = "MIRROR"
          }
        }
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("action")
    with pytest.MonkeyPatch.context() as patch:  # the server's PATH is its jobs' PATH: provision-env lies beside Python
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
        handle = ensure(folder / "state", idle_seconds=600)
    plan = SeedPlan(
        *("123456789012", "example.com", None, "000000-111111-222222"),
        projects=(SeedProject(PROJECT, NUMBER),),
        state_bucket=STATE,
        state_project=PROJECT,
        state_location="EU",
        github_owner="acme",
        users=("bea",),
    )
    seed(handle, plan)
    handle.control("PATCH", "settings", {"actions": "act"})
    made = Site(handle, folder)
    trust(made)
    repositories(made)
    yield made
    made.http.close()
    handle.stop()


def trust(site: Site) -> None:
    """Let pull requests of the repository become an account that reads, and nothing else."""
    for service in ("iam", "iamcredentials", "sts", "storage"):
        place = f"https://serviceusage.googleapis.com/v1/projects/{PROJECT}/services/{service}.googleapis.com:enable"
        site.made(place, {})
    iam = "https://iam.googleapis.com/v1/projects"
    site.made(f"{iam}/{PROJECT}/serviceAccounts", {"accountId": "plan-reader"})
    pools = f"{iam}/{PROJECT}/locations/global/workloadIdentityPools"
    site.made(f"{pools}?workloadIdentityPoolId=github", {})
    provider = {
        "attributeMapping": {
            "google.subject": "assertion.sub",
            "attribute.repo_event": "assertion.repository + ':' + assertion.event_name",
        },
        "attributeCondition": "assertion.repository_owner == 'acme'",
        "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
    }
    site.made(f"{pools}/github/providers?workloadIdentityPoolProviderId=jobs", provider)
    member = f"principalSet://iam.googleapis.com/{POOL}/attribute.repo_event/{REPOSITORY}:pull_request"
    policy = {"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [member]}]}
    site.made(f"{iam}/{PROJECT}/serviceAccounts/{ACCOUNT}:setIamPolicy", {"policy": policy})
    empty = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "a", "outputs": {}, "resources": []}
    place = (
        f"https://storage.googleapis.com/upload/storage/v1/b/{STATE}/o?uploadType=media&name=models/dev/default.tfstate"
    )
    site.made(place, empty)  # whoever applies has begun the state; an identity that reads could not
    bucket = f"https://storage.googleapis.com/storage/v1/b/{STATE}/iam"
    held = site.get(bucket)
    held["bindings"] = [
        *held.get("bindings", []),
        {"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{ACCOUNT}"]},
    ]
    assert site.ask("PUT", bucket, held).status_code == 200


def repositories(site: Site) -> None:
    for name in (TOOLKIT, REPOSITORY):
        site.made(f"{API}/orgs/acme/repos", {"name": name.partition("/")[2], "private": False})
    site.push(TOOLKIT, {f"action/{path.name}": path.read_text() for path in (ROOT / "action").iterdir()})
    system = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[machine.machine()]
    mirror = build_mirror(site.folder / "mirror", f"{sys.platform}_{system}")
    called = (ROOT / ".github" / "workflows" / "terraform-check.yaml").read_text()
    caller = CALLER.replace("POOL", POOL).replace("ACCOUNT", ACCOUNT).replace("MIRROR", str(mirror))
    files = {
        ".github/workflows/terraform-check.yaml": called,
        ".github/workflows/terraform.yaml": pinned(site, caller),
        "terraform/envs/dev/main.tf": GOOD,
    }
    site.push(REPOSITORY, files)


def pinned(site: Site, text: str) -> str:
    head: str = site.get(f"{API}/repos/{TOOLKIT}/git/ref/heads/main")["object"]["sha"]
    return text.replace("COMMIT", head).replace("TOOLKIT", TOOLKIT)


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


def ended(site: Site, branch: str, count: int = 1) -> tuple[dict[str, str], str]:
    """Return how the jobs of the newest run of a branch ended, and all they said."""
    site.until(REPOSITORY, count=count)
    run = next(each for each in site.runs(REPOSITORY) if each["head_branch"] == branch)
    jobs = {name: job["conclusion"] for name, job in site.jobs(REPOSITORY, run["id"]).items()}
    return jobs, site.report(REPOSITORY, run["id"])


def comments(site: Site, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.get(f"{REPO}/issues/{number}/comments")
    return found


def test_a_pull_request_is_planned_and_its_comment_kept_up_to_date(site: Site) -> None:
    number = propose(site, "topic", BAD)
    jobs, said = ended(site, "topic")
    assert jobs == {"dev / source": "success", "dev / plan": "failure"}, said
    (first,) = comments(site, number)
    assert "PE-GCS-002" in first["body"]
    assert "create" in first["body"]
    alerts = site.get(f"{REPO}/code-scanning/alerts?ref=refs/pull/{number}/merge")
    assert "PE-GCS-002" in {alert["rule"]["id"] for alert in alerts}, alerts
    assert WORD not in said + first["body"]
    assert "ya29." not in said

    propose(site, "topic", GOOD)
    jobs, said = ended(site, "topic", 2)
    assert jobs == {"dev / source": "success", "dev / plan": "success"}, said
    (second,) = comments(site, number)
    assert second["id"] == first["id"]
    assert "PE-GCS-002" not in second["body"]
    written = [each["status"] for each in site.handle.requests(name="storage.objects.insert")]
    assert written == [200], "a plan wrote state or took a lock"


def test_hostile_source_is_never_planned(site: Site) -> None:
    number = propose(site, "hostile", HOSTILE)
    jobs, said = ended(site, "hostile")
    assert jobs == {"dev / source": "failure", "dev / plan": "skipped"}, said
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
    assert jobs == {"dev / source": "success", "dev / plan": "skipped"}, said
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
