"""The environment that leads unmodified clients into a sandbox: Terraform, git, gcloud, Python, Node, curl."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provisioner.sandbox.state import write_private

_TERRAFORM_CONFIG = """# Written by the sandbox: nothing is fetched. A provider neither attached nor here fails at once.
disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path    = MIRROR
    include = ["*/*/*"]
  }
}
"""
_GIT_HELPER = """!f() { test "$1" = get && printf 'username=x-access-token\\npassword=%s\\n' "$GITHUB_TOKEN"; }; f"""
_LOOPBACK_NAMES = "127.0.0.1,localhost,::1"


def client_environment(
    state: Path, proxy_url: str, ca_file: Path, answer: Mapping[str, Any], mirror: Path | None = None
) -> dict[str, str]:
    """Return the variables; files they name are written into ``state``.

    ``mirror`` is a folder of Terraform's filesystem_mirror layout: providers are installed from there and the stand-in
    is not attached. Two choices have two files, so that shells with either may be open at once.

    ``answer`` is what the control interface hands out: ``googleToken``, ``github`` (token by kind),
    ``providerReattach``. Certificates of the machine are left out on purpose: nothing else is to be trusted.
    """
    folder = state / "client"
    for path in (folder, folder / "no-certificates", folder / "no-providers", folder / "gcloud"):
        path.mkdir(mode=0o700, exist_ok=True)
    write_private(folder / "google-token", answer["googleToken"])
    return {
        **_proxy(proxy_url),
        **_certificates(ca_file, folder / "no-certificates"),
        **_gcloud(proxy_url, ca_file, folder),
        "GOOGLE_OAUTH_ACCESS_TOKEN": answer["googleToken"],
        "NO_GCE_CHECK": "true",
        **_node(),
        "GITHUB_TOKEN": answer["github"]["installation"],
        "GH_TOKEN": answer["github"]["user"],  # gh is a person's tool, and prefers this one
        "PROVISION_ENV_GITHUB_APP_ID": "",  # an App of the real GitHub has no business here
        **_git(),
        **_terraform(folder, mirror, answer["providerReattach"]),
        "PROVISION_ENV_SANDBOX": str(state),
    }


def _terraform(folder: Path, mirror: Path | None, reattach: str) -> dict[str, str]:
    name = f"mirror-{hashlib.sha256(str(mirror).encode()).hexdigest()[:12]}.rc" if mirror else "terraform.rc"
    source = json.dumps(str(mirror or folder / "no-providers"))
    write_private(folder / name, _TERRAFORM_CONFIG.replace("MIRROR", source))
    # Empty is as good as absent to Terraform, and takes an outer shell's value away.
    return {"TF_REATTACH_PROVIDERS": "" if mirror else reattach, "TF_CLI_CONFIG_FILE": str(folder / name)}


def _git() -> dict[str, str]:
    """Have git take the token from GITHUB_TOKEN when it is asked who it is, and ask no helper of the machine first."""
    entries = (("helper", ""), ("helper", _GIT_HELPER))
    pairs = {f"GIT_CONFIG_KEY_{n}": f"credential.https://github.com.{key}" for n, (key, _) in enumerate(entries)}
    values = {f"GIT_CONFIG_VALUE_{n}": value for n, (_, value) in enumerate(entries)}
    return {"GIT_CONFIG_COUNT": str(len(entries)), **pairs, **values, "GIT_TERMINAL_PROMPT": "0"}


def _proxy(url: str) -> dict[str, str]:
    names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
    return dict.fromkeys(names, url) | dict.fromkeys(("NO_PROXY", "no_proxy"), _LOOPBACK_NAMES)


def _certificates(ca_file: Path, empty: Path) -> dict[str, str]:
    names = (
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "GIT_SSL_CAINFO",
        "NODE_EXTRA_CA_CERTS",
        "HTTPLIB2_CA_CERTS",
        "PIP_CERT",
    )
    return dict.fromkeys(names, str(ca_file)) | {"SSL_CERT_DIR": str(empty), "GIT_SSL_CAPATH": str(empty)}


def _node() -> dict[str, str]:
    """Have Node's fetch and https use the proxy: newer ones by a switch of their own, older ones by what is loaded."""
    program = Path(__file__).with_name("node_proxy.cjs")
    return {"NODE_USE_ENV_PROXY": "1", "NODE_OPTIONS": f"--require={json.dumps(str(program))}"}


def _gcloud(proxy_url: str, ca_file: Path, folder: Path) -> dict[str, str]:
    address, _, port = proxy_url.removeprefix("http://").rpartition(":")
    return {
        "CLOUDSDK_CONFIG": str(folder / "gcloud"),
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": str(ca_file),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(folder / "google-token"),
        "CLOUDSDK_PROXY_TYPE": "http",
        "CLOUDSDK_PROXY_ADDRESS": address,
        "CLOUDSDK_PROXY_PORT": port,
    }
