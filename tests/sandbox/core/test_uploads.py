"""Uploads in parts, and reads at the root of the host."""

from __future__ import annotations

import pytest

from tests.sandbox.core.cloud import Answer, GoogleCloud

UPLOAD = "storage.googleapis.com/upload/storage/v1/b/acme-data/o"
READ = "storage.googleapis.com/storage/v1/b/acme-data/o"
GRAIN = 256 * 1024


@pytest.fixture
def bucket(cloud: GoogleCloud) -> GoogleCloud:
    cloud.bucket("acme-data")
    return cloud


def begin(cloud: GoogleCloud, name: str = "big", query: str = "") -> str:
    body = {"metadata": {"k": "v"}, "contentType": "text/csv"}
    started = cloud.call("POST", f"{UPLOAD}?uploadType=resumable&name={name}{query}", body)
    assert started.status == 200
    return started.headers["location"].removeprefix("https://")


def send(cloud: GoogleCloud, session: str, chunk: bytes, where: str) -> Answer:
    return cloud.call("PUT", session, chunk, headers={"content-range": where}, token="")


def test_a_resumable_upload(bucket: GoogleCloud) -> None:
    content = bytes(range(256)) * 2300
    session = begin(bucket)
    first = send(bucket, session, content[:GRAIN], f"bytes 0-{GRAIN - 1}/*")
    assert (first.status, first.headers["range"]) == (308, f"bytes=0-{GRAIN - 1}")
    # A connection broke in between: what was kept is asked for, and sending goes on from there.
    asked = send(bucket, session, b"", f"bytes */{len(content)}")
    assert (asked.status, asked.headers["range"]) == (308, f"bytes=0-{GRAIN - 1}")
    last = send(bucket, session, content[GRAIN:], f"bytes {GRAIN}-{len(content) - 1}/{len(content)}")
    assert (last.status, last.body["size"]) == (200, str(len(content)))
    assert (last.body["contentType"], last.body["metadata"]) == ("text/csv", {"k": "v"})
    assert bucket.call("GET", f"{READ}/big?alt=media").content == content
    # The last answer may be lost: whoever asks again gets it.
    assert send(bucket, session, b"", f"bytes */{len(content)}").body["generation"] == last.body["generation"]


def test_only_whole_grains_of_an_unfinished_chunk_are_kept(bucket: GoogleCloud) -> None:
    session = begin(bucket)
    answer = send(bucket, session, bytes(GRAIN + 5), f"bytes 0-{GRAIN + 4}/*")
    assert answer.headers["range"] == f"bytes=0-{GRAIN - 1}"
    gap = send(bucket, session, b"x", f"bytes {GRAIN + 9}-{GRAIN + 9}/*")
    assert gap.status == 503
    wrong = send(bucket, session, b"xx", f"bytes {GRAIN}-{GRAIN + 1}/{GRAIN + 1}")
    assert wrong.status == 400


def test_conditions_hold_until_the_end(bucket: GoogleCloud) -> None:
    session = begin(bucket, query="&ifGenerationMatch=0")
    bucket.upload("acme-data", "big", b"quicker")
    assert send(bucket, session, b"slower", "bytes 0-5/6").status == 412
    assert bucket.call("GET", f"{READ}/big?alt=media").content == b"quicker"


def test_an_upload_can_be_given_up(bucket: GoogleCloud) -> None:
    session = begin(bucket)
    assert bucket.call("DELETE", session, token="").status == 499
    assert send(bucket, session, b"x", "bytes 0-0/1").status == 404
    assert send(bucket, session.replace("upload_id=", "upload_id=guess"), b"x", "bytes 0-0/1").status == 404


@pytest.mark.parametrize(
    "body",
    [
        b"--B\r\nContent-Type: application/json\r\n\r\n{}\r\n--B--\r\n",
        b"--B\r\nContent-Type: application/json\r\n\r\n{}\r\n--B\r\n\r\nx",
        b"nothing",
        b"",
    ],
)
def test_a_multipart_body_that_is_none(bucket: GoogleCloud, body: bytes) -> None:
    headers = {"content-type": "multipart/related; boundary=B"}
    assert bucket.call("POST", f"{UPLOAD}?uploadType=multipart&name=a", body, headers=headers).status == 400


def test_multipart_content_is_kept_byte_for_byte(bucket: GoogleCloud) -> None:
    content = b"\r\n--not the boundary\r\n\x00\xff\r\n"
    head = b'--B\r\nContent-Type: application/json\r\n\r\n{"name":"a","md5Hash":"AAAAAAAAAAAAAAAAAAAAAA=="}\r\n'
    wrong = head + b"--B\r\nContent-Type: application/zip\r\n\r\n" + content + b"\r\n--B--"
    headers = {"content-type": 'multipart/related; boundary="B"'}
    refused = bucket.call("POST", f"{UPLOAD}?uploadType=multipart", wrong, headers=headers)
    assert (refused.status, "doesn't match calculated MD5" in refused.message) == (400, True)
    good = wrong.replace(b',"md5Hash":"AAAAAAAAAAAAAAAAAAAAAA=="', b"")
    made = bucket.call("POST", f"{UPLOAD}?uploadType=multipart", good, headers=headers)
    assert made.body["contentType"] == "application/zip"
    assert bucket.call("GET", f"{READ}/a?alt=media").content == content


def test_reads_at_the_root_are_xml(bucket: GoogleCloud) -> None:
    made = bucket.upload("acme-data", "team/dev/default.tfstate", b"{}").body
    found = bucket.call("GET", "storage.googleapis.com/acme-data/team/dev/default.tfstate")
    assert (found.status, found.content) == (200, b"{}")
    assert found.headers["x-goog-generation"] == made["generation"]
    missing = bucket.call("GET", "storage.googleapis.com/acme-data/nope")
    assert (missing.status, b"<Code>NoSuchKey</Code>" in missing.content) == (404, True)
    assert b"NoSuchBucket" in bucket.call("GET", "storage.googleapis.com/acme-none/nope").content
    stranger = bucket.user("stranger@example.com")
    refused = bucket.call("GET", "storage.googleapis.com/acme-data/team/dev/default.tfstate", token=stranger)
    assert (refused.status, b"<Code>AccessDenied</Code>" in refused.content) == (403, True)
    assert b"stranger@example.com does not have storage.objects.get" in refused.content
    assert bucket.call("GET", "storage.googleapis.com/acme-data/nope", token="").status == 401
    stale = {"x-goog-if-generation-match": "1"}
    url = "storage.googleapis.com/acme-data/team/dev/default.tfstate"
    assert bucket.call("GET", url, headers=stale).status == 412
    assert bucket.call("GET", "storage.googleapis.com/storage/v1/nonsense").status == 501
