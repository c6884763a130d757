from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from model_product.model import Model
from model_product.safe import Limits, Scorer
from model_product.service import LARGEST_BODY, create

MODEL = Model("1.0.0", ("a", "b", "c"), (0.0,) * 3, (1.0,) * 3, (1.0, 2.0, 3.0), 0.0, 0.25)


class Clock:
    """Time that passes only when it is told to, or by ``step`` seconds at every look."""

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock) -> Iterator[TestClient]:
    with TestClient(create(Scorer(MODEL, Limits(), clock))) as started:
        yield started


def test_health_names_the_model(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok", "model": "1.0.0"}


def test_a_complete_record_is_scored_by_the_model(client: TestClient) -> None:
    answer = client.post("/score", json={"inputs": {"a": 1, "b": 1, "c": 1}}).json()
    assert answer["source"] == "model"
    assert answer["score"] == pytest.approx(0.997527, abs=1e-6)


def test_one_missing_input_is_tolerated(client: TestClient) -> None:
    assert client.post("/score", json={"inputs": {"a": 1, "b": 1}}).json()["source"] == "model"


def test_missing_inputs_get_the_safe_answer(client: TestClient) -> None:
    answer = client.post("/score", json={"inputs": {"a": 1}}).json()
    assert (answer["source"], answer["score"]) == ("safe", 0.25)
    assert answer["reason"] == "2 of 3 inputs are missing"


def test_slow_answers_let_the_model_rest_and_then_return(client: TestClient, clock: Clock) -> None:
    body = {"inputs": {"a": 1, "b": 1, "c": 1}}
    clock.step = 0.5
    assert [client.post("/score", json=body).json()["source"] for _ in range(4)] == ["model"] * 3 + ["safe"]
    clock.step = 0.0
    clock.now += 60
    assert client.post("/score", json=body).json()["source"] == "model"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422),
        (b"[]", 422),
        (b'{"inputs": {"a": "x", "b": 1, "c": 1}}', 422),
        (b'{"inputs": {"a": true}}', 422),
        (b" " * (LARGEST_BODY + 1), 413),
    ],
)
def test_bad_requests_are_told_so(client: TestClient, body: bytes, status: int) -> None:
    answer = client.post("/score", content=body)
    assert answer.status_code == status
    assert answer.json()["error"]
