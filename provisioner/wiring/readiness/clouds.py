"""What a run needs of Google Cloud, GitHub and the provider registry. Questions that change nothing."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from provisioner.errors import ProvisionError
from provisioner.settings import Settings
from provisioner.wiring.folders import find_terraform
from provisioner.wiring.readiness import Finding, Situation

_USERINFO = "https://openidconnect.googleapis.com/v1/userinfo"
_PROJECTS = "https://cloudresourcemanager.googleapis.com/v3/projects"
_REGISTRIES = {"tofu": "registry.opentofu.org"}
_SKEW, _TOO_MUCH_SKEW = 60, 300  # seconds; Google and GitHub refuse tokens that are minutes off
_SANDBOX = "the sandbox has its own"


def provider(situation: Situation) -> Finding:
    """Check that Terraform gets its google provider: from a mirror, from the registry, or the sandbox's stand-in."""
    from provisioner.wiring.providers import held, this_system  # noqa: PLC0415 - the other checks need none

    current = situation.settings
    terraform = find_terraform(current)
    host = _REGISTRIES.get(terraform.kind, "registry.terraform.io")
    if current.provider_mirror:
        version, system = held(current.provider_mirror, host, this_system()), this_system()
        if version:
            return Finding("provider", "ok", f"hashicorp/google {version} in {current.provider_mirror}")
        fix = f"{terraform.kind} providers mirror -platform={system} {current.provider_mirror}"
        return Finding("provider", "bad", f"{current.provider_mirror} holds none for {system}", fix)
    if situation.sandbox and current.provider in {None, "standin"}:
        return Finding("provider", "ok", "the sandbox's stand-in for hashicorp/google")
    if _mirrored(current):
        return Finding("provider", "ok", f"from the mirror in {current.clients['TF_CLI_CONFIG_FILE']}")
    return _registry(host, situation.patience)


def _mirrored(current: Settings) -> bool:
    """Tell whether Terraform's settings name a mirror: then the registry need not be in reach."""
    named = Path(current.clients.get("TF_CLI_CONFIG_FILE", ""))
    return named.is_file() and "_mirror" in named.read_text(encoding="utf-8", errors="replace")


def _registry(host: str, seconds: float) -> Finding:
    import requests  # noqa: PLC0415 - the other checks need none

    try:
        status = requests.get(f"https://{host}/.well-known/terraform.json", timeout=seconds).status_code
    except requests.RequestException as error:
        found, fix = f"{host} cannot be reached ({type(error).__name__})", "name a mirror: --provider-mirror DIR, or "
        return Finding("provider", "bad", found, f"{fix}a network_mirror in the file of TF_CLI_CONFIG_FILE")
    if status == HTTPStatus.OK:
        return Finding("provider", "ok", f"{host} answers")
    return Finding("provider", "bad", f"{host} answers {status}", "look at the proxy, or name a mirror")


def google(situation: Situation) -> Finding:
    """Check the credentials: which kind, whose, and whether Google takes them."""
    current = situation.settings
    if situation.sandbox and current.sandbox is None:
        return Finding("google", "skipped", _SANDBOX)
    from provisioner.cloud.session import open_session  # noqa: PLC0415 - the other checks need no Google client

    file = None if current.google_token else current.clients.get("GOOGLE_APPLICATION_CREDENTIALS")
    session = open_session(current.google_token, file, current.clients.get("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"))
    try:
        kind, who = type(session.credentials).__module__.rpartition(".")[2].replace("_", " "), _who(session)
        found = f"{'access token' if current.google_token else kind} of {who}"
        return _seen(situation, session, found)
    finally:
        session.close()


def _who(session: Any) -> str:  # noqa: ANN401 - a Session, imported lazily
    """Return the address that the credentials name, or that Google knows; raises NotAuthenticated."""
    credentials = session.refreshed()
    for name in ("service_account_email", "account"):
        address = getattr(credentials, name, None)
        if isinstance(address, str) and "@" in address:
            return address
    answer = session.get(_USERINFO)
    return str(answer.document.get("email") or "somebody whose address Google does not tell")


def _seen(situation: Situation, session: Any, found: str) -> Finding:  # noqa: ANN401 - likewise
    platform = situation.platform()
    if platform is None:
        return Finding("google", "ok", found)
    project = platform.state.project
    answer = session.get(f"{_PROJECTS}/{project}")
    if answer.ok:
        return Finding("google", "ok", f"{found}, who sees project {project}")
    fix = f"ask for a role on project {project}, or log in as somebody who has one"
    return Finding("google", "bad", f"{found}, who cannot see project {project}: {answer.message}", fix)


def github(situation: Situation) -> Finding:
    """Check the token: which kind, whether GitHub takes it, and what it lacks as far as reading tells."""
    current = situation.settings
    if situation.sandbox and current.sandbox is None:
        return Finding("github", "skipped", _SANDBOX)
    if current.github_app is not None:
        current.github_app.pem()
        return Finding("github", "ok", f"App {current.github_app.app_id}, with its private key")
    if current.github_token is None:
        fix = "put an installation token of the provision-env App into GITHUB_TOKEN, or try it with --sandbox"
        return Finding("github", "bad", "there is no GitHub token", fix)
    platform = situation.platform()
    if platform and platform.github.api_url != current.github_api:
        # The file is whatever lies in this folder: who looks around in a stranger's must not hand over a token.
        named = platform.github.api_url
        fix = f"if that is your GitHub, say so: GITHUB_API_URL={named}"
        return Finding("github", "warning", f"the token was not sent to {named}, which only platform.yaml names", fix)
    return _asked(current, situation)


def _asked(current: Settings, situation: Situation) -> Finding:
    import requests  # noqa: PLC0415 - the other checks need none

    from provisioner.repository.tokens import Token, lacking_scopes  # noqa: PLC0415 - likewise

    token, platform = Token(str(current.github_token)), situation.platform()
    api = current.github_api
    path = f"/users/{platform.github.owner}" if platform else "/rate_limit"
    headers = {"Authorization": f"Bearer {token.secret}", "Accept": "application/vnd.github+json"}
    try:
        answer = requests.get(f"{api}{path}", headers=headers, timeout=situation.patience)
    except requests.RequestException as error:
        fix = "look at the network and the proxy"
        return Finding("github", "bad", f"{api} cannot be reached ({type(error).__name__})", fix)
    kind = f"{token.kind} token" if token.kind != "unknown" else "token of an unknown kind"
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return Finding("github", "bad", f"GitHub refuses the {kind}", "get a fresh one: it is wrong or has expired")
    if answer.status_code == HTTPStatus.NOT_FOUND and platform:
        fix = "write the login of your organisation into platform.yaml: github.owner"
        return Finding("github", "bad", f"{kind}; GitHub knows no '{platform.github.owner}'", fix)
    missing = lacking_scopes(answer.headers.get("X-OAuth-Scopes", "")) if token.kind == "classic" else []
    if missing:
        fix = "give it the scopes; better, use a GitHub App"
        return Finding("github", "bad", f"{kind}, which lacks {', '.join(missing)}", fix)
    return Finding("github", "ok", f"{kind}, accepted by {api}")


def clock(situation: Situation) -> Finding:
    """Compare this machine's clock with that of Google or GitHub: tokens of the future are refused."""
    if situation.sandbox or situation.settings.sandbox is not None:
        return Finding("clock", "skipped", "the sandbox has a clock of its own")
    for url in ("https://www.googleapis.com/generate_204", situation.settings.github_api):
        off = seconds_off(url, situation.patience / 2)
        if off is not None:
            return compared(off)
    raise ProvisionError("neither Google nor GitHub answers", fix="look at the network and the proxy")


def seconds_off(url: str, patience: float) -> float | None:
    """Return how far this machine's clock is ahead of a server's; None where it does not answer or tells no time."""
    import requests  # noqa: PLC0415 - the other checks need none

    try:
        answer = requests.head(url, timeout=patience)
        return time.time() - parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (requests.RequestException, KeyError, ValueError):
        return None


def compared(off: float) -> Finding:
    """Judge a difference in seconds."""
    found = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} Google's and GitHub's"
    if abs(off) > _TOO_MUCH_SKEW:
        return Finding("clock", "bad", found, "set the clock: tokens are refused when it is minutes off")
    return Finding("clock", "warning", found, "set the clock") if abs(off) > _SKEW else Finding("clock", "ok", "right")
