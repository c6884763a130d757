"""Push delivery to a real HTTP server on loopback."""

from __future__ import annotations

import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.sandbox.identity.cloud import PROJECT
from tests.sandbox.messaging.receiver import Receiver
from tests.sandbox.messaging.timed import PUBSUB, TimedCloud

WORKER = f"{PUBSUB}/subscriptions/worker"


def _settle(cloud: TimedCloud) -> None:
    cloud.world.errands.settle()


def test_a_push_is_a_post_with_the_message_inside(cloud: TimedCloud, receiver: Receiver) -> None:
    cloud.topic()
    cloud.subscription(pushConfig={"pushEndpoint": receiver.url})
    (message_id,) = cloud.publish("hello", attributes={"kind": "x"})
    _settle(cloud)
    (sent,) = receiver.requests
    document = json.loads(sent.body)
    assert document["subscription"] == f"projects/{PROJECT}/subscriptions/worker"
    assert document["message"]["messageId"] == document["message"]["message_id"] == message_id
    assert base64.b64decode(document["message"]["data"]) == b"hello"
    assert document["message"]["attributes"] == {"kind": "x"}
    assert (sent.path, "authorization" in sent.headers) == ("/inbox", False)
    cloud.later(3600)
    assert len(receiver.requests) == 1


def test_a_push_that_fails_comes_again_later_and_later(cloud: TimedCloud, receiver: Receiver) -> None:
    cloud.topic()
    retry = {"minimumBackoff": "10s", "maximumBackoff": "40s"}
    cloud.subscription(pushConfig={"pushEndpoint": receiver.url}, retryPolicy=retry)
    receiver.status = 500
    cloud.publish("hello")
    _settle(cloud)
    for wait, sent in ((9, 1), (1, 2), (19, 2), (1, 3), (40, 4), (40, 5)):
        cloud.later(wait)
        assert len(receiver.requests) == sent
    receiver.status = 200
    cloud.later(40)
    cloud.later(3600)
    assert len(receiver.requests) == 6


def test_a_receiver_knows_the_sender_by_its_token(cloud: TimedCloud, receiver: Receiver) -> None:
    cloud.topic()
    email = cloud.account("pusher")
    token = {"serviceAccountEmail": email, "audience": "https://service.example.com"}
    cloud.subscription(pushConfig={"pushEndpoint": receiver.url, "oidcToken": token})
    cloud.publish("hello")
    _settle(cloud)
    scheme, _, text = receiver.requests[0].headers["authorization"].partition(" ")
    keys = cloud.ok("GET", "https://www.googleapis.com/oauth2/v3/certs")
    claims = jwt.decode(text, KeySet.import_key_set(keys), algorithms=["RS256"]).claims  # type: ignore[arg-type]
    assert (scheme, claims["iss"], claims["aud"]) == ("Bearer", "https://accounts.google.com", token["audience"])
    assert (claims["email"], claims["email_verified"]) == (email, True)


def test_who_pushes_as_an_account_must_be_allowed_to_act_as_it(cloud: TimedCloud, receiver: Receiver) -> None:
    cloud.topic()
    email = cloud.account("pusher")
    project = f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}"
    cloud.allow(project, "roles/pubsub.editor", "user:ann@example.com")
    config = {"pushEndpoint": receiver.url, "oidcToken": {"serviceAccountEmail": email}}
    body = {"topic": f"projects/{PROJECT}/topics/events", "pushConfig": config}
    token = cloud.user_token("ann@example.com")
    assert cloud.call("PUT", WORKER, body, token=token).status == 403
    account = f"iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts/{email}"
    cloud.allow(account, "roles/iam.serviceAccountUser", "user:ann@example.com")
    assert cloud.call("PUT", WORKER, body, token=token).status == 200


def test_an_unwrapped_push_is_the_bare_content(cloud: TimedCloud, receiver: Receiver) -> None:
    cloud.topic()
    cloud.subscription(pushConfig={"pushEndpoint": receiver.url, "noWrapper": {"writeMetadata": True}})
    (message_id,) = cloud.publish("bare", attributes={"kind": "x", "with space": "y"})
    _settle(cloud)
    (sent,) = receiver.requests
    assert (sent.body, sent.headers["kind"]) == (b"bare", "x")
    assert sent.headers["x-goog-pubsub-message-id"] == message_id


def test_pushing_begins_and_ends_with_its_configuration(cloud: TimedCloud, receiver: Receiver) -> None:
    cloud.topic()
    cloud.subscription()
    cloud.publish("one")
    cloud.ok("POST", f"{WORKER}:modifyPushConfig", {"pushConfig": {"pushEndpoint": receiver.url}})
    refused = cloud.call("POST", f"{WORKER}:pull", {"maxMessages": 1})
    assert (refused.status, refused.message) == (400, "This method is not supported for this subscription type.")
    _settle(cloud)
    assert len(receiver.requests) == 1
    cloud.ok("POST", f"{WORKER}:modifyPushConfig", {"pushConfig": {}})
    cloud.publish("two")
    _settle(cloud)
    assert len(receiver.requests) == 1
    assert cloud.texts() == ["two"]


@pytest.mark.parametrize("address", ["https://example.com/inbox", "http://127.0.0.1:1/inbox"])
def test_nothing_leaves_the_machine(cloud: TimedCloud, address: str) -> None:
    cloud.topic()
    cloud.subscription(pushConfig={"pushEndpoint": address}, retryPolicy={})
    cloud.publish("hello")
    _settle(cloud)
    cloud.ok("POST", f"{WORKER}:modifyPushConfig", {"pushConfig": {}})
    cloud.later(600)
    assert cloud.texts() == ["hello"]


def test_a_push_into_the_sandbox_itself(cloud: TimedCloud) -> None:
    cloud.topic()
    cloud.topic("second")
    cloud.subscription("other", "second")
    target = f"https://{PUBSUB}/topics/second:publish?access_token={cloud.operator}"
    body = json.dumps({"messages": [{"data": "aGk="}]})
    cloud.subscription(pushConfig={"pushEndpoint": target, "noWrapper": {}})
    cloud.publish(body)
    _settle(cloud)
    assert cloud.texts("other") == ["hi"]


def test_dead_letters_of_pushes(cloud: TimedCloud, receiver: Receiver) -> None:
    cloud.topic()
    cloud.topic("dead")
    cloud.subscription("graves", "dead")
    policy = {"deadLetterTopic": f"projects/{PROJECT}/topics/dead", "maxDeliveryAttempts": 5}
    cloud.subscription(pushConfig={"pushEndpoint": receiver.url}, deadLetterPolicy=policy)
    agent = cloud.agent()
    cloud.allow(f"{PUBSUB}/topics/dead", "roles/pubsub.publisher", agent)
    cloud.allow(WORKER, "roles/pubsub.subscriber", agent)
    receiver.status = 503
    cloud.publish("bad")
    for _ in range(8):
        cloud.later(60)
    assert [json.loads(sent.body)["deliveryAttempt"] for sent in receiver.requests] == [1, 2, 3, 4, 5]
    assert cloud.texts("graves") == ["bad"]
