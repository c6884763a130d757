"""Secrets and their versions (secretmanager v1)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State
from provisioner.sandbox.provider.resources.run import Protected
from provisioner.sandbox.provider.resources.spending import with_project
from provisioner.sandbox.provider.values import Value

_BASE: Final = "secretmanager.googleapis.com/v1"
_OWN: Final = "projects/{project}/secrets/{secret_id}"
_KEY: Final = """
{indent}customer_managed_encryption one
{indent}  kms_key_name       str!"""

SECRET: Final = Spec(
    name="google_secret_manager_secret",
    title="Secret",
    base=_BASE,
    parent="projects/{project}/secrets",
    own=_OWN,
    query={"secretId": "{secret_id}"},
    imports=(_OWN, "{project}/{secret_id}", "{secret_id}"),
    table=f"""
@annotations
create_time            str*
@policy
deletion_protection    bool default=false virtual
expire_time            str?
@labels
name                   str*
@project
replication            one!^
  auto                 one^ choice=kind api=automatic empty
{_KEY.format(indent="    ")}
  user_managed         one^ choice=kind
    replicas           blocks!^ min=1
{_KEY.format(indent="      ")}
      location         str!^
rotation               one  with=topics
  next_rotation_time   str  with=rotation_period
  rotation_period      str
secret_id              str!^ virtual
@tags
topics                 blocks
  name                 str!
ttl                    str  keep
version_aliases        map
version_destroy_ttl    str
""",
)

VERSION: Final = Spec(
    name="google_secret_manager_secret_version",
    title="SecretVersion",
    base=_BASE,
    own="{name}",
    imports=("{name+}",),
    version=1,
    defaults_project=False,
    update="POST",
    table="""
create_time            str*
@policy
destroy_time           str*
enabled                bool default=true virtual
is_secret_data_base64  bool^ virtual
name                   str*
project                str?^ virtual
secret                 str!^ virtual same=name
secret_data            str^ sensitive virtual choice=data
secret_data_wo         str  writeonly virtual choice=data with=secret_data_wo_version
secret_data_wo_version str^ virtual with=secret_data_wo
version                str* api=name as=name
""",
)


class SecretVersion(Resource):
    """One version: added to its secret, then enabled or disabled, destroyed in the end."""

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Add the version."""
        data = state.get("secret_data_wo") or state.get("secret_data") or ""
        encoded = data if state.get("is_secret_data_base64") else base64.b64encode(data.encode()).decode()
        try:
            url = f"{_BASE}/{self._secret(state)}:addVersion"
            return self.call(configuration, "POST", url, body={"payload": {"data": encoded}})
        except GoogleError as error:
            raise self.explained("Error creating {title}: {error}", state, error) from error

    def after_create(self, configuration: Configuration, state: State) -> None:
        """Enable or disable the new version."""
        self._switch(configuration, state)

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Only enabling and disabling reaches the API."""
        state = {**planned, "id": prior["id"], "name": prior["name"]}
        if prior.get("enabled") != planned.get("enabled"):
            self._switch(configuration, state)
        return self.read(configuration, state) or prior

    def read(self, configuration: Configuration, state: State) -> State | None:
        """Read the version, and its data unless Terraform must not store it."""
        found = super().read(configuration, state)
        if found is not None and found["enabled"] and not state.get("secret_data_wo_version"):
            answer = self.call(configuration, "GET", f"{self.url(found)}:access")
            data = answer["payload"]["data"]
            found["secret_data"] = data if found.get("is_secret_data_base64") else base64.b64decode(data).decode()
        return found

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Fill in whether it is enabled, and the secret of an imported version."""
        found = super().from_document(configuration, document, state)
        found["enabled"] = document.get("state") == "ENABLED"
        return found

    def is_deleted(self, document: Json) -> bool:
        """Tell whether the version is destroyed."""
        return bool(document.get("state") == "DESTROYED")

    def send_delete(self, configuration: Configuration, state: State) -> Json:
        """Destroy the version, or only disable it."""
        step = "disable" if state.get("deletion_policy") == "DISABLE" else "destroy"
        return self.call(configuration, "POST", f"{self.url(state)}:{step}")

    def keeps_object(self, configuration: Configuration, state: State) -> bool:
        """Know the policy DISABLE besides the general ones."""
        return state.get("deletion_policy") != "DISABLE" and super().keeps_object(configuration, state)

    def import_state(self, configuration: Configuration, given: str) -> State:
        """Read ``projects/P/secrets/S/versions/V``."""
        if "/versions/" not in given:
            raise ProviderError(f'Import id "{given}" is not projects/*/secrets/*/versions/*', path=("id",))
        state = with_project(super().import_state(configuration, given))
        return {**state, "secret": given.rsplit("/versions/", 1)[0], "enabled": True}

    def complete(self, configuration: Configuration, state: Mapping[str, Value]) -> State:
        """Take the project from the secret's full name."""
        secret = str(state.get("secret"))
        if secret.startswith("projects/") and not isinstance(state.get("project"), str):
            state = {**state, "project": secret.split("/")[1]}
        return super().complete(configuration, state)

    def _secret(self, state: State) -> str:
        secret = str(state["secret"])
        return secret if "/" in secret else f"projects/{state['project']}/secrets/{secret}"

    def _switch(self, configuration: Configuration, state: State) -> None:
        step = "enable" if state.get("enabled") else "disable"
        self.call(configuration, "POST", f"{_BASE}/{state['name']}:{step}")


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return Protected(SECRET), SecretVersion(VERSION)
