"""The only reader of the process environment, and the only place that changes it."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.errors import InvalidInput

_APP_ID, _APP_KEY = "PROVISION_ENV_GITHUB_APP_ID", "PROVISION_ENV_GITHUB_APP_PRIVATE_KEY"
_PROVIDER, _MIRROR = "PROVISION_ENV_PROVIDER", "PROVISION_ENV_PROVIDER_MIRROR"
_PASSED_ON = (
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
    "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
    "CLOUDSDK_CONFIG", "TF_REATTACH_PROVIDERS", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "TMPDIR",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GitHubApp:
    """The App that we act as: its number or client id, and its private key as text or as the path of a file."""

    app_id: str
    private_key: str | None = field(default=None, repr=False)
    private_key_file: Path | None = None

    def pem(self) -> str:
        """Return the key. Raises InvalidInput when there is none, or the file cannot be read."""
        if self.private_key:
            # Stores of secrets that keep one line only write its ends of lines as backslash and n.
            return self.private_key if "\n" in self.private_key.strip() else self.private_key.replace("\\n", "\n")
        if self.private_key_file is None:
            fix = f"put the key into {_APP_KEY}, or the path of its file into {_APP_KEY}_FILE"
            raise InvalidInput(f"{_APP_ID} is given without a private key", fix=fix, where=_APP_ID)
        try:
            return self.private_key_file.read_text(encoding="ascii")
        except (OSError, ValueError) as error:
            raise InvalidInput(
                f"the App's private key cannot be read ({type(error).__name__})",
                fix="name the .pem file that GitHub handed out",
                where=f"{_APP_KEY}_FILE={self.private_key_file}",
            ) from error


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says.

    ``state_folder`` holds runs and the sandbox. ``terraform`` names a binary, else one is looked for on
    ``search_path``. ``clients`` is what child processes and Google's and GitHub's clients need: proxy,
    certificates, credentials. ``sandbox`` is the state folder of the sandbox this environment belongs to.
    ``github_api`` is what a workflow run says of its GitHub; where there is a platform.yaml, that decides.
    ``pager`` is the program that long lists are read with. ``provider`` (standin, registry or auto; None when nothing
    is said) and ``provider_mirror`` say which hashicorp/google Terraform gets in a sandbox.
    ``github_app`` goes before ``github_token`` where both are given.
    """

    state_folder: Path
    home: str
    search_path: str
    terraform: str | None
    google_token: str | None
    github_token: str | None
    sandbox: Path | None
    clients: Mapping[str, str]
    no_color: bool
    pager: str | None
    ci: bool
    user: str
    shell: str
    github_api: str
    provider: str | None
    provider_mirror: Path | None
    github_app: GitHubApp | None


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environ`` (the process environment when not given)."""
    env = os.environ if environ is None else environ
    home = env.get("HOME") or str(Path.home())
    state = env.get("PROVISION_ENV_STATE") or _default_state(env, home)
    sandbox, mirror = env.get("PROVISION_ENV_SANDBOX"), env.get(_MIRROR)
    return Settings(
        state_folder=Path(state).expanduser().absolute(),
        home=home,
        search_path=env.get("PATH", os.defpath),
        terraform=env.get("PROVISION_ENV_TERRAFORM") or None,
        google_token=env.get("GOOGLE_OAUTH_ACCESS_TOKEN") or None,
        github_token=env.get("GITHUB_TOKEN") or env.get("GH_TOKEN") or None,
        sandbox=Path(sandbox) if sandbox else None,
        clients={name: env[name] for name in _PASSED_ON if env.get(name)},
        no_color="NO_COLOR" in env or env.get("TERM") == "dumb",
        pager=env.get("PAGER") or None,
        ci=env.get("CI", "").lower() in {"1", "true"},
        user=env.get("USER") or env.get("LOGNAME") or _user_name(),
        shell=env.get("SHELL") or "/bin/sh",
        github_api=env.get("GITHUB_API_URL") or "https://api.github.com",
        provider=env.get(_PROVIDER) or None,
        provider_mirror=Path(mirror).expanduser().absolute() if mirror else None,
        github_app=_github_app(env),
    )


def _github_app(env: Mapping[str, str]) -> GitHubApp | None:
    if not env.get(_APP_ID):
        return None
    file = env.get(f"{_APP_KEY}_FILE")
    return GitHubApp(env[_APP_ID], env.get(_APP_KEY) or None, Path(file).expanduser() if file else None)


def adopt(environment: Mapping[str, str]) -> Settings:
    """Give this process the client environment of a sandbox, as ``eval "$(provision-env sandbox env)"`` does.

    From here on every client, ours and third parties', takes the same way as on the real clouds.
    """
    os.environ.update(environment)
    return read()


def choose_provider(provider: str, mirror: Path | None) -> Settings:
    """Keep a choice of provider for the rest of this process, and for the programs that it starts."""
    os.environ[_PROVIDER] = provider
    os.environ[_MIRROR] = str(mirror) if mirror else ""
    return read()


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with ``extra`` over it, for a program that the user asked to run."""
    return {**os.environ, **extra}


def _user_name() -> str:
    """Ask the system where the environment says nothing, as under cron and in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _default_state(env: Mapping[str, str], home: str) -> str:
    """Follow the XDG base directory specification, and the platform's custom on macOS."""
    if env.get("XDG_STATE_HOME"):
        return f"{env['XDG_STATE_HOME']}/provision-env"
    if sys.platform == "darwin":
        return f"{home}/Library/Application Support/provision-env"
    return f"{home}/.local/state/provision-env"
