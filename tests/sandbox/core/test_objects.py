"""Objects: versions, soft delete, conditions, copies, listing."""

from __future__ import annotations

import base64
import hashlib

import pytest

from tests.sandbox.core.cloud import GoogleCloud

ROOT = "storage.googleapis.com/storage/v1/b/acme-data/o"


@pytest.fixture
def versioned(cloud: GoogleCloud) -> GoogleCloud:
    cloud.bucket("acme-data", versioning={"enabled": True})
    return cloud


@pytest.fixture
def plain(cloud: GoogleCloud) -> GoogleCloud:
    cloud.bucket("acme-data")
    return cloud


def names(cloud: GoogleCloud, query: str = "") -> list[str]:
    return [item["name"] for item in cloud.call("GET", f"{ROOT}?{query}").body.get("items", [])]


def test_what_is_written_is_read(plain: GoogleCloud) -> None:
    content = bytes(range(256)) * 300
    made = plain.upload("acme-data", "a/b%20%C3%BC", content).body
    assert made["name"] == "a/b ü"
    assert made["size"] == str(len(content))
    assert made["md5Hash"] == base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    path = "a%2Fb%20%C3%BC"
    read = plain.call("GET", f"{ROOT}/{path}?alt=media")
    assert read.content == content
    assert read.headers["x-goog-hash"] == f"crc32c={made['crc32c']},md5={made['md5Hash']}"
    assert plain.call("GET", made["mediaLink"].removeprefix("https://")).content == content
    part = plain.call("GET", f"{ROOT}/{path}?alt=media", headers={"range": "bytes=10-19"})
    assert (part.status, part.content) == (206, content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(content)}"
    assert plain.call("GET", f"{ROOT}/{path}?alt=media", headers={"range": "bytes=-5"}).content == content[-5:]
    assert plain.call("GET", f"{ROOT}/{path}?alt=media", headers={"range": "bytes=99999-"}).status == 416


def test_the_checksum_of_the_rfc(plain: GoogleCloud) -> None:
    # RFC 3720 appendix B.4: 32 bytes of zeroes have the CRC-32C 8A9136AA.
    made = plain.upload("acme-data", "zeroes", bytes(32)).body
    assert base64.b64decode(made["crc32c"]).hex() == "8a9136aa"


def test_only_one_of_two_writers_gets_the_lock(plain: GoogleCloud) -> None:
    first = plain.upload("acme-data", "state.tflock", b"{}", "&ifGenerationMatch=0")
    second = plain.upload("acme-data", "state.tflock", b"{}", "&ifGenerationMatch=0")
    assert (first.status, second.status, second.reason) == (200, 412, "conditionNotMet")
    generation = first.body["generation"]
    wrong = plain.call("DELETE", f"{ROOT}/state.tflock?ifGenerationMatch={int(generation) + 1}")
    assert wrong.status == 412
    assert plain.call("DELETE", f"{ROOT}/state.tflock?ifGenerationMatch={generation}").status == 204
    assert plain.call("DELETE", f"{ROOT}/state.tflock?ifGenerationMatch={generation}").status == 404
    assert plain.upload("acme-data", "state.tflock", b"{}", "&ifGenerationMatch=0").status == 200


def test_versions(versioned: GoogleCloud) -> None:
    generations = [versioned.upload("acme-data", "a", text).body["generation"] for text in (b"1", b"2", b"3")]
    assert sorted(generations) == generations
    assert len(names(versioned)) == 1
    listed = versioned.call("GET", f"{ROOT}?versions=true").body["items"]
    assert [item["generation"] for item in listed] == generations
    assert "timeDeleted" in listed[0]
    assert "timeDeleted" not in listed[2]
    assert versioned.call("GET", f"{ROOT}/a?alt=media&generation={generations[0]}").content == b"1"
    assert versioned.call("DELETE", f"{ROOT}/a").status == 204
    assert versioned.call("GET", f"{ROOT}/a").message == "No such object: acme-data/a"
    assert versioned.call("GET", f"{ROOT}/a?alt=media&generation={generations[2]}").content == b"3"
    assert versioned.call("DELETE", f"{ROOT}/a?generation={generations[0]}").status == 204
    assert len(names(versioned, "versions=true")) == 2


def test_a_deleted_object_can_be_restored_for_a_while(plain: GoogleCloud) -> None:
    generation = plain.upload("acme-data", "a", b"precious").body["generation"]
    plain.call("DELETE", f"{ROOT}/a")
    assert names(plain) == []
    assert names(plain, "softDeleted=true") == ["a"]
    gone = plain.call("GET", f"{ROOT}/a?softDeleted=true&generation={generation}").body
    assert gone["hardDeleteTime"] > gone["softDeleteTime"]
    restored = plain.call("POST", f"{ROOT}/a/restore?generation={generation}", {})
    assert restored.status == 200
    assert restored.body["generation"] != generation
    assert plain.call("GET", f"{ROOT}/a?alt=media").content == b"precious"
    plain.call("DELETE", f"{ROOT}/a")
    plain.world.clock.advance(604801)
    assert names(plain, "softDeleted=true") == []
    assert plain.call("POST", f"{ROOT}/a/restore?generation={restored.body['generation']}", {}).status == 404


def test_no_soft_delete_where_the_bucket_has_none(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data", softDeletePolicy={"retentionDurationSeconds": "0"})
    cloud.upload("acme-data", "a", b"1")
    cloud.call("DELETE", f"{ROOT}/a")
    assert names(cloud, "softDeleted=true") == []


def test_metadata(plain: GoogleCloud) -> None:
    plain.upload("acme-data", "a", b"1")
    body = {"metadata": {"k": "v", "l": "w"}, "cacheControl": "no-store", "contentType": "text/csv"}
    assert plain.call("PATCH", f"{ROOT}/a", body).body["metageneration"] == "2"
    changed = plain.call("PATCH", f"{ROOT}/a", {"metadata": {"k": None}}).body
    assert changed["metadata"] == {"l": "w"}
    read = plain.call("GET", f"{ROOT}/a?alt=media").headers
    assert (read["x-goog-meta-l"], read["cache-control"], read["content-type"]) == ("w", "no-store", "text/csv")
    replaced = plain.call("PUT", f"{ROOT}/a", {"contentType": "text/plain"}).body
    assert "metadata" not in replaced
    held = plain.call("PATCH", f"{ROOT}/a", {"temporaryHold": True})
    assert held.status == 200
    assert plain.call("DELETE", f"{ROOT}/a").status == 403


def test_reads_with_conditions(plain: GoogleCloud) -> None:
    generation = plain.upload("acme-data", "a", b"1").body["generation"]
    assert plain.call("GET", f"{ROOT}/a?ifGenerationNotMatch={generation}").status == 304
    assert plain.call("GET", f"{ROOT}/a?ifGenerationMatch={generation}").status == 200
    assert plain.call("GET", f"{ROOT}/a?ifGenerationMatch=1").status == 412
    assert plain.call("GET", f"{ROOT}/a?ifMetagenerationMatch=2").status == 412


def test_copy_rewrite_and_compose(plain: GoogleCloud) -> None:
    plain.upload("acme-data", "a", b"one")
    plain.upload("acme-data", "b", b"two")
    rewritten = plain.call("POST", f"{ROOT}/a/rewriteTo/b/acme-data/o/c%2Fd", {}).body
    assert (rewritten["done"], rewritten["resource"]["name"]) == (True, "c/d")
    assert plain.call("POST", f"{ROOT}/a/copyTo/b/acme-data/o/e", {}).body["contentType"] == "text/plain"
    joined = {"sourceObjects": [{"name": "a"}, {"name": "b"}], "destination": {"contentType": "text/csv"}}
    assert plain.call("POST", f"{ROOT}/ab/compose", joined).body["size"] == "6"
    assert plain.call("GET", f"{ROOT}/ab?alt=media").content == b"onetwo"
    stale = f"{ROOT}/a/rewriteTo/b/acme-data/o/x?ifSourceGenerationMatch=1"
    assert plain.call("POST", stale, {}).status == 412
    assert plain.call("POST", f"{ROOT}/nope/copyTo/b/acme-data/o/x", {}).status == 404


def test_listing(plain: GoogleCloud) -> None:
    for name in ("a/1", "a/2", "a/b/3", "b", "c/", "c/4", "d.txt"):
        plain.upload("acme-data", name, b"x")
    flat = plain.call("GET", f"{ROOT}?delimiter=/").body
    assert (flat["prefixes"], [item["name"] for item in flat["items"]]) == (["a/", "c/"], ["b", "d.txt"])
    inside = plain.call("GET", f"{ROOT}?delimiter=/&prefix=a/").body
    assert (inside["prefixes"], [item["name"] for item in inside["items"]]) == (["a/b/"], ["a/1", "a/2"])
    shown = plain.call("GET", f"{ROOT}?delimiter=/&prefix=c&includeTrailingDelimiter=true").body
    assert (shown["prefixes"], [item["name"] for item in shown["items"]]) == (["c/"], ["c/"])
    assert names(plain, "startOffset=a/2&endOffset=c/4") == ["a/2", "a/b/3", "b", "c/"]
    assert names(plain, "matchGlob=a/*") == ["a/1", "a/2"]
    assert names(plain, "matchGlob=**/[34]") == ["a/b/3", "c/4"]
    assert names(plain, "matchGlob={b,d.*}") == ["b", "d.txt"]
    assert plain.call("GET", f"{ROOT}?prefix=zzz").body == {"kind": "storage#objects"}


def test_a_listing_in_pages_has_each_prefix_once(plain: GoogleCloud) -> None:
    for number in range(6):
        plain.upload("acme-data", f"p{number // 2}/{number}", b"x")
    seen, token = [], ""
    while True:
        body = plain.call("GET", f"{ROOT}?delimiter=/&maxResults=1&pageToken={token}").body
        seen += body.get("prefixes", [])
        token = body.get("nextPageToken", "")
        if not token:
            break
    assert seen == ["p0/", "p1/", "p2/"]


@pytest.mark.parametrize("name", ["x" * 1025, "a%0Ab", "..", ""])
def test_names_that_are_refused(plain: GoogleCloud, name: str) -> None:
    assert plain.upload("acme-data", name, b"x").status == 400
