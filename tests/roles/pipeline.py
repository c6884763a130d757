"""What a generated repository's workflows run as the deploy identity: its own steps, with gcloud and skopeo."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from provisioner.repository.template import render_template
from provisioner.sandbox.clients import client_environment
from provisioner.sandbox.front.authority import Authority
from provisioner.sandbox.front.hosts import GOOGLE_HOSTS, HostRouter
from provisioner.sandbox.front.listener import Listener
from provisioner.sandbox.front.proxy import Proxy
from tests.roles.place import PROJECT, Place
from tests.roles.place import place as prepared
from tests.roles.recording import Need
from tests.template.teams import facts, outputs
from tests.template.test_publish_image import Archive

PROGRAMS = ("gcloud", "skopeo")
RECORDED = Path(__file__).with_name("deploy.json")
_EXPRESSION = re.compile(r"\$\{\{ (.+?) \}\}")
_LONGEST_SECONDS = 300
Step = Mapping[str, Any]


def generated(place: Place, folder: Path) -> Path:
    """Write the team's repository, with the image that its build job hands on."""
    for path, (content, mode) in render_template(place.team, facts(place.team), outputs(place.team)).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(mode & 0o777)
    (folder / "build").mkdir()
    Archive().write(folder / "build" / "image.tar")
    return folder


def steps(repository: Path, workflow: str, job: str) -> list[Step]:
    """Return the steps of a job that run something; the others are actions, which get the token."""
    text = (repository / ".github" / "workflows" / f"{workflow}.yaml").read_text(encoding="utf-8")
    found: list[Step] = YAML(typ="safe", pure=True).load(text)["jobs"][job]["steps"]
    return [step for step in found if "run" in step]


@contextmanager
def clients(place: Place, folder: Path) -> Iterator[dict[str, str]]:
    """Let programs reach the cloud as they would reach Google's; return their environment, without a token."""
    folder.mkdir()
    router = HostRouter(dict.fromkeys(GOOGLE_HOSTS, place.cloud.application))
    authority, stopping = Authority(folder / "authority"), threading.Event()
    proxy = Proxy(router, router, authority, lambda _host: False, stopping=stopping.is_set)
    listener = Listener("pipeline", proxy.handle)
    listener.start()
    nothing = {"googleToken": "", "github": {"installation": "", "user": ""}, "providerReattach": ""}
    try:
        url = f"http://127.0.0.1:{listener.port}"
        given = client_environment(folder, url, authority.certificate, nothing)
        for name in ("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", "GOOGLE_OAUTH_ACCESS_TOKEN"):
            del given[name]
        yield {"PATH": os.environ["PATH"], "HOME": str(folder), **given}
    finally:
        stopping.set()
        listener.stop(5)


def runs(step: Step, repository: Path, environment: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Run a step as the runner does; return its outputs. ``values`` are what the expressions of its ``env`` stand for.

    An expression that is not among them is a KeyError: the workflow asks for something new.
    """
    own = {name: _EXPRESSION.sub(lambda m: values[m[1]], str(text)) for name, text in step.get("env", {}).items()}
    written = repository / "build" / "outputs"
    written.write_text("")
    own |= {"GITHUB_OUTPUT": str(written), "GITHUB_STEP_SUMMARY": os.devnull}
    command = ["bash", "-e", "-o", "pipefail", "-c", step["run"]]
    ended = subprocess.run(
        command,
        cwd=repository,
        env={**environment, **own},
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST_SECONDS,
    )
    assert ended.returncode == 0, (step["name"], ended.stdout, ended.stderr)
    lines = written.read_text(encoding="utf-8").splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def release(place: Place, folder: Path) -> None:
    """Run the release of dev twice, a new image under a new version each time, then move the traffic between the two.

    The second release replaces what the first published, and repeats nothing that is there already.
    """
    repository = generated(place, folder / "repository")
    with clients(place, folder / "clients") as environment:
        for version in ("v1-0-0", "v1-1-0"):
            values = _values(place, version)
            for step in steps(repository, "release", "deploy-dev"):
                found = runs(step, repository, environment, values)
                values |= {f"steps.{step.get('id')}.outputs.{name}": value for name, value in found.items()}
        values |= {_TRAFFIC.format("plan"): "v1-0-0=90,v1-1-0=10"}
        for step in steps(repository, "operations", "apply-dev"):
            runs(step, repository, environment, values)


_TRAFFIC = "fromJSON(needs.{}.outputs.traffic)['dev']"


def _values(place: Place, version: str) -> dict[str, str]:
    spec = place.spec
    registry = spec.registries[0]
    return {
        "vars.GCP_PROJECT_ID": PROJECT,
        "vars.GCP_REGION": spec.region,
        "vars.ARTIFACT_REGISTRY_REPO": f"{registry.location}-docker.pkg.dev/{PROJECT}/{registry.name}",
        "vars.GCS_BUCKET": spec.buckets[0].name,
        "vars.SERVICE_ACCOUNT": place.email("deploy"),
        "steps.auth.outputs.access_token": place.token("deploy"),
        "needs.build.outputs.tag": f"git-{version}-1",
        "needs.build.outputs.revision-tag": version,
        _TRAFFIC.format("build"): "latest",
    }


def document(needs: Iterable[Need]) -> str:
    """Return what is kept of a recording: each call with what it needed, on the project or on a thing in it, once."""
    lines = {json.dumps([need.call, need.permission, need.level, need.held]) for need in needs}
    return "[\n" + ",\n".join(sorted(lines)) + "\n]\n"


def recorded() -> list[Need]:
    """Return the needs of the kept recording; ``where`` is no more than what tells their level."""
    where = {"project": "cloudresourcemanager.googleapis.com/", "thing": ""}
    kept = json.loads(RECORDED.read_text(encoding="utf-8"))
    return [Need(permission, where[level], held, call) for call, permission, level, held in kept]


def record() -> None:
    """Run the workflows' steps and keep what they needed."""
    with tempfile.TemporaryDirectory() as name, prepared(Path(name)) as made:
        release(made, Path(name))
        RECORDED.write_text(document(made.needs("deploy")), encoding="utf-8")


if __name__ == "__main__":
    record()
