"""The only reader of the process environment, and the only place that changes it."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PROVIDER, _MIRROR = "PROVISION_ENV_PROVIDER", "PROVISION_ENV_PROVIDER_MIRROR"
_PASSED_ON = (
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
    "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
    "CLOUDSDK_CONFIG", "TF_REATTACH_PROVIDERS", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "TMPDIR",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says.

    ``state_folder`` holds runs and the sandbox. ``terraform`` names a binary, else one is looked for on
    ``search_path``. ``clients`` is what child processes and Google's and GitHub's clients need: proxy,
    certificates, credentials. ``sandbox`` is the state folder of the sandbox this environment belongs to.
    ``github_api`` is what a workflow run says of its GitHub; where there is a platform.yaml, that decides.
    ``provider`` (standin, registry or auto; None when nothing is said) and ``provider_mirror`` say which
    hashicorp/google Terraform gets in a sandbox.
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
    ci: bool
    user: str
    shell: str
    github_api: str
    provider: str | None
    provider_mirror: Path | None


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
        ci=env.get("CI", "").lower() in {"1", "true"},
        user=env.get("USER") or env.get("LOGNAME") or _user_name(),
        shell=env.get("SHELL") or "/bin/sh",
        github_api=env.get("GITHUB_API_URL") or "https://api.github.com",
        provider=env.get(_PROVIDER) or None,
        provider_mirror=Path(mirror).expanduser().absolute() if mirror else None,
    )


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
