"""Monitoring's filters of time series."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.sandbox.google.observability.selecting import FilterError, parse_selection

SERIES: dict[str, Any] = {
    "metric": {"type": "run.googleapis.com/request_count", "labels": {"response_code_class": "5xx", "a b": "c"}},
    "resource": {"type": "cloud_run_revision", "labels": {"service_name": "api", "location": "europe-west1"}},
}


@pytest.mark.parametrize(
    "text",
    [
        'metric.type = "run.googleapis.com/request_count"',
        'metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision"',
        'metric.type="run.googleapis.com/request_count" resource.labels.service_name="api"',
        'metric.label."a b" = "c"',
        'metric.type = starts_with("run.googleapis.com/")',
        'metric.labels.response_code_class = one_of("4xx", "5xx")',
        'resource.label.service_name = monitoring.regex.full_match("a.i")',
        'NOT resource.labels.service_name = "web"',
        'resource.labels.service_name != "web"',
        '(resource.type = "x" OR resource.labels.location = has_substring("west")) AND resource.type : "run"',
    ],
)
def test_filters_that_select_the_series(text: str) -> None:
    assert parse_selection(text).test(SERIES)


@pytest.mark.parametrize(
    "text", ['resource.labels.service_name = "web"', 'metric.labels.nothing = "x"', 'metric.type : "X"']
)
def test_filters_that_do_not(text: str) -> None:
    assert not parse_selection(text).test(SERIES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        'metric.kind = "x"',
        "metric.type =",
        'metric.type = nothing("x")',
        '(metric.type = "x"',
        "metric.type ~ 1",
    ],
)
def test_what_is_no_filter(text: str) -> None:
    with pytest.raises(FilterError):
        parse_selection(text)
