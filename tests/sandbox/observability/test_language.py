"""The Logging query language."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.sandbox.google.observability.language import QueryError, parse_query

ENTRY: dict[str, Any] = {
    "logName": "projects/p/logs/run.googleapis.com%2Fstderr",
    "severity": "ERROR",
    "timestamp": "2026-11-21T03:00:00.5Z",
    "resource": {"type": "cloud_run_revision", "labels": {"service_name": "api"}},
    "labels": {"team/name": "payments", "a.b": "c"},
    "jsonPayload": {"message": "Time Out at 10.1.2.3", "count": 7, "ok": True, "tags": ["red", "blue"], "took": "1.5s"},
    "httpRequest": {"status": 503, "remoteIp": "10.1.2.3", "responseSize": "2048"},
    "insertId": "x",
}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "severity>=WARNING",
        "severity = error",
        "severity=(INFO OR ERROR)",
        "NOT severity<ERROR",
        'resource.type="cloud_run_revision" resource.labels.service_name=api',
        'resource.type = "CLOUD_RUN_REVISION"',
        'jsonPayload.message:"time out"',
        'jsonPayload.message=~"^Time .*\\d+$"',
        'jsonPayload.message!~"time"',
        "jsonPayload.count>6 AND jsonPayload.count<=7.0",
        "jsonPayload.ok=true",
        "jsonPayload.tags=blue",
        "jsonPayload.took>200ms",
        "jsonPayload:blue",
        "jsonPayload.count:*",
        "-jsonPayload.missing:*",
        'NOT jsonPayload.missing="x"',
        'labels."team/name"=payments',
        'labels."a.b"=c',
        "http_request.status>=500",
        "httpRequest.responseSize>1000",
        'timestamp>="2026-11-21" timestamp<"2026-11-21T03:00:01Z"',
        'log_id("run.googleapis.com/stderr")',
        'SEARCH("time payments")',
        'SEARCH(jsonPayload.message, "10.1.2.3")',
        'ip_in_net(httpRequest.remoteIp, "10.0.0.0/8")',
        "sample(insertId, 1)",
        '"payments"',
        "payments OR nothing",
        "nothing OR payments AND api",  # (nothing OR payments) AND api
        "jsonPayload.message:(time AND out) -- a comment",
        "jsonPayload.message:(nothing OR NOT other)",
        "severity=ERROR\nresource.type:run",
    ],
)
def test_queries_that_find_the_entry(query: str) -> None:
    assert parse_query(query)(ENTRY)


@pytest.mark.parametrize(
    "query",
    [
        "severity<ERROR",
        "severity!=ERROR",
        'jsonPayload.missing!="x"',
        'jsonPayload.missing=""',
        "jsonPayload.count>7",
        "jsonPayload.ok=false",
        "jsonPayload.tags=green",
        "payments nothing",
        "payments AND nothing OR other",
        'timestamp>"2026-11-21T03:00:00.6Z"',
        'log_id("stderr")',
        'jsonPayload.message=~"^time"',
        'ip_in_net(httpRequest.remoteIp, "192.168.0.0/16")',
        "sample(insertId, 0)",
        "-payments",
        "jsonPayload.message:(time AND nothing)",
    ],
)
def test_queries_that_do_not(query: str) -> None:
    assert not parse_query(query)(ENTRY)


@pytest.mark.parametrize(
    "query",
    [
        "severity>=LOUD",
        "resource.type=",
        "(a",
        "a)",
        "AND a",
        'jsonPayload.x=~"("',
        'timestamp>"yesterday"',
        "nofunction(a)",
        "sample(insertId)",
        "field=()",
        '"open',
        "a = = b",
        "(" * 60 + "a" + ")" * 60,
    ],
)
def test_what_is_no_query(query: str) -> None:
    with pytest.raises(QueryError):
        parse_query(query)
