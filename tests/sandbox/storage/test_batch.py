"""Many calls in one request."""

from __future__ import annotations

from tests.sandbox.core.cloud import PROJECT, GoogleCloud

HOST = "storage.googleapis.com"
READ = "/storage/v1/b/acme-data"


def send(cloud: GoogleCloud, parts: list[str], path: str = "/batch/storage/v1", token: str | None = None) -> str:
    body = "".join(
        f"--XX\r\nContent-Type: application/http\r\nContent-ID: <id+{index}>\r\n\r\n{part}\r\n"
        for index, part in enumerate(parts)
    )
    sent = {"content-type": "multipart/mixed; boundary=XX"}
    answer = cloud.call("POST", HOST + path, (body + "--XX--\r\n").encode(), headers=sent, token=token)
    assert answer.status in {200, 400}
    return answer.content.decode()


def test_each_part_has_its_own_answer(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data")
    cloud.upload("acme-data", "a", b"1")
    change = '{"contentType": "text/csv"}'
    headers = f"Content-Type: application/json\r\nContent-Length: {len(change)}\r\n"
    text = send(
        cloud,
        [
            f"GET {READ}/o/a HTTP/1.1\r\n",
            f"DELETE {READ}/o/none HTTP/1.1\r\n",
            f"PATCH {READ}/o/a HTTP/1.1\r\n{headers}\r\n{change}",
            f"DELETE {READ}/o/a HTTP/1.1\r\n",
        ],
    )
    statuses = [line.split()[1] for line in text.splitlines() if line.startswith("HTTP/1.1 ")]
    assert statuses == ["200", "404", "200", "204"]
    assert "Content-ID: <response-id+1>" in text
    assert '"contentType": "text/csv"' in text
    assert cloud.call("GET", f"{HOST}{READ}/o/a").status == 404


def test_a_parts_own_credentials_count(cloud: GoogleCloud) -> None:
    cloud.bucket("acme-data")
    stranger = cloud.user("stranger@example.com")
    own = f"GET {READ} HTTP/1.1\r\nAuthorization: Bearer {stranger}\r\n"
    text = send(cloud, [f"GET {READ} HTTP/1.1\r\n", own])
    statuses = [line.split()[1] for line in text.splitlines() if line.startswith("HTTP/1.1 ")]
    assert statuses == ["200", "403"]
    assert "HTTP/1.1 401" in send(cloud, [f"GET {READ} HTTP/1.1\r\n"], token="")


def test_other_apis_batch_too(cloud: GoogleCloud) -> None:
    url = f"https://cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}"
    assert "HTTP/1.1 200" in send(cloud, [f"GET {url} HTTP/1.1\r\n"], "/batch")


def test_limits(cloud: GoogleCloud) -> None:
    assert "the limit is 100 calls" in send(cloud, [f"GET {READ} HTTP/1.1\r\n"] * 101)
    assert "cannot be parts" in send(cloud, ["POST /upload/storage/v1/b/acme-data/o?name=a HTTP/1.1\r\n"])
    broken = cloud.call("POST", f"{HOST}/batch", b"nothing", headers={"content-type": "multipart/mixed; boundary=X"})
    assert broken.status == 400
