"""The XML API: objects, lists, multipart uploads, signed URLs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime
from urllib.parse import quote

import pytest

from tests.sandbox.core.cloud import PROJECT, Answer, GoogleCloud

HOST = "storage.googleapis.com"
SIGNER = f"signer@{PROJECT}.iam.gserviceaccount.com"
ONE = hashlib.md5(b"one", usedforsecurity=False).hexdigest()
FIVE = b"x" * (5 * 1024 * 1024)


@pytest.fixture
def bucket(cloud: GoogleCloud) -> GoogleCloud:
    cloud.bucket("acme-data")
    return cloud


def code(answer: Answer) -> str:
    found = re.search(r"<Code>(\w+)</Code>", answer.content.decode())
    return found[1] if found else ""


def one(name: str, answer: Answer) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", answer.content.decode())
    assert found, answer.content
    return found[1]


def test_objects(bucket: GoogleCloud) -> None:
    sent = {"content-type": "text/csv", "x-goog-meta-k": "v", "cache-control": "no-store"}
    made = bucket.call("PUT", f"{HOST}/acme-data/a%2Fb", b"one", headers=sent)
    assert (made.status, made.headers["etag"]) == (200, f'"{ONE}"')
    read = bucket.call("GET", "acme-data.storage.googleapis.com/a%2Fb")
    assert (read.content, read.headers["content-type"], read.headers["x-goog-meta-k"]) == (b"one", "text/csv", "v")
    assert bucket.call("HEAD", f"{HOST}/acme-data/a%2Fb").headers["cache-control"] == "no-store"
    known = {"if-none-match": made.headers["etag"]}
    assert bucket.call("GET", f"{HOST}/acme-data/a%2Fb", headers=known).status == 304
    again = bucket.call("PUT", f"{HOST}/acme-data/a%2Fb", b"two", headers={"x-goog-if-generation-match": "0"})
    assert (again.status, code(again)) == (412, "PreconditionFailed")
    wrong = bucket.call("PUT", f"{HOST}/acme-data/c", b"two", headers={"x-goog-hash": "md5=AAAA"})
    assert wrong.status == 400
    copied = bucket.call("PUT", f"{HOST}/acme-data/d", b"", headers={"x-goog-copy-source": "/acme-data/a%2Fb"})
    assert one("ETag", copied).strip('"') == ONE
    assert bucket.call("DELETE", f"{HOST}/acme-data/a%2Fb").status == 204
    gone = bucket.call("GET", f"{HOST}/acme-data/a%2Fb")
    assert (gone.status, code(gone)) == (404, "NoSuchKey")
    assert code(bucket.call("GET", f"{HOST}/acme-none/a")) == "NoSuchBucket"
    assert code(bucket.call("PUT", f"{HOST}/acme-data/e", b"x", token=bucket.user("x@example.com"))) == "AccessDenied"
    assert code(bucket.call("GET", f"{HOST}/acme-data/d?acl")) == "NotImplemented"


def test_lists(bucket: GoogleCloud) -> None:
    for name in ("a/1", "a/2", "b", "c", "d"):
        bucket.upload("acme-data", name, b"x")
    first = bucket.call("GET", f"{HOST}/acme-data?delimiter=/&max-keys=2")
    text = first.content.decode()
    assert re.findall(r"<Key>(.*?)</Key>", text) == ["b"]
    assert re.findall(r"<CommonPrefixes><Prefix>(.*?)</Prefix>", text) == ["a/"]
    rest = bucket.call("GET", f"acme-data.{HOST}/?delimiter=/&marker={one('NextMarker', first)}").content.decode()
    assert re.findall(r"<Key>(.*?)</Key>", rest) == ["c", "d"]
    second = bucket.call("GET", f"{HOST}/acme-data?list-type=2&max-keys=3&start-after=a/1")
    assert (one("KeyCount", second), one("IsTruncated", second)) == ("3", "true")
    token = one("NextContinuationToken", second)
    last = bucket.call("GET", f"{HOST}/acme-data?list-type=2&continuation-token={token}").content.decode()
    assert re.findall(r"<Key>(.*?)</Key>", last) == ["d"]
    assert bucket.call("HEAD", f"{HOST}/acme-data").status == 200


def complete(parts: list[tuple[int, str]]) -> bytes:
    inner = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{tag}</ETag></Part>" for n, tag in parts)
    return f"<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>".encode()


def test_a_multipart_upload(bucket: GoogleCloud) -> None:
    url = f"{HOST}/acme-data/big"
    identifier = one("UploadId", bucket.call("POST", f"{url}?uploads", b"", headers={"content-type": "text/csv"}))
    session = f"{url}?uploadId={identifier}"
    sent = ((2, b"end"), (1, FIVE))
    tags = [bucket.call("PUT", f"{session}&partNumber={n}", data).headers["etag"] for n, data in sent]
    assert "<PartNumber>1</PartNumber>" in bucket.call("GET", session).content.decode()
    assert identifier in bucket.call("GET", f"{HOST}/acme-data?uploads").content.decode()
    assert code(bucket.call("POST", session, complete([(2, tags[0]), (1, tags[1])]))) == "InvalidPartOrder"
    assert code(bucket.call("POST", session, complete([(1, tags[0])]))) == "InvalidPart"
    done = bucket.call("POST", session, complete([(1, tags[1]), (2, tags[0])]))
    assert one("ETag", done).endswith('-2"')
    shown = bucket.call("GET", f"{HOST}/storage/v1/b/acme-data/o/big").body
    assert (shown["size"], shown["contentType"], "md5Hash" in shown) == (str(len(FIVE) + 3), "text/csv", False)
    assert code(bucket.call("GET", session)) == "NoSuchUpload"


def test_small_parts_and_given_up_uploads(bucket: GoogleCloud) -> None:
    url = f"{HOST}/acme-data/big"
    session = f"{url}?uploadId={one('UploadId', bucket.call('POST', f'{url}?uploads', b''))}"
    tags = [bucket.call("PUT", f"{session}&partNumber={n}", b"small").headers["etag"] for n in (1, 2)]
    assert code(bucket.call("POST", session, complete([(1, tags[0]), (2, tags[1])]))) == "EntityTooSmall"
    assert bucket.call("DELETE", session).status == 204
    assert code(bucket.call("PUT", f"{session}&partNumber=1", b"x")) == "NoSuchUpload"


def signed(cloud: GoogleCloud, verb: str, path: str, seconds: int = 600, tamper: str = "") -> str:
    """Return a signed URL (without its scheme), signed by the IAM Credentials API."""
    now = cloud.world.clock.now()
    moment, date = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    scope = f"{date}/auto/storage/goog4_request"
    query = "&".join(
        (
            "X-Goog-Algorithm=GOOG4-RSA-SHA256",
            f"X-Goog-Credential={quote(f'{SIGNER}/{scope}', safe='')}",
            f"X-Goog-Date={moment}",
            f"X-Goog-Expires={seconds}",
            "X-Goog-SignedHeaders=host",
        )
    )
    canonical = f"{verb}\n{path}\n{query}\nhost:{HOST}\n\nhost\nUNSIGNED-PAYLOAD"
    text = f"GOOG4-RSA-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    url = f"iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{SIGNER}:signBlob"
    blob = cloud.call("POST", url, {"payload": base64.b64encode(text.encode()).decode()}).body["signedBlob"]
    return f"{HOST}{tamper or path}?{query}&X-Goog-Signature={base64.b64decode(blob).hex()}"


@pytest.fixture
def signer(bucket: GoogleCloud) -> GoogleCloud:
    for name in ("iam", "iamcredentials"):
        enable = f"serviceusage.googleapis.com/v1/projects/{PROJECT}/services/{name}.googleapis.com:enable"
        bucket.call("POST", enable, {})
    accounts = f"iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts"
    assert bucket.call("POST", accounts, {"accountId": "signer"}).status == 200
    grant = {"bindings": [{"role": "roles/storage.objectUser", "members": [f"serviceAccount:{SIGNER}"]}]}
    policy = f"iam.googleapis.com/v1/projects/-/serviceAccounts/{SIGNER}:setIamPolicy"
    mine = {"role": "roles/iam.serviceAccountTokenCreator", "members": ["user:operator@example.com"]}
    assert bucket.call("POST", policy, {"policy": {"bindings": [mine]}}).status == 200
    assert bucket.call("PUT", f"{HOST}/storage/v1/b/acme-data/iam", grant).status == 200
    return bucket


def test_a_signed_url_opens_one_object_for_a_while(signer: GoogleCloud) -> None:
    put = signed(signer, "PUT", "/acme-data/up")
    assert signer.call("PUT", put, b"sent", token="", headers={"content-type": "text/plain"}).status == 200
    url = signed(signer, "GET", "/acme-data/up")
    assert signer.call("GET", url, token="").content == b"sent"
    assert code(signer.call("PUT", url, b"x", token="")) == "SignatureDoesNotMatch"
    other = signed(signer, "GET", "/acme-data/up", tamper="/acme-data/other")
    refused = signer.call("GET", other, token="")
    assert (refused.status, code(refused)) == (403, "SignatureDoesNotMatch")
    signer.world.clock.advance(601)
    expired = signer.call("GET", url, token="")
    assert (expired.status, code(expired)) == (400, "ExpiredToken")
    assert b"Request signature expired at" in expired.content


def test_a_signed_url_holds_no_more_than_its_signer(signer: GoogleCloud) -> None:
    signer.upload("acme-data", "a", b"1")
    nothing = {"bindings": [{"role": "roles/storage.legacyBucketReader", "members": [f"serviceAccount:{SIGNER}"]}]}
    signer.call("PUT", f"{HOST}/storage/v1/b/acme-data/iam", nothing)
    assert code(signer.call("GET", signed(signer, "GET", "/acme-data/a"), token="")) == "AccessDenied"
    assert code(signer.call("GET", signed(signer, "GET", "/acme-data/a", seconds=999999), token="")) == (
        "MalformedSecurityHeader"
    )


def hmac_headers(access: str, secret: str, verb: str, path: str, now: datetime) -> dict[str, str]:
    moment, date = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    scope = f"{date}/auto/storage/goog4_request"
    names = "host;x-goog-date"
    canonical = f"{verb}\n{path}\n\nhost:{HOST}\nx-goog-date:{moment}\n\n{names}\nUNSIGNED-PAYLOAD"
    text = f"GOOG4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"GOOG4{secret}".encode()
    for part in (date, "auto", "storage", "goog4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    value = f"GOOG4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {"authorization": value, "x-goog-date": moment}


def test_hmac_keys_sign_requests(signer: GoogleCloud) -> None:
    signer.upload("acme-data", "a", b"1")
    keys = f"{HOST}/storage/v1/projects/{PROJECT}/hmacKeys"
    made = signer.call("POST", f"{keys}?serviceAccountEmail={SIGNER}").body
    access = made["metadata"]["accessId"]
    assert (len(access), len(made["secret"]), made["metadata"]["state"]) == (61, 40, "ACTIVE")

    def read(secret: str) -> Answer:
        sent = hmac_headers(access, secret, "GET", "/acme-data/a", signer.world.clock.now())
        return signer.call("GET", f"{HOST}/acme-data/a", headers=sent, token="")

    assert read(made["secret"]).content == b"1"
    assert read("wrong").status == 403
    assert signer.call("DELETE", f"{keys}/{access}").status == 400
    assert signer.call("PUT", f"{keys}/{access}", {"state": "INACTIVE"}).body["state"] == "INACTIVE"
    assert read(made["secret"]).status == 403
    assert signer.call("DELETE", f"{keys}/{access}").status == 204
    assert "items" not in signer.call("GET", keys).body
    assert signer.call("GET", f"{keys}?showDeletedKeys=true").body["items"][0]["state"] == "DELETED"
    assert "secret" not in signer.call("GET", f"{keys}/{access}").body
