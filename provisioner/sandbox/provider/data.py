"""Data sources: what a root may look up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.sandbox.provider import labels, mapping
from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.fields import Field, as_data, object_type, parse
from provisioner.sandbox.provider.resource import Resource, State
from provisioner.sandbox.provider.values import Type

Read = Callable[[Configuration, State], State]
_ID: Final = {"id": "?"}


@dataclass(frozen=True)
class DataSource:
    """One data source: its table and the function that reads it."""

    name: str
    fields: tuple[Field, ...]
    read: Read

    @property
    def type(self) -> Type:
        """Return Terraform's type of its state."""
        return object_type(self.fields)


def data_sources(resources: Mapping[str, Resource]) -> tuple[DataSource, ...]:
    """Return all data sources; two share the table of their resource."""
    repository = resources["google_artifact_registry_repository"]
    project = resources["google_project"]
    return (
        DataSource("google_client_config", parse(_CLIENT_CONFIG), client_config),
        DataSource("google_service_account", parse(_ACCOUNT), _service_account),
        DataSource("google_storage_project_service_account", parse(_STORAGE_ACCOUNT), _storage_account),
        DataSource(
            "google_project",
            as_data(project.fields, {**_ID, "project_id": ""}),
            lambda configuration, config: _project(project, configuration, config),
        ),
        DataSource(
            "google_artifact_registry_repository",
            as_data(repository.fields, {**_ID, "location": "!", "project": "", "repository_id": "!"}),
            lambda configuration, config: _found(repository, configuration, config),
        ),
    )


_CLIENT_CONFIG: Final = """
access_token   str* sensitive
default_labels map*
id             str*
project        str*
region         str*
zone           str*
"""
_ACCOUNT: Final = """
account_id     str!
disabled       bool*
display_name   str*
email          str*
id             str?
member         str*
name           str*
project        str
unique_id      str*
"""
_STORAGE_ACCOUNT: Final = """
email_address  str*
id             str?
member         str*
project        str?
user_project   str
"""


def client_config(configuration: Configuration, config: State) -> State:
    """Return what the provider block says, token included."""
    del config  # it has no arguments
    name = f"projects/{configuration.project}/regions/{configuration.region}/zones/{configuration.zone}"
    return {
        "id": name,
        "access_token": configuration.client.token,
        "default_labels": dict(configuration.default_labels),
        "project": configuration.project,
        "region": configuration.region,
        "zone": configuration.zone,
    }


def _service_account(configuration: Configuration, config: State) -> State:
    project = _project_id(configuration, config)
    account = str(config["account_id"])
    email = account.rsplit("/", 1)[-1] if "@" in account else f"{account}@{project}.iam.gserviceaccount.com"
    path = f"iam.googleapis.com/v1/projects/{'-' if '@' in account else project}/serviceAccounts/{email}"
    document = _get(configuration, path, ("account_id",))
    fields = tuple(part for part in parse(_ACCOUNT) if part.name not in {"account_id", "project", "id"})
    return {
        **mapping.from_api(fields, document, {}),
        "id": document["name"],
        "account_id": account,
        "project": config.get("project"),
        "member": f"serviceAccount:{document['email']}",
    }


def _storage_account(configuration: Configuration, config: State) -> State:
    project = _project_id(configuration, config)
    document = _get(configuration, f"storage.googleapis.com/storage/v1/projects/{project}/serviceAccount", ("project",))
    email = document["email_address"]
    return {**config, "id": email, "project": project, "email_address": email, "member": f"serviceAccount:{email}"}


def _project(resource: Resource, configuration: Configuration, config: State) -> State:
    name = config.get("project_id") or configuration.project
    if not name:
        raise ProviderError("no project value set: give project_id", path=("project_id",))
    state: State = {part.name: None for part in resource.fields}
    found = resource.read(configuration, {**state, "id": f"projects/{name}", "project_id": name})
    if found is None:
        raise ProviderError(f"projects/{name} not found", path=("project_id",))
    return _all_labels(found)


def _found(resource: Resource, configuration: Configuration, config: State) -> State:
    given = {key: value for key, value in config.items() if value}
    state = resource.complete(configuration, {**dict.fromkeys(resource.names), **given})
    state["id"] = resource.spec.own.format_map(state)
    found = resource.read(configuration, state)
    if found is None:
        raise ProviderError(f"{state['id']} not found", path=("repository_id",))
    return {**_all_labels(found), "project": config.get("project")}


def _all_labels(state: State) -> State:
    whole = state.get("effective_labels") or {}
    managed = {key: value for key, value in whole.items() if key != labels.ATTRIBUTION}
    return {**state, "labels": managed, "terraform_labels": whole}


def _project_id(configuration: Configuration, config: State) -> str:
    project = config.get("project") or configuration.project
    if not project:
        raise ProviderError("project: required field is not set", path=("project",))
    return str(project)


def _get(configuration: Configuration, url: str, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON
    try:
        return configuration.client.call("GET", url, legacy=True)
    except GoogleError as error:
        raise ProviderError(f"Error reading {url}: {error.summary}", path=path) from error
