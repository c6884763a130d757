"""Publishing and pulling: leases, deadlines, order, filters, dead letters, retention."""

from __future__ import annotations

import base64
import json
import threading

import pytest

from provisioner.sandbox.http import Request
from tests.sandbox.identity.cloud import PROJECT
from tests.sandbox.messaging.timed import AGENT, PUBSUB, TimedCloud, text_of

WORKER = f"{PUBSUB}/subscriptions/worker"


def test_a_message_goes_out_to_every_subscription_until_it_is_acknowledged(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription("first")
    cloud.subscription("second")
    ids = cloud.publish("one", "two", attributes={"kind": "x"})
    assert len(set(ids)) == 2
    received = cloud.pull("first")
    assert [(text_of(each), each["message"]["messageId"]) for each in received] == list(
        zip(["one", "two"], ids, strict=True)
    )
    assert received[0]["message"]["attributes"] == {"kind": "x"}
    assert "deliveryAttempt" not in received[0]
    assert cloud.pull("first") == []
    cloud.acknowledge(received[0], name="first")
    cloud.later(11)
    assert cloud.texts("first") == ["two"]
    assert cloud.texts("second") == ["one", "two"]


def test_a_deadline_can_be_prolonged_and_given_up(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription()
    cloud.publish("one")
    (received,) = cloud.pull()
    cloud.nack(received, seconds=60)
    cloud.later(30)
    assert cloud.pull() == []
    cloud.nack(received)
    (again,) = cloud.pull()
    assert again["ackId"] != received["ackId"]
    cloud.acknowledge(received)  # too late: the message is on loan to somebody else
    cloud.later(11)
    assert cloud.texts() == ["one"]


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("pull", {"maxMessages": 0}),
        ("pull", {}),
        ("acknowledge", {"ackIds": ["nonsense"]}),
        ("acknowledge", {"ackIds": []}),
        ("modifyAckDeadline", {"ackIds": ["bm9uZQ=="], "ackDeadlineSeconds": 601}),
        ("seek", {}),
    ],
)
def test_requests_against_the_rules_are_refused(cloud: TimedCloud, verb: str, body: object) -> None:
    cloud.topic()
    cloud.subscription()
    assert cloud.call("POST", f"{WORKER}:{verb}", body).status == 400


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{}],
        [{"data": ""}],
        [{"attributes": {"goog-x": "1"}}],
        [{"attributes": {"k" * 257: "1"}}],
        [{"attributes": {"k": "v" * 1025}}],
        [{"attributes": {str(number): "v" for number in range(101)}}],
        [{"data": "eA==", "orderingKey": "k" * 1025}],
        [{"data": "eA=="}] * 1001,
        [{"data": base64.b64encode(b"x" * 10_485_761).decode()}],
    ],
)
def test_what_pubsub_does_not_take(cloud: TimedCloud, messages: object) -> None:
    cloud.topic()
    cloud.subscription()
    assert cloud.call("POST", f"{PUBSUB}/topics/events:publish", {"messages": messages}).status == 400
    assert cloud.pull() == []


def test_a_pull_waits_for_a_message(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription()
    headers = {"authorization": f"Bearer {cloud.operator}", "content-type": "application/json"}
    host, _, path = WORKER.partition("/")
    answer = cloud.application(Request("POST", host, f"/{path}:pull", "", headers, b'{"maxMessages": 5}'))
    assert not isinstance(answer.body, bytes)
    publisher = threading.Thread(target=cloud.publish, args=("late",))
    publisher.start()
    document = json.loads(b"".join(answer.body))
    publisher.join()
    assert [text_of(each) for each in document["receivedMessages"]] == ["late"]


def test_a_waiting_pull_ends_with_its_subscription_and_with_the_server(cloud: TimedCloud) -> None:
    cloud.topic()
    headers = {"authorization": f"Bearer {cloud.operator}", "content-type": "application/json"}
    host, _, path = WORKER.partition("/")
    request = Request("POST", host, f"/{path}:pull", "", headers, b'{"maxMessages": 5}')
    cloud.subscription()
    answer = cloud.application(request)
    cloud.ok("DELETE", WORKER)
    assert b"".join(answer.body) == b"{}\n"  # type: ignore[arg-type]
    cloud.subscription()
    answer = cloud.application(request)
    cloud.world.errands.stop()
    assert b"".join(answer.body) == b"{}\n"  # type: ignore[arg-type]


def test_messages_of_a_key_come_in_order_and_again_in_order(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription(enableMessageOrdering=True)
    cloud.publish("a1", "a2", "a3", orderingKey="a")
    cloud.publish("b1", orderingKey="b")
    first = cloud.pull(most=1)
    assert [text_of(each) for each in first] == ["a1"]
    rest = cloud.pull()
    assert [text_of(each) for each in rest] == ["b1"]  # a2 waits for a1
    cloud.acknowledge(*first, *rest)
    pair = cloud.pull()
    assert [text_of(each) for each in pair] == ["a2", "a3"]
    cloud.acknowledge(pair[1])
    cloud.nack(pair[0])
    again = cloud.pull()
    assert [text_of(each) for each in again] == ["a2", "a3"]  # what follows a returned message returns with it
    cloud.acknowledge(again[1], again[0])
    cloud.later(60)
    assert cloud.pull() == []


def test_a_retry_policy_holds_messages_back(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription(retryPolicy={"minimumBackoff": "20s", "maximumBackoff": "30s"})
    cloud.publish("one")
    cloud.nack(*cloud.pull())
    cloud.later(19)
    assert cloud.pull() == []
    cloud.later(1)
    cloud.nack(*cloud.pull())
    cloud.later(29)
    assert cloud.pull() == []
    cloud.later(1)
    assert cloud.texts() == ["one"]


def test_a_filter_decides_what_a_subscription_gets(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription(filter='attributes.kind = "x"')
    cloud.publish("no", attributes={"kind": "y"})
    cloud.publish("yes", attributes={"kind": "x"})
    assert cloud.texts() == ["yes"]
    body = {"topic": f"projects/{PROJECT}/topics/events", "filter": "attributes.kind"}
    refused = cloud.call("PUT", f"{PUBSUB}/subscriptions/other", body)
    assert (refused.status, "filter" in refused.message) == (400, True)
    patch = {"subscription": {"filter": ""}, "updateMask": "filter"}
    assert cloud.call("PATCH", WORKER, patch).status == 400


def _dead_letters(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.topic("dead")
    cloud.subscription("graves", "dead")
    policy = {"deadLetterTopic": f"projects/{PROJECT}/topics/dead", "maxDeliveryAttempts": 5}
    cloud.subscription(deadLetterPolicy=policy)
    cloud.publish("bad", attributes={"kind": "x"})


def test_dead_letters_need_the_grants_of_pubsubs_agent(cloud: TimedCloud) -> None:
    _dead_letters(cloud)
    for attempt in range(1, 8):
        (received,) = cloud.pull()
        assert received["deliveryAttempt"] == attempt
        cloud.nack(received)
    cloud.allow(f"{PUBSUB}/topics/dead", "roles/pubsub.publisher", AGENT)
    (received,) = cloud.pull()
    cloud.nack(received)
    cloud.allow(WORKER, "roles/pubsub.subscriber", AGENT)
    assert cloud.pull() == []
    (letter,) = cloud.pull("graves")
    attributes = letter["message"]["attributes"]
    assert (text_of(letter), attributes["kind"]) == ("bad", "x")
    assert attributes["CloudPubSubDeadLetterSourceSubscription"] == "worker"
    assert attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == "8"


def test_dead_letters_are_forwarded_as_time_passes(cloud: TimedCloud) -> None:
    _dead_letters(cloud)
    cloud.allow(f"{PUBSUB}/topics/dead", "roles/pubsub.publisher", AGENT)
    cloud.allow(WORKER, "roles/pubsub.subscriber", AGENT)
    for _ in range(4):
        cloud.nack(*cloud.pull())
    assert len(cloud.pull()) == 1
    cloud.later(11)
    assert cloud.texts("graves") == ["bad"]


@pytest.mark.parametrize(
    "policy",
    [
        {"deadLetterPolicy": {"deadLetterTopic": f"projects/{PROJECT}/topics/none"}},
        {"deadLetterPolicy": {"deadLetterTopic": f"projects/{PROJECT}/topics/events", "maxDeliveryAttempts": 4}},
        {"ackDeadlineSeconds": 9},
        {"messageRetentionDuration": "60s"},
        {"expirationPolicy": {"ttl": "3600s"}},
        {"retryPolicy": {"minimumBackoff": "601s"}},
        {"pushConfig": {"pushEndpoint": "http://example.org/x"}},
        {"pushConfig": {"pushEndpoint": "nowhere"}},
    ],
)
def test_a_subscription_that_could_not_work_is_refused(cloud: TimedCloud, policy: dict[str, object]) -> None:
    cloud.topic()
    body = {"topic": f"projects/{PROJECT}/topics/events"} | policy
    assert cloud.call("PUT", WORKER, body).status in {400, 404}
    assert cloud.call("GET", WORKER).status == 404


def test_old_messages_and_unused_subscriptions_end(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription(messageRetentionDuration="600s", expirationPolicy={"ttl": "86400s"})
    cloud.subscription("kept", expirationPolicy={})
    cloud.publish("one")
    cloud.later(601)
    assert cloud.pull() == []
    assert cloud.texts("kept") == ["one"]
    cloud.later(86400 + 3600)
    assert cloud.call("GET", WORKER).status == 404
    assert cloud.call("GET", f"{PUBSUB}/subscriptions/kept").status == 200


def test_exactly_once_refuses_acknowledgements_that_come_too_late(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription(enableExactlyOnceDelivery=True)
    cloud.publish("one")
    (received,) = cloud.pull()
    cloud.later(11)
    refused = cloud.call("POST", f"{WORKER}:acknowledge", {"ackIds": [received["ackId"]]})
    metadata = refused.body["error"]["details"][0]["metadata"]
    assert (refused.status, metadata) == (400, {received["ackId"]: "PERMANENT_FAILURE_INVALID_ACK_ID"})
    (again,) = cloud.pull()
    cloud.acknowledge(again)
    cloud.later(11)
    assert cloud.pull() == []


def test_who_consumes_needs_the_right_to(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription()
    token = cloud.user_token("ann@example.com")
    url = f"{PUBSUB}/topics/events:publish"
    body = {"messages": [{"data": "eA=="}]}
    assert cloud.call("POST", url, body, token=token).status == 403
    cloud.allow(f"{PUBSUB}/topics/events", "roles/pubsub.publisher", "user:ann@example.com")
    assert cloud.call("POST", url, body, token=token).status == 200
    pull = {"maxMessages": 1, "returnImmediately": True}
    assert cloud.call("POST", f"{WORKER}:pull", pull, token=token).status == 403
    cloud.allow(WORKER, "roles/pubsub.subscriber", "user:ann@example.com")
    assert cloud.call("POST", f"{WORKER}:pull", pull, token=token).status == 200


def test_a_detached_subscription_is_empty_for_good(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.subscription()
    cloud.publish("one")
    cloud.ok("POST", f"{WORKER}:detach", {})
    cloud.publish("two")
    assert cloud.ok("GET", WORKER)["detached"] is True
    assert cloud.call("POST", f"{WORKER}:pull", {"maxMessages": 1}).status == 400
    assert cloud.ok("GET", f"{PUBSUB}/topics/events/subscriptions") == {}
