"""The platform's repository in a sandbox whose GitHub executes workflows: people propose, merge, approve, dispatch."""

from __future__ import annotations

import base64
import platform as machine
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl.public import PublicKey, SealedBox

from tests.cli.program import PROJECT
from tests.e2e.conftest import stop
from tests.e2e.desk import new_desk
from tests.sandbox.actions.site import API, Site
from tests.sandbox.provider.plugin import build_mirror

REPOSITORY = "example-ml/platform"
REPO = f"{API}/repos/{REPOSITORY}"
_PATIENCE = 600.0
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


def secret(site: Site, name: str, value: str) -> None:
    place = f"{REPO}/environments/platform/secrets"
    key = site.get(f"{place}/public-key")
    box = SealedBox(PublicKey(base64.b64decode(key["key"])))
    sealed = base64.b64encode(box.encrypt(value.encode())).decode()
    kept = site.ask("PUT", f"{place}/{name}", {"encrypted_value": sealed, "key_id": key["key_id"]})
    assert kept.status_code == 201, kept.text


@dataclass(frozen=True)
class PlatformSite:
    """What people do in the platform's repository; every step returns once its runs are over or held."""

    site: Site

    def get(self, path: str) -> Any:
        return self.site.get(f"{REPO}/{path}")

    def _following(self, act: Callable[[], object], name: str) -> dict[str, Any]:
        """Do something that starts a run, and return that run when it is over or held."""
        before = len(self.site.runs(REPOSITORY))
        act()
        self.site.until(REPOSITORY, "waiting", count=before + 1, patience=_PATIENCE)
        return self.newest(name)

    def newest(self, name: str) -> dict[str, Any]:
        return next(run for run in self.site.runs(REPOSITORY) if run["name"] == name)

    def propose(self, path: str, text: str, branch: str) -> tuple[int, dict[str, Any]]:
        """Open a pull request that writes a file; return its number and the run of its check."""
        head = self.get("git/ref/heads/main")["object"]["sha"]
        self.site.made(f"{REPO}/git/refs", {"ref": f"refs/heads/{branch}", "sha": head})
        there = self.site.ask("GET", f"{REPO}/contents/{path}?ref={branch}")
        old = {"sha": there.json()["sha"]} if there.status_code == 200 else {}
        content = base64.b64encode(text.encode()).decode()
        body = {"message": f"Write {path}", "content": content, "branch": branch, **old}
        assert self.site.ask("PUT", f"{REPO}/contents/{path}", body).status_code in {200, 201}
        opened: list[int] = []

        def open_it() -> None:
            asked = {"title": f"Write {path}", "head": branch, "base": "main"}
            opened.append(int(self.site.made(f"{REPO}/pulls", asked)["number"]))

        run = self._following(open_it, "request")
        return opened[0], run

    def comments(self, number: int) -> list[str]:
        return [each["body"] for each in self.get(f"issues/{number}/comments")]

    def merge(self, number: int) -> dict[str, Any]:
        """Approve and merge a pull request; return the run that waits for the reviewers of its plan."""
        review = {"event": "APPROVE"}
        answer = self.site.ask("POST", f"{REPO}/pulls/{number}/reviews", review, self._person("jonas-platform"))
        assert answer.status_code == 200, answer.text

        def merge_it() -> None:
            merged = self.site.ask("PUT", f"{REPO}/pulls/{number}/merge", {"merge_method": "squash"})
            assert merged.status_code == 200, merged.text

        return self._following(merge_it, "apply")

    def dispatch(self, name: str) -> dict[str, Any]:
        """Start a workflow by hand; return its run."""

        def start() -> None:
            answer = self.site.ask("POST", f"{REPO}/actions/workflows/{name}.yaml/dispatches", {"ref": "main"})
            assert answer.status_code in {200, 204}, answer.text

        return self._following(start, name)

    def approve(self, run: dict[str, Any]) -> dict[str, Any]:
        """Let a held run go on; return it when it is over."""
        place = f"{REPO}/actions/runs/{run['id']}/pending_deployments"
        ids = [each["environment"]["id"] for each in self.site.get(place)]
        body = {"environment_ids": ids, "state": "approved", "comment": "go"}
        answer = self.site.ask("POST", place, body, self._person("maria-platform"))
        assert answer.status_code == 200, answer.text
        self.site.until(REPOSITORY, patience=_PATIENCE)
        return next(each for each in self.site.runs(REPOSITORY) if each["id"] == run["id"])

    def summary(self, run: dict[str, Any], job: str) -> str:
        """Return what a job wrote for people."""
        checks = self.get(f"commits/{run['head_sha']}/check-runs?filter=all&per_page=100")["check_runs"]
        wanted = self.site.jobs(REPOSITORY, run["id"])[job]["id"]
        return next(str(each["output"]["summary"]) for each in checks if each["external_id"] == str(wanted))

    def report(self, run: dict[str, Any]) -> str:
        return self.site.report(REPOSITORY, run["id"])

    def _person(self, login: str) -> str:
        made: dict[str, str] = self.site.handle.control("POST", "github/user-token", {"login": login})
        return made["token"]


@contextmanager
def platform_site(folder: Path, request: str) -> Iterator[PlatformSite]:
    """Lay the ground as a person does, with the projects that a request names in the sandbox."""
    desk = new_desk(folder)
    settings = desk.folder / "platform.yaml"
    settings.write_text(settings.read_text() + "contact: platform@example.com\n")
    try:
        ended = desk.person.runs("bootstrap", settings, "--sandbox", "--yes")
        assert ended.code == 0, ended
        seeded = desk.person.runs("plan", desk.written("seeded.yaml", request), "--sandbox")
        assert seeded.code == 0, seeded
        site = Site(desk.handle, desk.folder)
        source = {"name": "PROVISION_ENV_SOURCE", "value": str(installed(desk.folder))}
        assert site.ask("PATCH", f"{REPO}/actions/variables/PROVISION_ENV_SOURCE", source).status_code == 204
        secret(site, "PROVISION_ENV_GITHUB_TOKEN", site.tokens["installation"])
        assert desk.person.runs("sandbox", "actions", "on").code == 0
        with closing(site.http):
            yield PlatformSite(site)
    finally:
        stop(desk.person)
