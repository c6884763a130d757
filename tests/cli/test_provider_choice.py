"""Which hashicorp/google Terraform gets in a sandbox: decided, told, kept apart, and really run out of a mirror."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner import settings
from provisioner.errors import InvalidInput, ProvisionError
from provisioner.settings import Settings
from provisioner.wiring.providers import Provider, choose, held, this_system
from tests.cli.program import Ended, Person
from tests.e2e.desk import Desk, new_desk
from tests.sandbox.provider.plugin import VERSION, build_mirror

REGISTRY = "registry.terraform.io"
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens, so the answer is quick
terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform on this machine")


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give this process an environment in which nothing is chosen and no registry answers."""
    monkeypatch.setenv("PROVISION_ENV_STATE", str(tmp_path / "state"))
    for name in ("PROVISION_ENV_PROVIDER", "PROVISION_ENV_PROVIDER_MIRROR", "PROVISION_ENV_SANDBOX"):
        monkeypatch.setenv(name, "")
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, NOWHERE)
    return monkeypatch


def current() -> Settings:
    return settings.read()


@pytest.mark.usefixtures("chosen")
def test_nothing_said_is_the_stand_in() -> None:
    assert choose(current()) == Provider()
    assert Provider().versions() == {}


@terraform
def test_a_mirror_alone_means_the_real_one(chosen: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mirror = build_mirror(tmp_path / "mirror", this_system())
    chosen.setenv("PROVISION_ENV_PROVIDER_MIRROR", str(mirror))
    found = choose(current())
    assert found == Provider(mirror, VERSION)
    assert str(found) == f"hashicorp/google {VERSION} from {mirror}"
    assert found.versions() == {"provider": f"hashicorp/google {VERSION}"}


@terraform
@pytest.mark.parametrize("kind", ["registry", "auto"])
def test_a_mirror_for_another_machine_is_no_use(chosen: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    mirror = build_mirror(tmp_path / "mirror", "plan9_mips")
    chosen.setenv("PROVISION_ENV_PROVIDER", kind)
    chosen.setenv("PROVISION_ENV_PROVIDER_MIRROR", str(mirror))
    if kind == "auto":
        assert str(choose(current())) == (
            f"the stand-in provider ({mirror} holds no hashicorp/google for {this_system()})"
        )
        return
    with pytest.raises(InvalidInput, match="holds no") as refused:
        choose(current())
    assert f"providers mirror -platform={this_system()} {mirror}" in refused.value.fix


@terraform
def test_auto_takes_the_stand_in_where_no_registry_answers_and_says_so(chosen: pytest.MonkeyPatch) -> None:
    chosen.setenv("PROVISION_ENV_PROVIDER", "auto")
    assert str(choose(current())) == f"the stand-in provider ({REGISTRY} does not answer)"
    assert current().provider == "standin"  # the rest of the process need not ask again


@terraform
def test_a_registry_that_cannot_be_reached_is_an_error_with_a_way_out(
    chosen: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chosen.setenv("PROVISION_ENV_PROVIDER", "registry")
    chosen.setenv("TF_CLI_CONFIG_FILE", _terraform_settings(tmp_path, tmp_path / "empty"))
    with pytest.raises(ProvisionError, match="cannot be fetched") as failed:
        choose(current())
    assert "--provider-mirror" in failed.value.fix


@terraform
def test_the_provider_is_fetched_once_by_terraform_with_the_users_own_settings(
    chosen: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    company = build_mirror(tmp_path / "company", this_system())
    chosen.setenv("PROVISION_ENV_PROVIDER", "registry")
    chosen.setenv("TF_CLI_CONFIG_FILE", _terraform_settings(tmp_path, company))
    said: list[str] = []
    first = choose(current(), said.append)
    assert first == Provider(tmp_path / "state" / "cache" / "providers", VERSION)
    assert said == [f"fetching hashicorp/google from {REGISTRY}"]
    chosen.setenv("PROVISION_ENV_PROVIDER_MIRROR", "")
    chosen.setenv("TF_CLI_CONFIG_FILE", _terraform_settings(tmp_path, tmp_path / "empty"))
    assert choose(current(), said.append) == first
    assert len(said) == 1
    assert not list((tmp_path / "state" / "cache").glob(".fetch-*"))


@pytest.mark.usefixtures("chosen")
def test_an_unknown_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISION_ENV_PROVIDER", "real")
    with pytest.raises(InvalidInput, match="no provider 'real'"):
        choose(current())


def test_the_newest_fitting_version_of_a_mirror_counts(tmp_path: Path) -> None:
    home = tmp_path / REGISTRY / "hashicorp" / "google"
    for version in ("7.9.0", "7.45.0", "8.1.0", "6.50.0"):
        (home / version / "linux_amd64").mkdir(parents=True)
    (home / "terraform-provider-google_7.46.1_linux_arm64.zip").touch()
    assert held(tmp_path, REGISTRY, "linux_amd64") == "7.45.0"
    assert held(tmp_path, REGISTRY, "linux_arm64") == "7.46.1"
    assert held(tmp_path, REGISTRY, "darwin_arm64") is None
    assert held(tmp_path, "registry.opentofu.org", "linux_amd64") is None


def _terraform_settings(folder: Path, mirror: Path) -> str:
    mirror.mkdir(exist_ok=True)
    file = folder / f"{mirror.name}.tfrc"
    file.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
    return str(file)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_mirror(tmp_path_factory.mktemp("mirror") / "providers", this_system())


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = new_desk(tmp_path_factory.mktemp("desk"))
    yield made
    made.person.runs("sandbox", "stop")


ROOT = """
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
  }
}
provider "google" {
  project = "PROJECT"
}
resource "google_project_service" "iam" {
  service = "iam.googleapis.com"
}
resource "google_service_account" "it" {
  account_id = "by-a-plugin"
  depends_on = [google_project_service.iam]
}
"""


def plain(person: Person, folder: Path, option: tuple[str, ...], *arguments: str) -> Ended:
    chdir = f"-chdir={folder}"
    return person.runs("sandbox", "shell", *option, "terraform", chdir, *arguments, "-no-color")


@terraform
@pytest.mark.e2e
@pytest.mark.xdist_group("provider-choice")
def test_terraform_installs_the_provider_from_the_mirror_and_runs_it_in_the_sandbox(
    desk: Desk, mirror: Path, tmp_path: Path
) -> None:
    person, option = desk.person, ("--provider-mirror", str(mirror))
    desk.call("POST", "https://cloudresourcemanager.googleapis.com/v3/projects", {"projectId": "by-a-plugin-dev"})
    (tmp_path / "main.tf").write_text(ROOT.replace("PROJECT", "by-a-plugin-dev"))
    assert f"Installed hashicorp/google v{VERSION}" in plain(person, tmp_path, option, "init").out
    lock = (tmp_path / ".terraform.lock.hcl").read_text()
    assert f'version     = "{VERSION}"' in lock
    assert '"h1:' in lock

    applied = plain(person, tmp_path, option, "apply", "-auto-approve")
    assert "2 added" in applied.out, applied
    assert f"Terraform gets hashicorp/google {VERSION} from {mirror}" in applied.err
    # The same root and state with the stand-in attached: nothing to change, and the lock stays as it is.
    assert "No changes" in plain(person, tmp_path, (), "plan").out
    assert (tmp_path / ".terraform.lock.hcl").read_text() == lock
    assert "2 destroyed" in plain(person, tmp_path, option, "destroy", "-auto-approve").out


@pytest.mark.e2e
@pytest.mark.xdist_group("provider-choice")
def test_the_environment_of_a_mirror_takes_the_stand_in_away(desk: Desk, mirror: Path) -> None:
    attached = desk.person.runs("sandbox", "env", "-o", "json").document
    installed = desk.person.runs("sandbox", "env", "-o", "json", "--provider-mirror", mirror).document
    assert set(json.loads(attached["TF_REATTACH_PROVIDERS"])) == {
        "registry.terraform.io/hashicorp/google",
        "registry.opentofu.org/hashicorp/google",
    }
    assert installed["TF_REATTACH_PROVIDERS"] == ""
    assert str(mirror) in Path(installed["TF_CLI_CONFIG_FILE"]).read_text()
    assert str(mirror) not in Path(attached["TF_CLI_CONFIG_FILE"]).read_text()
    different = {name for name in installed if installed[name] != attached[name]}
    assert different == {"TF_REATTACH_PROVIDERS", "TF_CLI_CONFIG_FILE"}


@pytest.mark.e2e
@pytest.mark.xdist_group("provider-choice")
def test_a_mirror_for_the_stand_in_is_a_contradiction(desk: Desk, mirror: Path) -> None:
    ended = desk.person.runs("sandbox", "env", "--provider", "standin", "--provider-mirror", mirror)
    assert ended.code == 2
    assert "leave out --provider standin" in ended.err


@terraform
@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.xdist_group("provider-choice")
def test_a_team_lives_with_the_provider_of_a_mirror(desk: Desk, mirror: Path) -> None:
    request, option = desk.request("mirrored"), ("--provider-mirror", str(mirror))
    waiting = desk.person.runs("up", request, "--sandbox")
    assert waiting.code == 5, waiting
    (run,) = desk.person.runs("runs", "list", "--team", "mirrored", "-o", "json").document
    refused = desk.person.runs("runs", "resume", run["id"], "--yes", *option)
    assert refused.code == 2
    assert "planned with the stand-in provider, and Terraform would get hashicorp/google" in refused.err

    up = desk.up(request, *option)
    assert up.code == 0, up
    assert f"hashicorp/google {VERSION} from {mirror}" in up.err
    assert list((desk.person.state / "work" / "sandbox" / "mirrored").rglob(".terraform.lock.hcl"))
    again = desk.up(request, *option)
    assert again.code == 0, again
    assert "nothing was changed" in again.out
    destroyed = desk.person.runs("destroy", "mirrored", "--sandbox", "--yes", *option)
    assert destroyed.code == 0, destroyed
