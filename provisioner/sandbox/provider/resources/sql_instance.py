"""Cloud SQL instances (sqladmin v1beta4)."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.plan import Path
from provisioner.sandbox.provider.resource import Json, Spec, State
from provisioner.sandbox.provider.resources.sql import BASE, SqlResource, finish
from provisioner.sandbox.provider.resources.sql_tables import INSTANCE_TABLE
from provisioner.sandbox.provider.values import UNKNOWN

_OWN: Final = "projects/{project}/instances/{name}"
_WITH_RECOVERY: Final = ("POSTGRES", "SQLSERVER")
_ADDRESSES: Final = {"public_ip_address": "PRIMARY", "private_ip_address": "PRIVATE"}

INSTANCE: Final = Spec(
    name="google_sql_database_instance",
    title="SQL Database Instance",
    base=BASE,
    parent="projects/{project}/instances",
    own=_OWN,
    update="PUT",
    mask=False,
    imports=(_OWN, "{project}/{name}", "{name}"),
    legacy=True,
    table=INSTANCE_TABLE,
)


class Instance(SqlResource):
    """An instance: named by the provider when nobody does, changed under the version of its settings."""

    def validate(self, config: State) -> list[ProviderError]:
        """Refuse recovery to a point in time where the engine has another switch for it."""
        found = super().validate(config)
        backup = _inside(_inside(config, "settings"), "backup_configuration")
        version = config.get("database_version")
        named = isinstance(version, str) and not version.startswith(_WITH_RECOVERY)
        if named and backup.get("point_in_time_recovery_enabled") is True:
            text = (
                "point_in_time_recovery_enabled is only available for the following [POSTGRES SQLSERVER]. "
                "You may want to consider using binary_log_enabled instead"
            )
            found.append(ProviderError(text, path=("settings", 0, "backup_configuration", 0)))
        return found

    def plan(self, configuration: Configuration, prior: State | None, config: State) -> tuple[State, list[Path]]:
        """Replace the instance where the API cannot go back: a smaller disk, another master, no private network."""
        planned, paths = super().plan(configuration, prior, config)
        if prior is None or planned.get("settings") is UNKNOWN:
            return planned, paths
        before, after = _inside(prior, "settings"), _inside(planned, "settings")
        if _shrinks(before.get("disk_size"), after.get("disk_size")):
            paths.append(("settings", 0, "disk_size"))
        if not prior.get("master_instance_name") and isinstance(planned.get("master_instance_name"), str):
            paths += [("master_instance_name",)] if planned["master_instance_name"] else []
        networks = (_inside(part, "ip_configuration").get("private_network") for part in (before, after))
        old, new = networks
        if old and new in {None, ""}:
            paths.append(("settings", 0, "ip_configuration", 0, "private_network"))
        return planned, paths

    def create(self, configuration: Configuration, planned: State) -> State:
        """Choose a name where there is none, as Terraform's own unique ids are made."""
        if not isinstance(planned.get("name"), str):
            stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S%f")[:18]
            planned = {**planned, "name": f"terraform-{stamp}{secrets.token_hex(4)}"}
        return super().create(configuration, planned)

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Send the create call."""
        try:
            return super().send_create(configuration, state)
        except ProviderError as error:
            cause = error.__cause__ if isinstance(error.__cause__, GoogleError) else error
            text = f"Error, failed to create instance {state['name']}: {cause}"
            raise ProviderError(text, path=error.path) from error

    def after_create(self, configuration: Configuration, state: State) -> None:
        """Delete the user ``root@%`` that MySQL instances come with; nobody should find it."""
        if state.get("master_instance_name"):
            return
        url = f"{self.url(state)}/users"
        for user in self.call(configuration, "GET", url).get("items", []):
            if (user["name"], user.get("host")) == ("root", "%"):
                answer = self.call(configuration, "DELETE", url, query={"host": "%", "name": "root"})
                finish(configuration, str(state["project"]), answer, "Delete default root User")

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Upgrade the engine first: it is a call of its own."""
        upgraded = prior.get("database_version") != planned.get("database_version")
        if upgraded:
            body = {"databaseVersion": planned["database_version"]}
            answer = self.call(configuration, "PATCH", self.url(prior), body=body)
            self.finish(configuration, "update", prior, answer)
            fresh = self.read(configuration, prior) or prior
            prior = {**prior, "database_version": fresh["database_version"]}
            planned = _with_version(planned, fresh)
        return super().update(configuration, prior, planned)

    def body(self, state: State, *, update: bool = False) -> Json:
        """Leave the collation out of an update: it cannot change."""
        body = super().body(state, update=update)
        if update:
            body = {**body, "databaseVersion": state["database_version"]}
            body.get("settings", {}).pop("collation", None)
        return body

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Pick the addresses by their type."""
        found = super().from_document(configuration, document, state)
        addresses = found["ip_address"] or []
        found["first_ip_address"] = addresses[0]["ip_address"] if addresses else ""
        for name, kind in _ADDRESSES.items():
            found[name] = next((each["ip_address"] for each in addresses if each["type"] == kind), "")
        return found

    def keeps_object(self, configuration: Configuration, state: State) -> bool:
        """Refuse while the protection is on."""
        if state.get("deletion_protection"):
            raise ProviderError(
                "Error, failed to delete instance because deletion_protection is set to true. "
                "Set it to false to proceed with instance deletion",
                path=("deletion_protection",),
            )
        return super().keeps_object(configuration, state)

    def send_delete(self, configuration: Configuration, state: State) -> Json:
        """Delete the instance, with the description of its last backup where there is one."""
        described = state.get("final_backup_description")
        query = {"finalBackupDescription": str(described)} if described else {}
        return self.call(configuration, "DELETE", self.url(state), query=query)


def _inside(state: State, name: str) -> State:
    blocks = state.get(name)
    return blocks[0] if isinstance(blocks, list) and blocks and isinstance(blocks[0], dict) else {}


def _shrinks(old: object, new: object) -> bool:
    return isinstance(old, int) and isinstance(new, int) and 0 < new < old


def _with_version(planned: State, fresh: State) -> State:
    settings = {**_inside(planned, "settings"), "version": _inside(fresh, "settings").get("version")}
    return {**planned, "settings": [settings]} if planned.get("settings") else planned


def resources() -> tuple[Instance, ...]:
    """Return the types of this module."""
    return (Instance(INSTANCE),)
