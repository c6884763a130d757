"""Dashboards (monitoring v1): one document, compared by what the configuration says of it."""

from __future__ import annotations

import json
from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import ProviderError
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State
from provisioner.sandbox.provider.suppress import plain_json

DASHBOARD: Final = Spec(
    name="google_monitoring_dashboard",
    title="Dashboard",
    base="monitoring.googleapis.com/v1",
    parent="projects/{project}/dashboards",
    own="{id}",
    mask=False,
    imports=("projects/{project}/dashboards/{id}",),
    table="""
dashboard_json str! same=document state=json
@policy
@project
""",
)


class Dashboard(Resource):
    """A dashboard; the server chooses its name."""

    def validate(self, config: State) -> list[ProviderError]:
        """Refuse what is not JSON."""
        text = config.get("dashboard_json")
        try:
            json.loads(text if isinstance(text, str) else "{}")
        except ValueError as error:
            summary = f'"dashboard_json" contains an invalid JSON: {error}'
            return [*super().validate(config), ProviderError(summary, path=("dashboard_json",))]
        return super().validate(config)

    def body(self, state: State, *, update: bool = False) -> Json:
        """Send the document itself."""
        del update
        return json.loads(state["dashboard_json"])

    def identify(self, state: State, answer: Json) -> str:
        """Take the name from the answer."""
        del state
        return str(answer["name"])

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Send the new document with the etag of the old one."""
        etag = json.loads(prior["dashboard_json"]).get("etag")
        document = {**json.loads(planned["dashboard_json"]), **({"etag": etag} if etag else {})}
        return super().update(configuration, prior, {**planned, "dashboard_json": json.dumps(document)})

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Keep the document as it is there."""
        found = super().from_document(configuration, {}, state)
        return {**found, "project": state["project"], "dashboard_json": plain_json(json.dumps(document))}

    def import_state(self, configuration: Configuration, given: str) -> State:
        """Read ``projects/P/dashboards/ID`` or the id alone."""
        name = given if "/" in given else f"projects/{configuration.project}/dashboards/{given}"
        return {**super().import_state(configuration, name), "id": name}


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return (Dashboard(DASHBOARD),)
