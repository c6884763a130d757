"""Databases and users of Cloud SQL instances (sqladmin v1beta4, the version that the real provider speaks)."""

from __future__ import annotations

from typing import Any, Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State

BASE: Final = "sqladmin.googleapis.com/sql/v1beta4"
_INSTANCE: Final = "projects/{project}/instances/{instance}"
_DATABASE: Final = f"{_INSTANCE}/databases/{{name}}"
_HOSTLESS, _WITH_HOST = 3, 4  # parts of a user's import id

DATABASE: Final = Spec(
    name="google_sql_database",
    title="Database",
    base=BASE,
    parent=f"{_INSTANCE}/databases",
    own=_DATABASE,
    update="PUT",
    mask=False,
    imports=(_DATABASE, "instances/{instance}/databases/{name}", "{project}/{instance}/{name}", "{instance}/{name}"),
    table="""
charset    str? same=case
collation  str?
@policy
instance   str!^
name       str!^
@project
self_link  str*
""",
)

USER: Final = Spec(
    name="google_sql_user",
    title="SQL User",
    base=BASE,
    parent=f"{_INSTANCE}/users",
    own="{name}/{host}/{instance}",
    update="PUT",
    mask=False,
    imports=("{project}/{instance}/{host}/{name}", "{project}/{instance}/{name}"),
    version=1,
    legacy=True,
    table="""
database_roles           list
@policy
host                     str?^
iam_email                str*^
instance                 str!^
name                     str!^ same=user
password                 str  clash=secret sensitive keep
password_policy          one
  allowed_failed_attempts int
  enable_failed_attempts_check bool
  enable_password_verification bool
  password_expiration_duration str
  status                 objects* out
    locked               bool*
    password_expiration_time str*
password_wo              str  clash=secret with=password_wo_version writeonly api=password keep
password_wo_version      int  with=password_wo virtual
@project
sql_server_user_details  objects* api=sqlserverUserDetails
  disabled               bool*
  server_roles           list*
type                     str^ same=built_in
""",
)


class SqlResource(Resource):
    """A type whose every change is an operation of Cloud SQL."""

    def finish(self, configuration: Configuration, step: str, state: State, answer: Json) -> None:
        """Poll the operation; its errors come as a list."""
        finish(configuration, str(state["project"]), answer, f"{step} {self.spec.title}")


class Database(SqlResource):
    """A database of an instance."""

    def body(self, state: State, *, update: bool = False) -> Json:
        """Write the whole database in every case."""
        del update
        return super().body(state)


class User(SqlResource):
    """A user: found in the list of its instance's users, and changed there by name and host."""

    def identify(self, state: State, answer: Json) -> str:
        """Return name, host and instance; only MySQL users have a host."""
        del answer
        return _identity(state)

    def read(self, configuration: Configuration, state: State) -> State | None:
        """Look for the user in the instance's list."""
        state = self.complete(configuration, state)
        url = f"{BASE}/{self.spec.parent.format_map(state)}"
        try:
            users = self.call(configuration, "GET", url).get("items", [])
            instance = self.call(configuration, "GET", f"{BASE}/{_INSTANCE.format_map(state)}")
        except GoogleError as error:
            if self.is_gone(error):
                return None
            raise self.explained("Error when reading or editing {title} {id}: {error}", state, error) from error
        wanted = _stored_name(str(state["name"]), instance["databaseVersion"])
        host = state.get("host")
        for user in users:
            if user["name"] == wanted and (not isinstance(host, str) or not host or user.get("host", "") == host):
                found = self.from_document(configuration, user, state)
                return {**found, "id": _identity(found), "project": state["project"]}
        return None

    def url(self, state: State) -> str:
        """Return the collection: a user is named in the query."""
        return f"{BASE}/{self.spec.parent.format_map(state)}"

    def update_query(self, state: State) -> dict[str, str]:
        """Say which user."""
        return {"host": str(state.get("host") or ""), "name": str(state["name"])}

    def send_delete(self, configuration: Configuration, state: State) -> Json:
        """Delete the user of that name and host."""
        return self.call(configuration, "DELETE", self.url(state), query=self.update_query(state))

    def body(self, state: State, *, update: bool = False) -> Json:
        """Write the whole user; the host only where there is one."""
        del update
        host = state.get("host")
        return super().body({**state, "host": host if isinstance(host, str) else None})

    def import_state(self, configuration: Configuration, given: str) -> State:
        """Read ``PROJECT/INSTANCE/NAME``, for MySQL with the host before the name."""
        if len(given.split("/")) not in {_HOSTLESS, _WITH_HOST}:
            raise ProviderError(
                "Invalid specifier. Expecting {project}/{instance}/{name} for postgres database and "
                "{project}/{instance}/{host}/{name} for MySQL database",
                path=("id",),
            )
        return super().import_state(configuration, given)

    def _imported(self, configuration: Configuration, given: Any) -> State:  # noqa: ANN401 - a match's groups
        state = super()._imported(configuration, {"host": "", **given})
        return {**state, "id": _identity(state)}


def finish(configuration: Configuration, project: str, operation: Json, activity: str) -> None:
    """Poll an operation of Cloud SQL until it is DONE. Raises ProviderError with the operation's errors."""
    client = configuration.client
    while operation.get("status") != "DONE":
        operation = client.call("GET", f"{BASE}/projects/{project}/operations/{operation['name']}", legacy=True)
        if operation.get("status") != "DONE":
            client.pace.wait(client.poll_interval)
    if errors := operation.get("error", {}).get("errors"):
        text = "\n".join(str(error.get("message") or error.get("code")) for error in errors)
        raise ProviderError(f"Error waiting for {activity}: {text}")


def _identity(state: State) -> str:
    host = state.get("host")
    return f"{state['name']}/{host if isinstance(host, str) else ''}/{state['instance']}"


def _stored_name(name: str, version: str) -> str:
    """Return the name as the server keeps it: MySQL cuts the domain off an account that logs in by IAM."""
    return name if version.startswith("POSTGRES") else name.split("@", maxsplit=1)[0]


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return Database(DATABASE), User(USER)
