from __future__ import annotations

import http.client
from concurrent.futures import ThreadPoolExecutor

import pytest

from provisioner.errors import InvalidInput
from provisioner.sandbox.handle import Handle

pytestmark = pytest.mark.e2e
WORKERS, JOBS = 4, 24
NO_SUCH = {"repository": "acme/nothing", "event_name": "push", "ref": "refs/heads/main"}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[http.client.HTTPConnection]:
    """Every connection that is opened while a test runs."""
    connections: list[http.client.HTTPConnection] = []
    connect = http.client.HTTPConnection.connect

    def noted(self: http.client.HTTPConnection) -> None:
        connections.append(self)
        connect(self)

    monkeypatch.setattr(http.client.HTTPConnection, "connect", noted)
    return connections


def test_many_jobs_share_a_connection_per_thread_whatever_they_are_told(
    sandbox: Handle, opened: list[http.client.HTTPConnection]
) -> None:
    def refused(_: int) -> str:
        with pytest.raises(InvalidInput) as refusal:
            mint(NO_SUCH)
        return refusal.value.reason

    with sandbox.minting() as mint, ThreadPoolExecutor(WORKERS) as pool:
        reasons = set(pool.map(refused, range(JOBS)))
    with pytest.raises(InvalidInput) as alone:
        sandbox.mint_job_token(NO_SUCH)
    assert reasons == {alone.value.reason}
    assert 1 < len(opened) <= WORKERS + 1
    assert all(each.sock is None for each in opened), "a connection is left open"
