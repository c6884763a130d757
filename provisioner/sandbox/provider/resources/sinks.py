"""Log sinks of a project (logging v2)."""

from __future__ import annotations

from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.resource import NOT_FOUND, Json, Resource, Spec, State

_OWN: Final = "projects/{project}/sinks/{name}"
_SHARED_WRITER: Final = "serviceAccount:cloud-logs@system.gserviceaccount.com"
_KEPT: Final = frozenset({"_Default", "_Required"})

SINK: Final = Spec(
    name="google_logging_project_sink",
    title="Project Logging Sink",
    base="logging.googleapis.com/v2",
    parent="projects/{project}/sinks",
    own=_OWN,
    imports=(_OWN,),
    timeouts=(),
    legacy=True,
    table="""
bigquery_options       one?
  use_partitioned_tables bool! zero
custom_writer_identity str  virtual
@policy
description            str
destination            str! zero
disabled               bool
exclusions             blocks
  description          str
  disabled             bool default=false
  filter               str! same=spaces
  name                 str!
filter                 str  same=spaces
name                   str!^
@project
unique_writer_identity bool default=true virtual
writer_identity        str*
""",
)


class Sink(Resource):
    """A sink; one that is there already (as ``_Default`` always is) is taken over, not refused."""

    def validate(self, config: State) -> list[ProviderError]:
        """Refuse partitioned tables without a writer of their own."""
        found = super().validate(config)
        if config.get("bigquery_options") and config.get("unique_writer_identity") is False:
            text = "unique_writer_identity must be true when bigquery_options is supplied"
            found.append(ProviderError(text, path=("unique_writer_identity",)))
        return found

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Create the sink, or bring the one that is there to what is wanted."""
        try:
            there = self.call(configuration, "GET", self.url(state))
        except GoogleError as error:
            if error.status != NOT_FOUND:
                raise
            url = f"{self.spec.base}/{self.spec.parent.format_map(state)}"
            return self.call(configuration, "POST", url, body=super().body(state), query=_writer(state))
        names = ("destination", "filter", "description", "disabled", "exclusions", "bigqueryOptions")
        wanted = self.body(state, update=True)
        changed = [name for name in names if wanted.get(name) != there.get(name)]
        query = {"updateMask": ",".join(changed), **_writer(state)}
        return self.call(configuration, "PATCH", self.url(state), body=wanted, query=query)

    def body(self, state: State, *, update: bool = False) -> Json:
        """Say destination, filter and the switch in every update: the API wants them even when they stay."""
        body = super().body(state, update=update)
        if not update:
            return body
        return {**body, "filter": state.get("filter") or "", "disabled": bool(state.get("disabled"))}

    def update_query(self, state: State) -> dict[str, str]:
        """Say who writes."""
        return _writer(state)

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Tell from the writer whether it is one of the sink's own."""
        found = super().from_document(configuration, document, state)
        found["unique_writer_identity"] = found["writer_identity"] != _SHARED_WRITER
        return found

    def send_delete(self, configuration: Configuration, state: State) -> Json:
        """Delete the sink; those that every project has are only forgotten."""
        return {} if state["name"] in _KEPT else super().send_delete(configuration, state)


def _writer(state: State) -> dict[str, str]:
    query = {"uniqueWriterIdentity": "true" if state.get("unique_writer_identity") else "false"}
    custom = state.get("custom_writer_identity")
    return {**query, "customWriterIdentity": str(custom)} if custom else query


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return (Sink(SINK),)
