"""The conditions of alert policies: what they may say, and what of it is evaluated.

Thresholds and absences of metrics are evaluated; conditions on logs have their filter checked; queries in PromQL and
MQL are kept as they are. https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.google.errors import invalid_argument
from provisioner.sandbox.google.observability.aligning import read_aggregation
from provisioner.sandbox.google.observability.language import QueryError, parse_query
from provisioner.sandbox.google.observability.selecting import FilterError, Selection, parse_selection

Json = dict[str, Any]
_KINDS = (
    "conditionThreshold",
    "conditionAbsent",
    "conditionMatchedLog",
    "conditionMonitoringQueryLanguage",
    "conditionPrometheusQueryLanguage",
    "conditionSql",
)
_MINUTE, _LONGEST_ABSENCE, _LONGEST_DURATION = 60, 85_200, 90_000
_MOST_CONDITIONS, _MOST_CHANNELS = 6, 16
_COMPARISONS = frozenset(("COMPARISON_GT", "COMPARISON_LT"))


def check_conditions(policy: Mapping[str, Any]) -> None:
    """Raise ApiError INVALID_ARGUMENT for a policy whose conditions could not be evaluated."""
    if len(policy["conditions"]) > _MOST_CONDITIONS or len(policy.get("notificationChannels", ())) > _MOST_CHANNELS:
        raise invalid_argument(
            f"An alert policy has at most {_MOST_CONDITIONS} conditions and {_MOST_CHANNELS} notification channels."
        )
    for index, condition in enumerate(policy["conditions"]):
        where = f"alert_policy.conditions[{index}]"
        kinds = [kind for kind in _KINDS if kind in condition]
        if len(kinds) != 1:
            raise invalid_argument(f"Field {where} must have exactly one kind of condition.")
        if not condition.get("displayName"):
            raise invalid_argument(f"Field {where}.display_name is required.", (f"{where}.display_name", "required"))
        checks = {"conditionThreshold": _check_threshold, "conditionAbsent": _check_absent,
                  "conditionMatchedLog": _check_log}  # fmt: skip
        checks.get(kinds[0], _check_query)(where, condition[kinds[0]])


def selection_of(where: str, text: str) -> Selection:
    """Parse a condition's filter, which must fix metric and resource. Raises ApiError INVALID_ARGUMENT."""
    try:
        found = parse_selection(text)
    except FilterError as error:
        raise invalid_argument(f'Field {where}.filter had an invalid value of "{text}": {error}') from None
    for name, value in (("metric.type", found.has_metric_type), ("resource.type", found.resource_type)):
        if not value:
            raise invalid_argument(
                f'Field {where}.filter had an invalid value of "{text}": must specify a restriction on "{name}" in the '
                f'filter; see "https://cloud.google.com/monitoring/api/resources" for a list of available '
                f"{'metrics' if name == 'metric.type' else 'resource types'}."
            )
    return found


def seconds(text: str) -> float:
    """Return the seconds of a duration; none is 0."""
    return float(text.removesuffix("s")) if text else 0.0


def _check_threshold(where: str, condition: Json) -> None:
    where = f"{where}.condition_threshold"
    selection_of(where, condition.get("filter", ""))
    if condition.get("comparison") not in _COMPARISONS:
        raise invalid_argument(f"Field {where}.comparison must be COMPARISON_GT or COMPARISON_LT.")
    _check_duration(where, condition, _LONGEST_DURATION)
    _check_aggregations(where, condition)


def _check_absent(where: str, condition: Json) -> None:
    where = f"{where}.condition_absent"
    selection_of(where, condition.get("filter", ""))
    if seconds(condition.get("duration", "")) < 2 * _MINUTE:
        raise invalid_argument(f"Field {where}.duration must be at least 120s.")
    _check_duration(where, condition, _LONGEST_ABSENCE)
    _check_aggregations(where, condition)


def _check_log(where: str, condition: Json) -> None:
    try:
        parse_query(condition.get("filter", ""))
    except QueryError as error:
        raise invalid_argument(f"Field {where}.condition_matched_log.filter had an invalid value: {error}") from None


def _check_query(where: str, condition: Json) -> None:
    if not condition.get("query"):
        raise invalid_argument(f"Field {where} needs a query.")


def _check_duration(where: str, condition: Json, longest: int) -> None:
    length = seconds(condition.get("duration", ""))
    if length % _MINUTE or not 0 <= length <= longest:
        raise invalid_argument(
            f'Field {where}.duration had an invalid value of "{condition["duration"]}": must be a multiple of 60 '
            f"seconds, at most {longest}s."
        )


def _check_aggregations(where: str, condition: Json) -> None:
    for index, body in enumerate(condition.get("aggregations", ())):
        period = seconds(body.get("alignmentPeriod", ""))
        if period % _MINUTE or not 0 <= period <= _LONGEST_DURATION:
            raise invalid_argument(
                f"Field {where}.aggregations[{index}].alignmentPeriod must be a multiple of 60s, at most "
                f"{_LONGEST_DURATION}s."
            )
        if body.get("perSeriesAligner", "ALIGN_NONE") != "ALIGN_NONE" and not period:
            raise invalid_argument(f"Field {where}.aggregations[{index}].alignmentPeriod must be at least 60s.")
        if body.get("crossSeriesReducer", "REDUCE_NONE") != "REDUCE_NONE":
            plain = {"perSeriesAligner": body.get("perSeriesAligner"), "crossSeriesReducer": "REDUCE_COUNT"}
            read_aggregation({"alignmentPeriod": body.get("alignmentPeriod")} | plain, f"{where}.aggregations[{index}]")
