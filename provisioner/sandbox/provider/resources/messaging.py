"""Topics and subscriptions (pubsub v1) and scheduled jobs (cloudscheduler v1)."""

from __future__ import annotations

from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State
from provisioner.sandbox.provider.values import UNKNOWN

_BASE: Final = "pubsub.googleapis.com/v1"
_JOB: Final = "projects/{project}/locations/{region}/jobs/{name}"

_TRANSFORMS: Final = """
message_transforms         blocks
  ai_inference             one  api=aiInference
    endpoint               str!
    service_account_email  str
    unstructured_inference one
      parameters           map
  disabled                 bool default=false
  javascript_udf           one
    code                   str!
    function_name          str!"""

TOPIC: Final = Spec(
    name="google_pubsub_topic",
    title="Topic",
    base=_BASE,
    own="projects/{project}/topics/{name}",
    imports=("projects/{project}/topics/{name}", "{project}/{name}", "{name}"),
    table=f"""
@policy
ingestion_data_source_settings one
  aws_kinesis              one
    aws_role_arn           str!
    consumer_arn           str!
    gcp_service_account    str!
    stream_arn             str!
  aws_msk                  one
    aws_role_arn           str!
    cluster_arn            str!
    gcp_service_account    str!
    topic                  str!
  azure_event_hubs         one
    client_id              str
    event_hub              str
    gcp_service_account    str
    namespace              str
    resource_group         str
    subscription_id        str
    tenant_id              str
  cloud_storage            one
    avro_format            one  empty
    bucket                 str!
    match_glob             str
    minimum_object_create_time str
    pubsub_avro_format     one  empty
    text_format            one
      delimiter            str  default=newline
  confluent_cloud          one
    bootstrap_server       str!
    cluster_id             str
    gcp_service_account    str!
    identity_pool_id       str!
    topic                  str!
  platform_logs_settings   one
    severity               str  default=SEVERITY_UNSPECIFIED
kms_key_name               str
@labels
message_retention_duration str
message_storage_policy     one?
  allowed_persistence_regions set!
  enforce_in_transit       bool
{_TRANSFORMS}
name                       str!^ virtual same=name
@project
schema_settings            one
  encoding                 str  default=ENCODING_UNSPECIFIED in=ENCODING_UNSPECIFIED|JSON|BINARY|
  first_revision_id        str
  last_revision_id         str
  schema                   str!
@tags
""",
)

SUBSCRIPTION: Final = Spec(
    name="google_pubsub_subscription",
    title="Subscription",
    base=_BASE,
    own="projects/{project}/subscriptions/{name}",
    imports=("projects/{project}/subscriptions/{name}", "{project}/{name}", "{name}"),
    table=f"""
ack_deadline_seconds       int?
bigquery_config            one  clash=target
  drop_unknown_fields      bool
  service_account_email    str
  table                    str!
  use_table_schema         bool
  use_topic_schema         bool
  write_metadata           bool
cloud_storage_config       one  clash=target
  avro_config              one
    use_topic_schema       bool
    write_metadata         bool
  bucket                   str!
  filename_datetime_format str
  filename_prefix          str
  filename_suffix          str
  max_bytes                int  as=text
  max_duration             str  default=300s
  max_messages             int  as=text
  service_account_email    str
  state                    str*
  text_config              one?
    state                  str*
dead_letter_policy         one
  dead_letter_topic        str
  max_delivery_attempts    int
@policy
enable_exactly_once_delivery bool
enable_message_ordering    bool^
expiration_policy          one? empty
  ttl                      str! same=duration
filter                     str^
@labels
message_retention_duration str  default=604800s
{_TRANSFORMS}
name                       str!^ virtual
@project
push_config                one  clash=target
  attributes               map  same=attributes
  no_wrapper               one
    write_metadata         bool!
  oidc_token               one
    audience               str
    service_account_email  str!
  push_endpoint            str!
retain_acked_messages      bool
retry_policy               one
  maximum_backoff          str? same=duration
  minimum_backoff          str? same=duration
@tags
topic                      str!^ same=name
""",
)

JOB: Final = Spec(
    name="google_cloud_scheduler_job",
    title="Job",
    base="cloudscheduler.googleapis.com/v1",
    parent="projects/{project}/locations/{region}/jobs",
    own=_JOB,
    mask=False,
    imports=(_JOB, "{project}/{region}/{name}", "{region}/{name}", "{name}"),
    table="""
app_engine_http_target     one  choice=target
  app_engine_routing       one
    instance               str  any=routing
    service                str  any=routing
    version                str  any=routing
  body                     str
  headers                  map
  http_method              str
  relative_uri             str!
attempt_deadline           str  default=180s same=duration
@policy
description                str
http_target                one  choice=target
  body                     str
  headers                  map
  http_method              str  filled
  oauth_token              one  same=scope
    scope                  str
    service_account_email  str!
  oidc_token               one  same=audience
    audience               str
    service_account_email  str!
  uri                      str! same=uri
name                       str!^ virtual
paused                     bool? virtual
@project
pubsub_target              one  choice=target
  attributes               map
  data                     str
  topic_name               str!
region                     str?^ virtual
retry_config               one  filled
  max_backoff_duration     str? any=retry
  max_doublings            int? any=retry
  max_retry_duration       str? any=retry
  min_backoff_duration     str? any=retry
  retry_count              int? any=retry
schedule                   str
state                      str*
time_zone                  str  default=Etc/UTC
""",
)


class PutResource(Resource):
    """A type that is created by PUT under its name and changed by PATCH with a wrapped body."""

    def __init__(self, spec: Spec, wrapper: str) -> None:
        super().__init__(spec)
        self._wrapper = wrapper

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Put the object under its name."""
        try:
            return self.call(configuration, "PUT", self.url(state), body=self.body(state))
        except GoogleError as error:
            raise self.explained("Error creating {title}: {error}", state, error) from error

    def body(self, state: State, *, update: bool = False) -> Json:
        """Wrap what an update sends."""
        plain = super().body(state, update=update)
        return {self._wrapper: plain} if update else plain


class Subscription(PutResource):
    """A subscription; its topic is sent by full name."""

    def body(self, state: State, *, update: bool = False) -> Json:
        """Write the topic's full name."""
        topic = str(state.get("topic"))
        full = topic if "/" in topic else f"projects/{state['project']}/topics/{topic}"
        return super().body({**state, "topic": full}, update=update)


class ScheduledJob(Resource):
    """A scheduled job: paused and resumed by calls of their own; the server adds headers."""

    def body(self, state: State, *, update: bool = False) -> Json:
        """Send the full name on create."""
        body = super().body(state, update=update)
        return body if update else {**body, "name": self.spec.own.format_map(state)}

    def after_create(self, configuration: Configuration, state: State) -> None:
        """Say whether the job runs."""
        self._switch(configuration, state)

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Pause or resume when that changed, besides the rest."""
        if planned.get("paused") not in {prior.get("paused"), UNKNOWN}:
            self._switch(configuration, self.complete(configuration, planned))
        return super().update(configuration, prior, planned)

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Read paused from the state; leave out the headers that the server adds."""
        found = super().from_document(configuration, document, state)
        found["paused"] = document.get("state") == "PAUSED"
        for target in [*(found["http_target"] or []), *(found["app_engine_http_target"] or [])]:
            target["headers"] = {key: text for key, text in target["headers"].items() if key not in _ADDED_HEADERS}
        return found

    def customise(self, configuration: Configuration, prior: State | None, planned: State, config: State) -> None:
        """Show the provider's region in the plan."""
        super().customise(configuration, prior, planned, config)
        if config.get("region") is None and configuration.region:
            planned["region"] = configuration.region

    def _switch(self, configuration: Configuration, state: State) -> None:
        step = "pause" if state.get("paused") is True else "resume"
        self.call(configuration, "POST", f"{self.url(state)}:{step}", body={})


_ADDED_HEADERS: Final = frozenset({"User-Agent", "X-CloudScheduler", "X-AppEngine-QueueName"})


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return PutResource(TOPIC, "topic"), Subscription(SUBSCRIPTION, "subscription"), ScheduledJob(JOB)
