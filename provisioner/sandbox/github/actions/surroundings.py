"""The environment that leads a job's clients into the sandbox, without anybody's credentials."""

from __future__ import annotations

import ssl
from pathlib import Path

from provisioner.sandbox.clients import client_environment
from provisioner.sandbox.state import StateFolder

# What the operator's own shell has and a job must not: whatever a job may do, it may through its own tokens.
_OPERATORS = frozenset(
    (
        *("GOOGLE_OAUTH_ACCESS_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"),
        *("TF_REATTACH_PROVIDERS", "PROVISION_ENV_SANDBOX", "CLOUDSDK_CONFIG"),
    )
)
_BUNDLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
)


def surroundings(state: Path, folder: Path) -> dict[str, str]:
    """Return the variables; files they name are written into ``folder``.

    Certificates of this machine are trusted besides the sandbox's own: hosts that a person let through (a package
    registry) are reached through the same proxy.
    """
    kept = StateFolder(state)
    facts = kept.read_facts()
    proxy = f"http://127.0.0.1:{facts.proxy_port if facts else 0}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    nobody = {"googleToken": "", "github": {"installation": "", "user": ""}, "providerReattach": ""}
    found = client_environment(folder, proxy, kept.certificate, nobody)
    bundle = folder / "certificates.pem"
    own = kept.certificate.read_text(encoding="ascii") if kept.certificate.exists() else ""
    bundle.write_text(own + _machine(), encoding="ascii")
    found |= {name: str(bundle) for name in (*_BUNDLES, "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE")}
    return {name: value for name, value in found.items() if name not in _OPERATORS}


def _machine() -> str:
    places = ssl.get_default_verify_paths()
    for name in (places.cafile, places.openssl_cafile):
        if name and Path(name).is_file():
            return Path(name).read_text(encoding="ascii", errors="ignore")
    return ""
