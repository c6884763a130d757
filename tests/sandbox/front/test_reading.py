from __future__ import annotations

import h11
import pytest

from provisioner.sandbox.front.connection import read_request


@pytest.mark.parametrize(
    ("target", "host", "path", "query"),
    [
        ("/v1/token", "sts.googleapis.com", "/v1/token", ""),
        (
            "/id?x=1&audience=https://iam.googleapis.com/p",
            "sts.googleapis.com",
            "/id",
            "x=1&audience=https://iam.googleapis.com/p",
        ),
        ("http://storage.googleapis.com/b/o?alt=media", "storage.googleapis.com", "/b/o", "alt=media"),
        ("http://storage.googleapis.com", "storage.googleapis.com", "/", ""),
    ],
)
def test_a_target_names_another_host_only_in_absolute_form(target: str, host: str, path: str, query: str) -> None:
    given = "" if target.startswith("http") else "sts.googleapis.com"
    request = read_request(
        h11.Request(method="GET", target=target, headers=[("Host", "sts.googleapis.com")]), b"", given
    )
    assert (request.host, request.path, request.query) == (host, path, query)
