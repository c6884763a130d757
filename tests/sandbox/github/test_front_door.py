"""The same GitHub behind the real server: HTTPS through the proxy, SQLite, a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.seed import SeedPlan, SeedTeam, seed

pytestmark = pytest.mark.e2e
PLAN = SeedPlan(
    organisation_id="123456789012",
    organisation_domain="example.com",
    folder_id=None,
    billing_account="",
    projects=(),
    state_bucket="",
    state_project="",
    state_location="EU",
    github_owner="acme",
    users=("ann",),
    teams=(SeedTeam("fraud", ("ann",)),),
)
PROGRAM = """
import os, sys
import github, requests
client = github.Github(auth=github.Auth.Token(os.environ["GITHUB_TOKEN"]))
repo = client.get_organization("acme").create_repo("model", private=True)
policy = github.EnvironmentDeploymentBranchPolicy.EnvironmentDeploymentBranchPolicyParams(custom_branch_policies=True)
repo.create_environment("prod", deployment_branch_policy=policy)
print(repo.id, repo.clone_url)
"""
TOKEN = """
import os, sys
import requests
answer = requests.get(sys.argv[1] + "&audience=here", headers={"Authorization": "Bearer " + sys.argv[2]})
answer.raise_for_status()
print(answer.json()["value"].count("."))
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    started = ensure(tmp_path_factory.mktemp("sandbox") / "state", idle_seconds=300)
    seed(started, PLAN)
    yield started
    started.stop()


def _run(handle: Handle, folder: Path, *command: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **handle.environment()}
    who = {f"GIT_{role}_{what}": "x@y" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(command, cwd=folder, env={**environment, **who}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_clients_reach_it_by_their_environment_alone(sandbox: Handle, tmp_path: Path) -> None:
    number, url = _run(sandbox, tmp_path, sys.executable, "-c", PROGRAM).split()
    assert (int(number) > 2**30, url) == (True, "https://github.com/acme/model.git")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "README.md").write_text("# model\n")
    _run(sandbox, copy, "git", "init", "-q", "-b", "main")
    _run(sandbox, copy, "git", "add", "-A")
    _run(sandbox, copy, "git", "commit", "-q", "-m", "first")
    helper = '!f() { echo username=x-access-token; echo "password=$GITHUB_TOKEN"; }; f'
    _run(sandbox, copy, "git", "-c", f"credential.helper={helper}", "push", "-q", url, "main")
    _run(sandbox, tmp_path, "git", "-c", f"credential.helper={helper}", "clone", "-q", url, "clone")
    assert (tmp_path / "clone/README.md").read_text() == "# model\n"
    job = sandbox.mint_job_token({"repository": "acme/model"})
    assert _run(sandbox, tmp_path, sys.executable, "-c", TOKEN, job.request_url, job.request_token) == "2\n"
    with pytest.raises(Exception, match='Branch "main" is not allowed to deploy to prod'):
        sandbox.mint_job_token({"repository": "acme/model", "environment": "prod"})
