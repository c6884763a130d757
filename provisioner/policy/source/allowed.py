"""What source may name: providers, data sources, modules, files. Shared by the source scan and the plan rules."""

from __future__ import annotations

import re

GOOGLE = frozenset({"hashicorp/google", "hashicorp/google-beta"})
_REGISTRIES = ("registry.terraform.io/", "registry.opentofu.org/")
BUILT_IN = "terraform.io/builtin/terraform"

_PINNED = re.compile(
    r"git::(?P<url>(https|ssh)://[A-Za-z0-9._@:/~-]+?)(//(?P<folder>[A-Za-z0-9._/-]+))?\?ref=(?P<ref>[0-9a-f]{40})"
)
_NOT_DATA = {
    "google_client_config": "data.google_client_config writes the caller's access token into plan and state",
    "google_service_account_access_token": "writes another account's access token into plan and state",
    "google_service_account_id_token": "writes an identity token into plan and state",
    "google_service_account_jwt": "writes a signed token into plan and state",
    "google_service_account_key": "reads a service-account key",
    "terraform_remote_state": "reads the whole state of another root",
}


def provider_problem(source: str) -> str:
    """Say why a provider (``hashicorp/google`` or with its registry in front) may not run; empty when it may."""
    name = source.lower()
    for registry in _REGISTRIES:
        name = name.removeprefix(registry)
    return "" if name in GOOGLE or name == BUILT_IN else f"the provider {source} would run as a program here"


def data_problem(kind: str) -> str:
    """Say why a data source may not be read; empty when it may."""
    if kind in _NOT_DATA:
        return _NOT_DATA[kind]
    return "" if kind.startswith("google_") else f"the data source {kind} reads from outside Google Cloud"


def is_local(source: str) -> bool:
    """Whether a module source is a relative path (Terraform wants ``./`` or ``../`` in front)."""
    return source.startswith(("./", "../"))


def module_problem(source: str | None) -> str:
    """Say why a module source is neither local nor pinned; where a local one leads is for the caller to check."""
    if source is None:
        return "the module's source is not a plain text"
    if is_local(source) or _PINNED.fullmatch(source):
        return ""
    return f"the module {source} is neither a local folder nor a git repository pinned by commit (?ref=<40 digits>)"


def path_problem(path: str) -> str:
    """Say why a path read by a function may leave the module's folder; empty when it stays inside."""
    inside = re.sub(r"^\$\{\s*path\.(module|root)\s*\}/", "", path)
    if "${" in inside or "%{" in inside or "\\" in inside:
        return f'"{path}" is put together from values, so nobody can say which file it is'
    if inside.startswith(("/", "~")) or ".." in inside.split("/"):
        return f'"{path}" lies outside the module\'s folder'
    return ""
