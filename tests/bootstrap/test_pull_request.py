"""A team's request is a pull request in the repository that bootstrap made: from the comment to the cloud."""

from __future__ import annotations

import base64
import platform as machine
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nacl.public import PublicKey, SealedBox

from tests.cli.program import PROJECT
from tests.e2e.conftest import stop
from tests.e2e.desk import Desk, new_desk
from tests.sandbox.actions.bench import needs_act
from tests.sandbox.actions.site import API, Site
from tests.sandbox.provider.plugin import build_mirror

PROGRAMS = ("uv", "terraform")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    needs_act,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
REPOSITORY = "example-ml/platform"
REPO = f"{API}/repos/{REPOSITORY}"
REQUEST = """team: churn
owner: churn@example.com
cost_center: cc-1
data_class: internal
environments:
  dev: {project: example-churn-dev}
"""
# What the jobs install in place of a release: the program of this checkout, with the provider from a mirror.
BUILD = """[project]
name = "provision-env"
version = "0.0.1"
requires-python = ">=3.11"
[project.scripts]
provision-env = "installed:main"
[build-system]
requires = ["uv_build"]
build-backend = "uv_build"
[tool.uv.build-backend]
module-name = "installed"
module-root = ""
"""
PROGRAM = """import os, sys
def main():
    own = {{"PYTHONPATH": {source!r}, "TF_CLI_CONFIG_FILE": {configuration!r}}}
    os.execve({python!r}, [{python!r}, "-m", "provisioner", *sys.argv[1:]], {{**os.environ, **own}})
"""
MIRROR = """provider_installation {{
  filesystem_mirror {{
    path = "{mirror}"
  }}
}}
"""


def installed(folder: Path) -> Path:
    """Write the package that the jobs install."""
    system = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[machine.machine()]
    mirror = build_mirror(folder / "mirror", f"{sys.platform}_{system}")
    configuration = folder / "terraform.rc"
    configuration.write_text(MIRROR.format(mirror=mirror))
    package = folder / "package"
    (package / "installed").mkdir(parents=True)
    (package / "pyproject.toml").write_text(BUILD)
    program = PROGRAM.format(source=str(PROJECT), configuration=str(configuration), python=sys.executable)
    (package / "installed" / "__init__.py").write_text(program)
    return package


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = new_desk(tmp_path_factory.mktemp("desk"))
    platform = made.folder / "platform.yaml"
    platform.write_text(platform.read_text() + "contact: platform@example.com\n")
    yield made
    stop(made.person)


@pytest.fixture(scope="module")
def site(desk: Desk) -> Iterator[Site]:
    """The platform's repository, its ground laid by a person, and the team's project there."""
    ended = desk.person.runs("bootstrap", desk.folder / "platform.yaml", "--sandbox", "--yes")
    assert ended.code == 0, ended
    seeded = desk.person.runs("plan", desk.written("churn.yaml", REQUEST), "--sandbox")
    assert seeded.code == 0, seeded
    site = Site(desk.handle, desk.folder)
    source = {"name": "PROVISION_ENV_SOURCE", "value": str(installed(desk.folder))}
    assert site.ask("PATCH", f"{REPO}/actions/variables/PROVISION_ENV_SOURCE", source).status_code == 204
    secret(site, "PROVISION_ENV_GITHUB_TOKEN", site.tokens["installation"])
    assert desk.person.runs("sandbox", "actions", "on").code == 0
    yield site
    site.http.close()


def secret(site: Site, name: str, value: str) -> None:
    place = f"{REPO}/environments/platform/secrets"
    key = site.get(f"{place}/public-key")
    box = SealedBox(PublicKey(base64.b64decode(key["key"])))
    sealed = base64.b64encode(box.encrypt(value.encode())).decode()
    kept = site.ask("PUT", f"{place}/{name}", {"encrypted_value": sealed, "key_id": key["key_id"]})
    assert kept.status_code == 201, kept.text


def person(site: Site, login: str) -> str:
    made: dict[str, str] = site.handle.control("POST", "github/user-token", {"login": login})
    return made["token"]


def propose(site: Site, path: str, text: str) -> int:
    head = site.get(f"{REPO}/git/ref/heads/main")["object"]["sha"]
    site.made(f"{REPO}/git/refs", {"ref": "refs/heads/topic", "sha": head})
    content = base64.b64encode(text.encode()).decode()
    body = {"message": f"Ask for {path}", "content": content, "branch": "topic"}
    assert site.ask("PUT", f"{REPO}/contents/{path}", body).status_code == 201
    return int(site.made(f"{REPO}/pulls", {"title": f"Ask for {path}", "head": "topic", "base": "main"})["number"])


def newest(site: Site, name: str) -> dict[str, Any]:
    return next(run for run in site.runs(REPOSITORY) if run["name"] == name)


def test_a_request_is_commented_merged_approved_and_applied(site: Site) -> None:
    number = propose(site, "teams/churn.yaml", REQUEST)
    site.until(REPOSITORY, patience=300)
    run = newest(site, "request")
    assert run["conclusion"] == "success", site.report(REPOSITORY, run["id"])
    comments = [each["body"] for each in site.get(f"{REPO}/issues/{number}/comments")]
    assert len(comments) == 1
    assert "churn-dev" in comments[0]
    assert "google\\_storage\\_bucket" in comments[0]
    assert site.ask("GET", f"{API}/repos/example-ml/churn").status_code == 404

    reviewed = site.ask("POST", f"{REPO}/pulls/{number}/reviews", {"event": "APPROVE"}, person(site, "jonas-platform"))
    assert reviewed.status_code == 200, reviewed.text
    merged = site.ask("PUT", f"{REPO}/pulls/{number}/merge", {"merge_method": "squash"})
    assert merged.status_code == 200, merged.text
    site.until(REPOSITORY, "waiting", count=2, patience=300)
    run = newest(site, "apply")
    assert run["status"] == "waiting", site.report(REPOSITORY, run["id"])
    assert site.ask("GET", f"{API}/repos/example-ml/churn").status_code == 404

    pending = site.get(f"{REPO}/actions/runs/{run['id']}/pending_deployments")
    body = {"environment_ids": [one["environment"]["id"] for one in pending], "state": "approved", "comment": "go"}
    place = f"{REPO}/actions/runs/{run['id']}/pending_deployments"
    approved = site.ask("POST", place, body, person(site, "maria-platform"))
    assert approved.status_code == 200, approved.text
    site.until(REPOSITORY, count=2, patience=300)
    said = site.report(REPOSITORY, run["id"])
    assert newest(site, "apply")["conclusion"] == "success", said
    assert "ya29." not in said
    assert site.get(f"{API}/repos/example-ml/churn")["full_name"] == "example-ml/churn"
    bucket = site.get("https://storage.googleapis.com/storage/v1/b/example-churn-dev-churn-dev-data")
    assert bucket["labels"]["team"] == "churn"
