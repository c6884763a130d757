"""Our App on the sandbox's GitHub: its key signs, its tokens are made in time, what it lacks is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github import Auth

from provisioner.errors import InvalidInput
from provisioner.repository.application import RENEWED_BEFORE, AppKey, Application, AppRefused
from provisioner.repository.errors import GitHubError
from provisioner.repository.github import GitHub, connect
from provisioner.repository.push import Git
from provisioner.repository.tokens import NEEDED
from provisioner.repository.transport import Answer, PyGithubTransport, Transport
from provisioner.settings import GitHubApp, read
from tests.repository.conftest import Sandbox
from tests.repository.test_preflight import on_platform
from tests.template.teams import outputs, platform

pytestmark = pytest.mark.e2e


def key_of(sandbox: Sandbox) -> AppKey:
    held = sandbox.handle.control("GET", "github/app")
    return AppKey(held["appId"], held["privateKey"])


def foreign_key() -> str:
    made = rsa.generate_private_key(65537, 2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@dataclass
class Clock:
    """The time as the App sees it."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def application(sandbox: Sandbox, key: AppKey | None = None, clock: Clock | None = None) -> Application:
    def opened(auth: Auth.Auth) -> Transport:
        return PyGithubTransport(platform().github.api_url, auth, sandbox.handle.ca_file, backoff_seconds=0.01)

    return Application(key or key_of(sandbox), "example-ml", opened, clock or Clock())


def test_the_app_sets_a_repository_up_with_its_key_alone(sandbox: Sandbox) -> None:
    team = sandbox.team(buckets={})
    github = connect(
        platform().github, key_of(sandbox), ca_file=sandbox.handle.ca_file, environment=sandbox.environment
    )
    assert [each for each in github.preflight(team) if each.blocking] == []
    facts = github.ensure_repository(team)
    github.configure_environments(team)
    assert github.publish(team, facts, outputs(team)).pushed
    assert github.verify(team, facts, outputs(team)) == ()


def test_its_token_may_do_what_we_need_and_not_more(sandbox: Sandbox) -> None:
    app = application(sandbox)
    assert app.permissions == NEEDED
    assert app.slug == "provision-env"
    with pytest.raises(GitHubError, match="403"):
        sandbox.transport(app.secret).send("GET", "/orgs/example-ml/installations", {}, None)


def test_a_token_is_kept_and_replaced_before_it_ends(sandbox: Sandbox) -> None:
    clock = Clock()
    app = application(sandbox, clock=clock)
    first = app.secret
    clock.ahead = timedelta(hours=1) - RENEWED_BEFORE - timedelta(minutes=1)
    assert app.secret == first
    clock.ahead = timedelta(hours=1) - RENEWED_BEFORE
    second = app.secret
    assert second != first
    assert sandbox.transport(second).send("GET", "/orgs/example-ml", {}, None).document["login"] == "example-ml"


def test_permissions_that_the_organisation_did_not_agree_to_are_named(sandbox: Sandbox) -> None:
    class Poorer(PyGithubTransport):
        """An installation whose owner has not accepted everything yet."""

        def send(self, method: str, path: str, parameters: Mapping[str, Any], body: object) -> Answer:
            answer = super().send(method, path, parameters, body)
            if path.endswith("/installation"):
                held = answer.document["permissions"]
                del held["workflows"]
                held["contents"] = "read"
            return answer

    def opened(auth: Auth.Auth) -> Transport:
        return Poorer(platform().github.api_url, auth, sandbox.handle.ca_file)

    app = Application(key_of(sandbox), "example-ml", opened)
    github = GitHub(sandbox.transport(), platform().github, app, Git(lambda: app.secret, sandbox.environment))
    found = github.preflight(sandbox.team())
    assert found[0].where == "GitHub App 'provision-env'"
    assert "lacks contents: write, workflows: write" in found[0].reason
    assert found[0].blocking


def test_another_app_than_the_one_platform_yaml_names_is_told(sandbox: Sandbox) -> None:
    named = {**platform().github.model_dump(), "app_slug": "somebody-else"}
    github = connect(platform().github, key_of(sandbox), ca_file=sandbox.handle.ca_file)
    found = github.preflight(on_platform(sandbox.team(), github=named))
    assert [each.fix for each in found if each.where == "platform.yaml: github.app_slug"] == [
        "write app_slug: provision-env"
    ]


def test_a_key_of_somebody_else_is_refused_by_github_and_told(sandbox: Sandbox) -> None:
    stranger = AppKey(key_of(sandbox).app_id, foreign_key())
    with pytest.raises(AppRefused, match="does not take its key") as refused:
        _ = application(sandbox, stranger).secret
    assert "PRIVATE KEY" not in str(refused.value) + repr(stranger)


def test_an_app_that_is_not_installed_is_the_only_thing_said(sandbox: Sandbox) -> None:
    settings = platform().github.model_copy(update={"owner": "elsewhere"})
    found = connect(settings, key_of(sandbox), ca_file=sandbox.handle.ca_file).preflight(sandbox.team())
    assert [each.where for each in found] == ["PROVISION_ENV_GITHUB_APP_ID"]
    assert "not installed on elsewhere" in found[0].reason


def test_a_text_that_is_no_key_is_told_at_once() -> None:
    with pytest.raises(InvalidInput, match="no RSA key in PEM") as refused:
        connect(platform().github, AppKey("1", "not-the-key-either"))
    assert "not-the-key-either" not in str(refused.value)


def test_the_environment_gives_the_key_as_text_or_file(tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text("pem\n")
    names = {"HOME": str(tmp_path), "PROVISION_ENV_GITHUB_APP_ID": "7"}
    by_file = read({**names, "PROVISION_ENV_GITHUB_APP_PRIVATE_KEY_FILE": str(tmp_path / "app.pem")}).github_app
    by_text = read({**names, "PROVISION_ENV_GITHUB_APP_PRIVATE_KEY": "a\\nb\\n"}).github_app
    assert by_file is not None
    assert by_text is not None
    assert (by_file.pem(), by_text.pem()) == ("pem\n", "a\nb\n")
    assert "a\\nb" not in repr(by_text)
    assert read({"HOME": str(tmp_path)}).github_app is None


def test_an_app_without_a_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="without a private key"):
        GitHubApp("7").pem()
    with pytest.raises(InvalidInput, match=r"cannot be read \(FileNotFoundError\)"):
        GitHubApp("7", None, tmp_path / "nowhere.pem").pem()
