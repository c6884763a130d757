"""The provider block: what a configured provider knows, kept per connection.

One Terraform process runs each of its provider configurations over a connection of its own, so the peer's address is
the key. Ports are used again, so a new ConfigureProvider replaces what an older process left.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from provisioner.sandbox.provider.client import Client, Pace, Transport
from provisioner.sandbox.provider.endpoints import ENDPOINTS
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.fields import Field, object_type, parse
from provisioner.sandbox.provider.suppress import seconds
from provisioner.sandbox.provider.values import UNKNOWN, Type, without_unknown

_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_PEERS: Final = 1024

_TABLE: Final = """
access_token                          str
add_terraform_attribution_label       bool
billing_project                       str
credentials                           str
default_labels                        map
deletion_policy                       str
impersonate_service_account           str
impersonate_service_account_delegates list
poll_interval                         str
prefer_global_endpoints               bool
prefer_regional_endpoints             bool
project                               str
region                                str
request_reason                        str
request_timeout                       str
scopes                                list
terraform_attribution_label_addition_strategy str
universe_domain                       str
user_project_override                 bool
zone                                  str
batching                              blocks
  enable_batching                     bool
  send_after                          str
external_credentials                  blocks
  audience                            str!
  identity_token                      str!
  service_account_email               str!
"""


@dataclass(frozen=True)
class Configuration:
    """One provider block, resolved. ``send_after`` and the client's times are real-world seconds."""

    client: Client
    project: str | None = None
    region: str | None = None
    zone: str | None = None
    default_labels: Mapping[str, str] = field(default_factory=dict)
    attribution: bool = True
    attribute_existing: bool = False
    deletion_policy: str = "DELETE"
    batching: bool = True
    send_after: float = 3.0
    peer: str = ""


@cache
def provider_fields() -> tuple[Field, ...]:
    """Return the table of the provider block, custom endpoints included."""
    endpoints = "\n".join(f"{name}_custom_endpoint str" for name in ENDPOINTS)
    return parse(f"{_TABLE}\n{endpoints}")


def provider_type() -> Type:
    """Return Terraform's type of the provider block."""
    return object_type(provider_fields())


def problems(config: Mapping[str, Any]) -> list[ProviderError]:
    """Return what is wrong with a provider block; unknown values are not judged."""
    config = {name: None if value is UNKNOWN else value for name, value in config.items()}
    found = [_refuse(name, why) for name, why in _REFUSED.items() if config.get(name)]
    found += [problem for name in ENDPOINTS if (problem := _endpoint_problem(name, config)) is not None]
    found += [problem for name in _DURATIONS if (problem := _duration_problem(name, config)) is not None]
    return found


def configure(config: Mapping[str, Any], transport: Transport, default_token: str, pace: Pace) -> Configuration:
    """Resolve a provider block. Raises ProviderError, and GoogleError when impersonation is refused."""
    for problem in problems(config):
        raise problem
    config = without_unknown(dict(config))
    client = Client(
        transport=transport,
        token=config.get("access_token") or default_token,
        pace=pace,
        project_header=_billed_project(config),
        reason=config.get("request_reason"),
        poll_interval=_seconds(config.get("poll_interval"), 10.0),
        request_timeout=_seconds(config.get("request_timeout"), 120.0),
    )
    if not client.token:
        raise ProviderError(
            "No credentials loaded.", "Set access_token or GOOGLE_OAUTH_ACCESS_TOKEN.", ("access_token",)
        )
    if account := config.get("impersonate_service_account"):
        client = replace(client, token=_impersonate(client, account, config))
    _who_am_i(client)
    return _resolved(config, client)


class Configurations:
    """The configurations of all connected Terraform processes, bounded: the one configured first goes first."""

    def __init__(self, limit: int = _PEERS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Configuration] = OrderedDict()

    def put(self, peer: str, configuration: Configuration) -> None:
        """Keep a configuration for a peer, in place of an older one."""
        with self._lock:
            self._known.pop(peer, None)
            self._known[peer] = replace(configuration, peer=peer)
            while len(self._known) > self._limit:
                self._known.popitem(last=False)

    def forget(self, peer: str) -> None:
        """Drop what an earlier process on the same port left."""
        with self._lock:
            self._known.pop(peer, None)

    def get(self, peer: str) -> Configuration:
        """Return the peer's configuration. Raises ProviderError: never another process's."""
        with self._lock:
            found = self._known.get(peer)
        if found is None:
            raise ProviderError(
                "The provider is not configured on this connection",
                "Terraform sent a request before ConfigureProvider, or the sandbox's server was restarted in between. "
                "Run the command again.",
            )
        return found


def _resolved(config: Mapping[str, Any], client: Client) -> Configuration:
    batching = (config.get("batching") or [{}])[0] or {}
    add_label = config.get("add_terraform_attribution_label")
    return Configuration(
        client=client,
        project=config.get("project") or None,
        region=_last(config.get("region")),
        zone=_last(config.get("zone")),
        default_labels=dict(config.get("default_labels") or {}),
        attribution=True if add_label is None else bool(add_label),
        attribute_existing=config.get("terraform_attribution_label_addition_strategy") == "PROACTIVE",
        deletion_policy=config.get("deletion_policy") or "DELETE",
        # A batching block without enable_batching = true switches batching off, as in the real provider.
        batching=bool(batching.get("enable_batching")) if config.get("batching") else True,
        send_after=_seconds(batching.get("send_after"), 3.0),
    )


def _impersonate(client: Client, account: str, config: Mapping[str, Any]) -> str:
    url = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
    delegates = [
        f"projects/-/serviceAccounts/{name}" for name in config.get("impersonate_service_account_delegates") or []
    ]
    body = {"delegates": delegates, "scope": config.get("scopes") or [_SCOPE]}
    return str(client.call("POST", url, body=body)["accessToken"])


def _who_am_i(client: Client) -> None:
    try:
        client.call("GET", "openidconnect.googleapis.com/v1/userinfo")
    except GoogleError:
        return  # the real provider only logs it; the calls that follow say what is wrong


def _billed_project(config: Mapping[str, Any]) -> str | None:
    if not config.get("user_project_override"):
        return None
    return config.get("billing_project") or config.get("project")


def _seconds(text: str | None, default: float) -> float:
    if not text:
        return default
    return float(text[:-2]) / 1000 if text.endswith("ms") else (seconds(text) or default)


def _last(text: str | None) -> str | None:
    return text.rsplit("/", 1)[-1] if text else None


def _refuse(name: str, why: str) -> ProviderError:
    return ProviderError(f"{name} is not supported in the sandbox", why, (name,))


def _endpoint_problem(name: str, config: Mapping[str, Any]) -> ProviderError | None:
    attribute = f"{name}_custom_endpoint"
    host = urlsplit(config.get(attribute) or "").hostname
    if not config.get(attribute) or (host or "").endswith(".googleapis.com"):
        return None
    return ProviderError(
        f"{attribute} leads out of the sandbox",
        "The sandbox answers under Google's own host names; remove the custom endpoint.",
        (attribute,),
    )


def _duration_problem(name: str, config: Mapping[str, Any]) -> ProviderError | None:
    text = config.get(name)
    if not text or seconds(text) is not None or (text.endswith("ms") and text[:-2].isdigit()):
        return None
    return ProviderError(
        f"{name}: time: invalid duration {text!r}", "Use a number and a unit, as in 500ms or 10s.", (name,)
    )


_DURATIONS: Final = ("poll_interval", "request_timeout")
_REFUSED: Final = {
    "credentials": "A service account key opens nothing here. Leave it out: the sandbox gives Terraform its own token.",
    "external_credentials": "Leave it out: the sandbox gives Terraform its own token.",
}
