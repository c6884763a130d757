"""Through the proxy: TLS, hosts, bodies of every kind, connections that last and connections that break."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.errors import ProvisionError
from provisioner.sandbox.front.authority import Authority
from provisioner.sandbox.front.listener import Listener
from tests.sandbox.front.doors import Doors, ask, open_doors


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    with open_doors(tmp_path) as opened:
        yield opened


def test_a_request_through_the_tunnel(doors: Doors) -> None:
    with doors.https("storage.googleapis.com") as connection:
        heard = ask(connection, "GET", "/b/x%2Fy?a=1&b=%20")
    assert (heard["host"], heard["path"], heard["query"]) == ("storage.googleapis.com", "/b/x%2Fy", "a=1&b=%20")


def test_one_connection_serves_many_requests(doors: Doors) -> None:
    with doors.https("api.github.com") as connection:
        sockets = set()
        for _ in range(5):
            ask(connection, "GET", "/")
            sockets.add(id(connection.sock))
    assert len(sockets) == 1


def test_each_host_has_its_own_certificate(doors: Doors) -> None:
    for host in ("storage.googleapis.com", "a.b.googleapis.com", "api.github.com"):
        with doors.https(host) as connection:
            ask(connection, "GET", "/")
            assert isinstance(connection.sock, ssl.SSLSocket)
            certificate = connection.sock.getpeercert() or {}
            assert certificate["subjectAltName"] == (("DNS", host),)
            assert connection.sock.selected_alpn_protocol() in {None, "http/1.1"}


def test_an_authority_that_is_not_trusted_is_not_believed(doors: Doors, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "other")
    context = ssl.create_default_context(cafile=str(stranger.certificate))
    connection = http.client.HTTPSConnection("127.0.0.1", doors.listener.port, timeout=10, context=context)
    connection.set_tunnel("storage.googleapis.com", 443)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/")
    connection.close()


@pytest.mark.parametrize("host", ["example.org", "googleapis.com.evil.example", "github.com", "127.0.0.1"])
def test_every_other_host_is_refused_by_name(doors: Doors, host: str) -> None:
    with doors.raw() as sock:
        sock.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        text = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
    assert text.startswith(f"HTTP/1.1 403 The sandbox does not play {host}\r\n")
    assert f"provision-env sandbox allow {host}" in text
    assert doors.seen == [f"CONNECT {host}"]


def test_a_host_that_is_let_through_is_reached(tmp_path: Path) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]

    def answer() -> None:
        sock, _ = server.accept()
        with sock:
            sock.sendall(b"pong " + sock.recv(100))

    thread = threading.Thread(target=answer)
    thread.start()
    with open_doors(tmp_path, frozenset(("127.0.0.1",))) as doors, doors.raw() as sock:
        sock.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")
        sock.sendall(b"ping")
        assert sock.recv(1000) == b"pong ping"
    thread.join()
    server.close()


def test_plain_requests_in_absolute_form(doors: Doors) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", doors.listener.port, timeout=10)
    connection.request("GET", "http://storage.googleapis.com:80/x?y=1")
    heard = json.loads(connection.getresponse().read())
    assert (heard["host"], heard["path"], heard["query"]) == ("storage.googleapis.com", "/x", "y=1")
    connection.request("GET", "http://example.org/")
    assert connection.getresponse().status == 403
    connection.close()


def test_plain_requests_inside_a_tunnel(doors: Doors) -> None:
    with doors.raw() as sock:
        sock.sendall(b"CONNECT storage.googleapis.com:80 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")
        sock.sendall(b"GET /plain HTTP/1.1\r\nHost: storage.googleapis.com\r\nConnection: close\r\n\r\n")
        assert b'"/plain"' in b"".join(iter(lambda: sock.recv(65536), b""))


def test_bodies_of_every_kind(doors: Doors) -> None:
    content = bytes(range(256)) * 5000
    with doors.https("storage.googleapis.com") as connection:
        connection.request("POST", "/back", content)
        assert connection.getresponse().read() == content
        connection.request("POST", "/back", iter([content[:1000], content[1000:]]), encode_chunked=True)
        assert connection.getresponse().read() == content
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        connection.request("POST", "/back", gzip.compress(content), headers)
        assert connection.getresponse().read() == content
        connection.request("POST", "/upload/back", gzip.compress(b"x"), headers)
        assert json.loads(connection.getresponse().read())["headers"]["content-encoding"] == "gzip"
        connection.request("POST", "/back", b"no gzip", headers)
        assert connection.getresponse().status == 400


def test_a_client_that_waits_to_be_told(doors: Doors) -> None:
    with doors.raw() as sock:
        sock.sendall(b"POST http://storage.googleapis.com/x HTTP/1.1\r\nHost: x\r\n")
        sock.sendall(b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 100 ")
        sock.sendall(b"body")
        assert b'"size": 4' in sock.recv(10000)


def test_answers_of_every_kind(doors: Doors) -> None:
    with doors.https("storage.googleapis.com") as connection:
        connection.request("GET", "/stream")
        streamed = connection.getresponse()
        assert (streamed.headers["Transfer-Encoding"], streamed.read()) == ("chunked", b"part 0\npart 1\npart 2\n")
        connection.request("GET", "/nothing")
        empty = connection.getresponse()
        assert (empty.status, empty.read()) == (204, b"")
        connection.request("HEAD", "/x")
        head = connection.getresponse()
        assert int(head.headers["Content-Length"]) > 0
        assert head.read() == b""
        assert ask(connection, "GET", "/still-here")["path"] == "/still-here"


def test_a_broken_answer_breaks_the_connection(doors: Doors) -> None:
    with doors.https("storage.googleapis.com") as connection:
        connection.request("GET", "/reset")
        with pytest.raises((ConnectionError, ssl.SSLError)):
            connection.getresponse()
    with doors.https("storage.googleapis.com") as connection:
        connection.request("GET", "/broken")
        response = connection.getresponse()
        with pytest.raises((http.client.IncompleteRead, ConnectionError, ssl.SSLError)):
            response.read()


@pytest.mark.parametrize(
    "junk", [b"\x16\x03\x01junk\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 40000]
)
def test_junk_ends_its_own_connection_only(doors: Doors, junk: bytes) -> None:
    with doors.raw() as sock, contextlib.suppress(ConnectionError):
        sock.sendall(junk)
        sock.shutdown(socket.SHUT_WR)
        assert b"".join(iter(lambda: sock.recv(65536), b"")).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    with doors.https("storage.googleapis.com") as connection:
        assert ask(connection, "GET", "/")["path"] == "/"


def test_many_clients_at_once(doors: Doors) -> None:
    heard: list[object] = []

    def work(number: int) -> None:
        with doors.https("storage.googleapis.com") as connection:
            heard.extend(ask(connection, "GET", f"/{number}")["path"] == f"/{number}" for _ in range(5))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [True] * 60


def test_stopping_ends_idle_connections_at_once(doors: Doors) -> None:
    with doors.https("storage.googleapis.com") as connection:
        ask(connection, "GET", "/")
        doors.listener.stop(5)
        with pytest.raises((http.client.HTTPException, OSError)):
            ask(connection, "GET", "/")


def test_the_authority_stays_and_its_key_is_private(tmp_path: Path) -> None:
    first = Authority(tmp_path / "ca").certificate.read_bytes()
    assert Authority(tmp_path / "ca").certificate.read_bytes() == first
    assert (tmp_path / "ca").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "ca" / "ca.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "ca" / "ca.pem").unlink()
    assert Authority(tmp_path / "ca").certificate.read_bytes() != first


def test_a_taken_port_is_named_and_a_preferred_one_is_not_insisted_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ProvisionError, match=f"port {port} is taken"):
            Listener("test", lambda _: None, port)
        other = Listener("test", lambda _: None, preferred=port)
        assert other.port != port
        other.stop(0)
