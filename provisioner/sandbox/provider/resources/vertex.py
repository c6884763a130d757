"""Vertex AI endpoints (aiplatform v1, one host per region)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State, waits_for
from provisioner.sandbox.provider.values import Value

_OWN: Final = "projects/{project}/locations/{location}/endpoints/{name}"

ENDPOINT: Final = Spec(
    name="google_vertex_ai_endpoint",
    title="Endpoint",
    base="aiplatform.googleapis.com/v1",
    parent="projects/{project}/locations/{location}/endpoints",
    own=_OWN,
    query={"endpointId": "{name}"},
    waits=waits_for("create", "delete"),
    imports=(_OWN, "{project}/{location}/{name}", "{location}/{name}"),
    table="""
create_time              str*
dedicated_endpoint_dns   str*
dedicated_endpoint_enabled bool clash=private
@policy
deployed_models          objects*
  automatic_resources    objects*
    max_replica_count    int*
    min_replica_count    int*
  create_time            str*
  dedicated_resources    objects*
    autoscaling_metric_specs objects*
      metric_name        str*
      target             int*
    machine_spec         objects*
      accelerator_count  int*
      accelerator_type   str*
      machine_type       str*
    max_replica_count    int*
    min_replica_count    int*
  display_name           str*
  enable_access_logging  bool*
  enable_container_logging bool*
  id                     str*
  model                  str*
  model_version_id       str*
  private_endpoints      objects*
    explain_http_uri     str*
    health_http_uri      str*
    predict_http_uri     str*
    service_attachment   str*
  service_account        str*
  shared_resources       str*
description              str
display_name             str!
encryption_spec          one^
  kms_key_name           str!^
etag                     str*
@labels
location                 str!^ virtual
model_deployment_monitoring_job str*
name                     str!^ virtual
network                  str^ clash=private_network
predict_request_response_logging_config one
  bigquery_destination   one
    output_uri           str
  enabled                bool
  sampling_rate          num
private_service_connect_config one clash=private,private_network
  enable_private_service_connect bool!^ zero
  project_allowlist      list
  psc_automation_configs blocks
    error_message        str* out
    forwarding_rule      str* out
    ip_address           str* out
    network              str!
    project_id           str!
    state                str* out
@project
region                   str^ virtual
traffic_split            str? as=json state=json
update_time              str*
""",
)


class Endpoint(Resource):
    """An endpoint; its host carries the region, else the location."""

    def url(self, state: State) -> str:
        """Return the region's host and the path of the endpoint."""
        return f"{_base(state)}/{self.spec.own.format_map(state)}"

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Send the create call to the region's host."""
        query = {key: value.format_map(state) for key, value in self.spec.query.items()}
        url = f"{_base(state)}/{self.spec.parent.format_map(state)}"
        try:
            return self.call(configuration, "POST", url, body=self.body(state), query=query)
        except GoogleError as error:
            raise self.explained("Error creating {title}: {error}", state, error) from error

    def finish(self, configuration: Configuration, step: str, state: State, answer: Json) -> None:
        """Ask the region's host for the operation."""
        if step in self.spec.waits:
            configuration.client.finish(answer, _base(state), f"{step} {self.spec.title}")

    def complete(self, configuration: Configuration, state: Mapping[str, Value]) -> State:
        """Leave the region out where nothing is said: it only chooses a host."""
        full = super().complete(configuration, state)
        return {**full, "region": state.get("region")}


def _base(state: State) -> str:
    return f"{state.get('region') or state['location']}-{ENDPOINT.base}"


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return (Endpoint(ENDPOINT),)
