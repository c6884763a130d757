"""A sandbox with a project, a state, identities that jobs of a repository reach, and the toolkit in its GitHub."""

from __future__ import annotations

import platform as machine
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioner.sandbox.handle import ensure
from provisioner.sandbox.seed import SeedPlan, SeedProject, seed
from tests.sandbox.actions.bench import needs_act
from tests.sandbox.actions.site import API, Site
from tests.sandbox.provider.plugin import build_mirror

ROOT = Path(__file__).parents[2]
PROJECT, NUMBER, STATE = "acme-models-dev", "420000000088", "acme-terraform-state"
REPOSITORY, TOOLKIT = "acme/models", "acme/provision-env"
REPO = f"{API}/repos/{REPOSITORY}"
STORAGE, IAM = "https://storage.googleapis.com/storage/v1", "https://iam.googleapis.com/v1/projects"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/github"
WORD = "canary-a8f3"
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


NEEDS = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    needs_act,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
    pytest.mark.xdist_group("action"),
]


@contextmanager
def opened(folder: Path) -> Iterator[Site]:
    """Start a server whose jobs find this provision-env on their PATH; stop it at the end."""
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
        users=("bea", "ann"),
    )
    seed(handle, plan)
    handle.control("PATCH", "settings", {"actions": "act"})
    made = Site(handle, folder)
    pool(made)
    repositories(made)
    yield made
    made.http.close()
    handle.stop()


def account(name: str) -> str:
    """Return the address of an account of the project."""
    return f"{name}@{PROJECT}.iam.gserviceaccount.com"


PLACE = "has(assertion.environment) ? assertion.environment : ''"


def pool(site: Site) -> None:
    """Trust the organisation's jobs, told apart by what started them; begin the state, as whoever applies does."""
    for service in ("iam", "iamcredentials", "sts", "storage"):
        place = f"https://serviceusage.googleapis.com/v1/projects/{PROJECT}/services/{service}.googleapis.com:enable"
        site.made(place, {})
    pools = f"{IAM}/{PROJECT}/locations/global/workloadIdentityPools"
    site.made(f"{pools}?workloadIdentityPoolId=github", {})
    provider = {
        "attributeMapping": {
            "google.subject": "assertion.sub",
            "attribute.repo_event": "assertion.repository + ':' + assertion.event_name",
            "attribute.repo_environment": f"assertion.repository + ':' + ({PLACE})",
        },
        "attributeCondition": "assertion.repository_owner == 'acme'",
        "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
    }
    site.made(f"{pools}/github/providers?workloadIdentityPoolProviderId=jobs", provider)
    empty = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "a", "outputs": {}, "resources": []}
    upload = f"https://storage.googleapis.com/upload/storage/v1/b/{STATE}/o?uploadType=media"
    site.made(f"{upload}&name=models/dev/default.tfstate", empty)  # an identity that reads could not


def trust(site: Site, name: str, reached_by: str) -> None:
    """Make an account and let jobs become it, those whose attribute (``name/value``) is ``reached_by``."""
    site.made(f"{IAM}/{PROJECT}/serviceAccounts", {"accountId": name})
    member = f"principalSet://iam.googleapis.com/{POOL}/attribute.{reached_by}"
    policy = {"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [member]}]}
    site.made(f"{IAM}/{PROJECT}/serviceAccounts/{account(name)}:setIamPolicy", {"policy": policy})


def grant_state(site: Site, name: str, role: str) -> None:
    """Give an account a role on the bucket with the states."""
    place = f"{STORAGE}/b/{STATE}/iam"
    held = site.get(place)
    held["bindings"] = [*held.get("bindings", []), {"role": role, "members": [f"serviceAccount:{account(name)}"]}]
    assert site.ask("PUT", place, held).status_code == 200


def grant_project(site: Site, name: str, role: str) -> None:
    """Give an account a role on the project."""
    place = f"https://cloudresourcemanager.googleapis.com/v3/projects/{PROJECT}"
    policy = site.made(f"{place}:getIamPolicy", {})
    binding = {"role": role, "members": [f"serviceAccount:{account(name)}"]}
    policy["bindings"] = [*policy.get("bindings", []), binding]
    site.made(f"{place}:setIamPolicy", {"policy": policy})


def repositories(site: Site) -> None:
    """Make the toolkit's repository, with the action, and an empty one that will call it."""
    for name in (TOOLKIT, REPOSITORY):
        site.made(f"{API}/orgs/acme/repos", {"name": name.partition("/")[2], "private": False})
    site.push(TOOLKIT, {f"action/{path.name}": path.read_text() for path in (ROOT / "action").iterdir()})


def calling(site: Site, called: str, caller: str, more: Mapping[str, str]) -> None:
    """Fill the repository: a reusable workflow, the workflow that calls it, and further files."""
    system = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[machine.machine()]
    build_mirror(site.folder / "mirror", f"{sys.platform}_{system}")
    files = {
        f".github/workflows/{called}": (ROOT / ".github" / "workflows" / called).read_text(),
        ".github/workflows/terraform.yaml": pinned(site, caller),
        **more,
    }
    site.push(REPOSITORY, files)


def pinned(site: Site, text: str) -> str:
    """Put what is only known by now into a workflow."""
    head: str = site.get(f"{API}/repos/{TOOLKIT}/git/ref/heads/main")["object"]["sha"]
    known = {
        "COMMIT": head,
        "TOOLKIT": TOOLKIT,
        "POOL": POOL,
        "PROJECT": PROJECT,
        "MIRROR": str(site.folder / "mirror"),
    }
    for word, value in known.items():
        text = text.replace(word, value)
    return text


def ended(site: Site, branch: str, count: int = 1) -> tuple[dict[str, str], str]:
    """Return how the jobs of the newest run of a branch ended, and all they said."""
    site.until(REPOSITORY, count=count)
    run = next(each for each in site.runs(REPOSITORY) if each["head_branch"] == branch)
    jobs = {name: job["conclusion"] for name, job in site.jobs(REPOSITORY, run["id"]).items()}
    return jobs, site.report(REPOSITORY, run["id"])
