"""Alert policies (monitoring v3) and metrics from logs (logging v2)."""

from __future__ import annotations

from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State
from provisioner.sandbox.provider.resources.spending import with_project

_AGGREGATION: Final = """
      alignment_period     str
      cross_series_reducer str same=reducer
      group_by_fields      list
      per_series_aligner   str"""
_TRIGGER: Final = """
    trigger                one
      count                int
      percent              num"""
_MISSING: Final = "|".join(f"EVALUATION_MISSING_DATA_{kind}" for kind in ("INACTIVE", "ACTIVE", "NO_OP"))

ALERT: Final = Spec(
    name="google_monitoring_alert_policy",
    title="AlertPolicy",
    base="monitoring.googleapis.com/v3",
    parent="projects/{project}/alertPolicies",
    own="{name}",
    imports=("{name+}",),
    table=f"""
alert_strategy             one
  auto_close               str
  notification_channel_strategy blocks
    notification_channel_names list
    renotify_interval      str
  notification_prompts     list
  notification_rate_limit  one
    period                 str
combiner                   str! in=AND|OR|AND_WITH_MATCHING_RESOURCE
conditions                 blocks!
  condition_absent         one
    aggregations           blocks{_AGGREGATION}
    duration               str!
    filter                 str
{_TRIGGER}
  condition_matched_log    one
    filter                 str!
    label_extractors       map
  condition_monitoring_query_language one
    duration               str!
    evaluation_missing_data str in={_MISSING}|
    query                  str!
{_TRIGGER}
  condition_prometheus_query_language one
    alert_rule             str
    disable_metric_validation bool
    duration               str
    evaluation_interval    str
    labels                 map
    query                  str!
    rule_group             str
  condition_sql            one
    boolean_test           one
      column               str!
    daily                  one
      execution_time       one
        hours              int
        minutes            int
        nanos              int
        seconds            int
      periodicity          int!
    hourly                 one
      minute_offset        int
      periodicity          int!
    minutes                one
      periodicity          int!
    query                  str!
    row_count_test         one
      comparison           str!
      threshold            int! as=text
  condition_threshold      one
    aggregations           blocks{_AGGREGATION}
    comparison             str! in=COMPARISON_GT|COMPARISON_GE|COMPARISON_LT|COMPARISON_LE|COMPARISON_EQ|COMPARISON_NE
    denominator_aggregations blocks{_AGGREGATION}
    denominator_filter     str
    duration               str!
    evaluation_missing_data str in={_MISSING}|
    filter                 str
    forecast_options       one
      forecast_horizon     str!
    threshold_value        num
{_TRIGGER}
  display_name             str!
  name                     str*
creation_record            objects*
  mutate_time              str*
  mutated_by               str*
@policy
display_name               str!
documentation              one
  content                  str  any=text
  links                    blocks any=text
    display_name           str
    url                    str
  mime_type                str  default=text/markdown any=text
  subject                  str  any=text
enabled                    bool default=true zero
name                       str*
notification_channels      list
@project
severity                   str  in=CRITICAL|ERROR|WARNING|
user_labels                map
""",
)

METRIC: Final = Spec(
    name="google_logging_metric",
    title="Metric",
    base="logging.googleapis.com/v2",
    parent="projects/{project}/metrics",
    own="projects/{project}/metrics/{name}",
    update="PUT",
    mask=False,
    imports=("{project}/{name}", "{name}"),
    table="""
bucket_name                str
bucket_options             one
  explicit_buckets         one any=buckets
    bounds                 list:num!
  exponential_buckets      one any=buckets
    growth_factor          num!
    num_finite_buckets     int!
    scale                  num!
  linear_buckets           one any=buckets
    num_finite_buckets     int!
    offset                 num!
    width                  num!
@policy
description                str
disabled                   bool
filter                     str!
label_extractors           map
metric_descriptor          one?
  display_name             str
  labels                   setblocks
    description            str
    key                    str!^
    value_type             str^ default=STRING in=BOOL|INT64|STRING
  metric_kind              str! in=DELTA|GAUGE|CUMULATIVE
  unit                     str  default=1
  value_type               str! in=BOOL|INT64|DOUBLE|STRING|DISTRIBUTION|MONEY
name                       str!
@project
value_extractor            str
""",
)


class Alert(Resource):
    """An alert policy; the server chooses its name."""

    def import_state(self, configuration: Configuration, given: str) -> State:
        """Read the full name, which says the project."""
        return with_project(super().import_state(configuration, given))


class Metric(Resource):
    """A metric: its id is its bare name."""

    def identify(self, state: State, answer: Json) -> str:
        """Return the name alone."""
        del answer
        return str(state["name"])

    def import_state(self, configuration: Configuration, given: str) -> State:
        """Take the name alone as id."""
        state = super().import_state(configuration, given)
        return {**state, "id": state["name"]}


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return Alert(ALERT), Metric(METRIC)
