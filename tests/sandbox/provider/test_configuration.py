"""The configurations of connected processes, without Terraform."""

from __future__ import annotations

import pytest

from provisioner.sandbox.http import Request, Response, json_response
from provisioner.sandbox.provider.client import Client, Pace
from provisioner.sandbox.provider.configuration import Configuration, Configurations, configure
from provisioner.sandbox.provider.errors import GoogleError, ProviderError


def answering(request: Request) -> Response:
    if request.path.endswith(":generateAccessToken"):
        return json_response({"accessToken": f"for {request.path.split('/')[5].split(':')[0]}"})
    return json_response({})


def of(project: str) -> Configuration:
    return Configuration(Client(answering, "t"), project=project)


def test_a_connection_without_a_provider_block_gets_no_other_ones() -> None:
    known = Configurations()
    known.put("ipv4:127.0.0.1:1", of("one"))
    with pytest.raises(ProviderError, match="not configured"):
        known.get("ipv4:127.0.0.1:2")
    known.forget("ipv4:127.0.0.1:1")
    with pytest.raises(ProviderError, match="not configured"):
        known.get("ipv4:127.0.0.1:1")


def test_a_port_that_is_used_again_gets_the_new_provider_block() -> None:
    known = Configurations()
    known.put("peer", of("one"))
    known.put("peer", of("two"))
    assert known.get("peer").project == "two"
    assert known.get("peer").peer == "peer"


def test_the_configurations_are_bounded() -> None:
    known = Configurations(limit=2)
    for name in ("one", "two", "three"):
        known.put(name, of(name))
    assert known.get("three").project == "three"
    with pytest.raises(ProviderError):
        known.get("one")


def test_the_token_comes_from_the_block_else_from_the_server() -> None:
    assert configure({}, answering, "default", Pace()).client.token == "default"
    assert configure({"access_token": "own"}, answering, "default", Pace()).client.token == "own"
    impersonating = {"impersonate_service_account": "deploy@p.iam.gserviceaccount.com"}
    token = configure(impersonating, answering, "default", Pace()).client.token
    assert token == "for deploy@p.iam.gserviceaccount.com"
    with pytest.raises(ProviderError, match="No credentials"):
        configure({}, answering, "", Pace())


@pytest.mark.parametrize(
    ("block", "batching", "seconds"),
    [
        ([], True, 3.0),
        ([{"enable_batching": True, "send_after": "500ms"}], True, 0.5),
        ([{"enable_batching": None, "send_after": "1s"}], False, 1.0),
    ],
)
def test_a_batching_block_without_its_switch_turns_batching_off(
    block: list[dict[str, object]], *, batching: bool, seconds: float
) -> None:
    made = configure({"batching": block}, answering, "t", Pace())
    assert (made.batching, made.send_after) == (batching, seconds)


def test_the_billed_project_is_named_when_that_is_asked_for() -> None:
    seen: list[Request] = []

    def keep(request: Request) -> Response:
        seen.append(request)
        return json_response({})

    asked = {"user_project_override": True, "billing_project": "payer", "request_reason": "because"}
    configure(asked, keep, "t", Pace()).client.call("GET", "iam.googleapis.com/v1/x")
    assert seen[-1].headers["x-goog-user-project"] == "payer"
    assert seen[-1].headers["x-goog-request-reason"] == "because"
    assert seen[-1].query == "alt=json"


def test_a_lost_connection_is_tried_again_and_a_quota_of_the_minute_too() -> None:
    outcomes: list[Response | Exception] = [
        ConnectionResetError("gone"),
        json_response({"error": {"code": 403, "message": "Quota exceeded for quota metric 'x' per minute"}}, 403),
        json_response({"name": "found"}),
    ]

    def flaky(_request: Request) -> Response:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    client = Client(flaky, "t", Pace(0.0))
    assert client.call("GET", "iam.googleapis.com/v1/x") == {"name": "found"}


def test_an_operation_is_polled_until_it_is_done_and_its_error_is_told() -> None:
    answers = [{"name": "operations/1"}, {"name": "operations/1", "done": True, "error": {"code": 9, "message": "No."}}]
    client = Client(lambda _request: json_response(answers.pop(0)), "t", Pace(0.0))
    with pytest.raises(ProviderError, match=r"Error waiting to create x: .* Error code 9, message: No\."):
        client.finish({"name": "operations/1"}, "run.googleapis.com/v2", "create x")
    assert answers == []


def test_an_error_reads_as_googles_go_client_writes_it() -> None:
    body = b'{"error": {"code": 409, "message": "It is there.", "status": "ALREADY_EXISTS"}}'
    assert str(GoogleError(409, body)) == "googleapi: Error 409: It is there."
    assert str(GoogleError(502, b"<html>")) == "googleapi: Error 502: <html>"
