"""What is JSON to Python and not to Google, and parameters that are not there."""

from __future__ import annotations

import pytest

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.payload import parse
from tests.sandbox.core.cloud import GoogleCloud


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"a": NaN}', "Unexpected token. NaN"),
        (b'{"a": -Infinity}', "Unexpected token. -Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": "\\ud800"}', "surrogates not allowed"),
        (b'"\xed\xa0\x80"', "can't decode"),
        (b"\xff\xfe{\x00}\x00", "can't decode"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "too deep"),
        (b"[" * 100_000, "recursion"),
        (b"{", "Expecting property name"),
    ],
)
def test_what_google_does_not_read(content: bytes, text: str) -> None:
    with pytest.raises(ApiError, match="Invalid JSON payload received") as caught:
        parse(content)
    assert text in caught.value.message
    assert caught.value.code == 400


def test_what_google_reads() -> None:
    assert parse(b" \n") is None
    assert parse(b'\xef\xbb\xbf{"a": "\\ud83d\\ude00", "b": 1.5}') == {"a": "\N{GRINNING FACE}", "b": 1.5}
    assert parse(b"[" * 100 + b"]" * 100)
    assert len(parse(b"[" + b"{}," * 500 + b"{}]")) == 501


def test_a_parameter_that_a_method_cannot_do_without(cloud: GoogleCloud) -> None:
    answer = cloud.call("GET", "cloudresourcemanager.googleapis.com/v3/folders")
    assert (answer.status, answer.message) == (400, "Required parameter: parent")
