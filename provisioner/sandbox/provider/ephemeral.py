"""Ephemeral resources: values that live for one run and are stored nowhere."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.data import client_config
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.fields import Field, object_type, parse
from provisioner.sandbox.provider.resource import Json, State
from provisioner.sandbox.provider.values import Type

_CREDENTIALS: Final = "iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
_SECRETS: Final = "secretmanager.googleapis.com/v1"


@dataclass(frozen=True)
class Ephemeral:
    """One ephemeral resource: its table and the function that opens it."""

    name: str
    fields: tuple[Field, ...]
    open: Callable[[Configuration, State], State]

    @property
    def type(self) -> Type:
        """Return Terraform's type of its result."""
        return object_type(self.fields)


def ephemeral_resources() -> tuple[Ephemeral, ...]:
    """Return all ephemeral resources."""
    return (
        Ephemeral("google_client_config", parse(_CLIENT_CONFIG), client_config),
        Ephemeral("google_service_account_access_token", parse(_FOR_ACCESS), _access_token),
        Ephemeral("google_service_account_id_token", parse(_FOR_IDENTITY), _id_token),
        Ephemeral("google_service_account_jwt", parse(_JWT), _jwt),
        Ephemeral("google_secret_manager_secret_version", parse(_VERSION), _secret_version),
    )


_CLIENT_CONFIG: Final = """
access_token   str* sensitive
default_labels map*
id             str*
project        str*
region         str*
zone           str*
"""
_FOR_ACCESS: Final = """
access_token           str* sensitive
delegates              set
lifetime               str?
scopes                 set!
target_service_account str!
"""
_FOR_IDENTITY: Final = """
delegates              set
id_token               str* sensitive
include_email          bool?
target_audience        str!
target_service_account str
"""
_JWT: Final = """
delegates              set
expires_in             int
jwt                    str* sensitive
payload                str!
target_service_account str!
"""
_VERSION: Final = """
create_time            str*
destroy_time           str*
enabled                bool*
id                     str*
is_secret_data_base64  bool
name                   str*
project                str?
secret                 str!
secret_data            str* sensitive
version                str?
"""


def _access_token(configuration: Configuration, config: State) -> State:
    body = {
        "delegates": _delegates(config),
        "lifetime": config.get("lifetime") or "3600s",
        "scope": sorted(config["scopes"]),
    }
    answer = _sign(configuration, config, "generateAccessToken", body)
    return {**config, "lifetime": body["lifetime"], "access_token": answer["accessToken"]}


def _id_token(configuration: Configuration, config: State) -> State:
    if not config.get("target_service_account"):
        text = "the sandbox's own token is no service account; name a target_service_account"
        raise ProviderError(text, path=("target_service_account",))
    email = bool(config.get("include_email"))
    body = {"delegates": _delegates(config), "audience": config["target_audience"], "includeEmail": email}
    answer = _sign(configuration, config, "generateIdToken", body)
    return {**config, "include_email": email, "id_token": answer["token"]}


def _jwt(configuration: Configuration, config: State) -> State:
    payload = json.loads(config["payload"])
    if config.get("expires_in"):
        payload["exp"] = int(time.time()) + int(config["expires_in"])
    body = {"delegates": _delegates(config), "payload": json.dumps(payload)}
    return {**config, "jwt": _sign(configuration, config, "signJwt", body)["signedJwt"]}


def _secret_version(configuration: Configuration, config: State) -> State:
    secret, version = str(config["secret"]), config.get("version") or "latest"
    project = config.get("project") or configuration.project
    parent = secret if secret.startswith("projects/") else f"projects/{project}/secrets/{secret}"
    try:
        document = configuration.client.call("GET", f"{_SECRETS}/{parent}/versions/{version}")
        answer = configuration.client.call("GET", f"{_SECRETS}/{document['name']}:access")
    except GoogleError as error:
        raise ProviderError(f"Error reading secret version: {error.summary}", path=("secret",)) from error
    data = answer["payload"]["data"]
    return {
        **config,
        "id": document["name"],
        "name": document["name"],
        "project": parent.split("/")[1],
        "version": document["name"].rsplit("/", 1)[-1],
        "create_time": document.get("createTime"),
        "destroy_time": document.get("destroyTime"),
        "enabled": document.get("state") == "ENABLED",
        "secret_data": data if config.get("is_secret_data_base64") else base64.b64decode(data).decode(),
    }


def _sign(configuration: Configuration, config: State, verb: str, body: Json) -> Json:
    account = str(config["target_service_account"])
    try:
        return configuration.client.call("POST", f"{_CREDENTIALS}/{account}:{verb}", body=body)
    except GoogleError as error:
        raise ProviderError(f"Error calling {verb}: {error.summary}", path=("target_service_account",)) from error


def _delegates(config: State) -> list[str]:
    return [f"projects/-/serviceAccounts/{name}" for name in config.get("delegates") or []]
