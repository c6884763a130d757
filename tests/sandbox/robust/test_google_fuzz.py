"""Whatever is sent to Google's APIs, the answer is Google's: never a mistake of ours, never silence."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from provisioner.sandbox.google.catalog import SERVICES
from provisioner.sandbox.google.identity.cel import check_expression
from provisioner.sandbox.google.routing import LoadedService
from provisioner.sandbox.http import Request, Response
from tests.sandbox.core.cloud import GoogleCloud
from tests.sandbox.robust.requests import Sent, every_method, requests_of

METHODS = every_method()
LOADED = [LoadedService(facts) for facts in SERVICES]
PHASES = (Phase.generate,)
_MESSAGE = "Internal error encountered."
_FEW = 150
_PER_METHOD, _PER_UNKNOWN = 40, 2


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> GoogleCloud:
    made = GoogleCloud(tmp_path_factory.mktemp("cloud"))
    services = ["iam", "iamcredentials", "artifactregistry", "run", "secretmanager", "monitoring", "pubsub", "logging"]
    for name in (*services, "cloudscheduler", "compute", "cloudkms", "bigquery"):
        made.call(
            "POST",
            f"serviceusage.googleapis.com/v1/projects/acme-payments-dev/services/{name}.googleapis.com:enable",
            {},
        )
    made.bucket("bucket-one")
    check_expression("true")  # the library raises Python's recursion limit once; hypothesis watches that
    return made


@pytest.fixture
def mistakes(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.ERROR):
        yield caplog


def check(response: Response, sent: Sent, mistakes: pytest.LogCaptureFixture) -> None:
    content = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    trace = mistakes.text
    assert response.status != 500, f"{sent}\n{content.decode('utf-8', 'replace')}\n{trace}"
    assert _MESSAGE.encode() not in content
    headers = {name.lower(): value for name, value in response.headers}
    assert all(re.fullmatch(r"[\t\x20-\x7e\x80-\uffff]*", value) for value in headers.values()), headers
    if response.status >= 400 and "json" in headers.get("content-type", ""):
        error = json.loads(content)["error"]
        assert isinstance(error, str) or error["code"] == response.status  # OAuth's errors are words


def request_of(sent: Sent, token: str) -> Request:
    headers = {"content-type": sent.kind} | ({"authorization": f"Bearer {token}"} if token else {})
    return Request(sent.verb, sent.host, sent.path, sent.query, headers, sent.body)


def tokens(cloud: GoogleCloud) -> st.SearchStrategy[str]:
    return st.sampled_from((cloud.operator,) * 6 + ("", "ya29.unknown", "\xff"))


@settings(max_examples=_FEW, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_method(cloud: GoogleCloud, mistakes: pytest.LogCaptureFixture, data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(METHODS), label="method")
    sent = data.draw(requests_of(*method), label="request")
    check(cloud.application(request_of(sent, data.draw(tokens(cloud)))), sent, mistakes)


@pytest.mark.slow
@pytest.mark.parametrize("document", sorted({method[1].name for method in METHODS}))
def test_every_method(cloud: GoogleCloud, mistakes: pytest.LogCaptureFixture, document: str) -> None:
    def hold(sent: Sent, token: str) -> None:
        check(cloud.application(request_of(sent, token)), sent, mistakes)

    for method in (each for each in METHODS if each[1].name == document):
        examples = _PER_METHOD if answered(document, method[2].id) else _PER_UNKNOWN
        often = settings(max_examples=examples, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
        often(given(requests_of(*method), tokens(cloud))(hold))()


def answered(document: str, method: str) -> bool:
    return any(document in each.facts.documents.values() and each.answers(document, method) for each in LOADED)
