"""Clients that are slow, rude, many, or gone: each is told what is wrong, and nobody else notices."""

from __future__ import annotations

import errno
import http.client
import resource
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from provisioner.sandbox.front.connection import Connection, Limits, serve
from provisioner.sandbox.front.listener import Listener
from provisioner.sandbox.http import Request, Response
from tests.sandbox.front.doors import Doors, ask, open_doors

HOST = "storage.googleapis.com"
BRIEF = Limits(idle=20, head=0.3, body=0.3, farewell=0.2, largest=1000)


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    with open_doors(tmp_path) as opened:
        yield opened


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Doors]:
    """Doors with little patience and small bodies."""
    with open_doors(tmp_path, limits=BRIEF) as opened:
        yield opened


def heard(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65536), b""))


def still_open(doors: Doors) -> bool:
    with doors.https(HOST) as connection:
        return ask(connection, "GET", "/")["path"] == "/"


def dribble(sock: socket.socket, text: bytes) -> bytes:
    """Send the same bytes again and again until there is an answer; return all of it."""
    sock.settimeout(0.02)
    while True:
        try:
            first = sock.recv(65536)
        except TimeoutError:
            sock.sendall(text)
            continue
        sock.settimeout(10)
        return first + heard(sock)


def test_a_head_in_drops_is_not_waited_for(strict: Doors) -> None:
    with strict.raw() as sock:
        sock.sendall(f"GET http://{HOST}/ HTTP/1.1\r\n".encode())
        assert dribble(sock, b"a: b\r\n").startswith(b"HTTP/1.1 408 ")
    assert still_open(strict)


def test_a_body_in_drops_is_not_waited_for(strict: Doors) -> None:
    with strict.raw() as sock:
        sock.sendall(f"POST http://{HOST}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n".encode())
        assert dribble(sock, b"x").startswith(b"HTTP/1.1 408 ")
    assert strict.seen == []


def test_a_client_that_says_nothing_is_let_go(tmp_path: Path) -> None:
    with open_doors(tmp_path, limits=Limits(idle=0.2)) as opened, opened.raw() as sock:
        sock.settimeout(10)
        assert heard(sock) == b""


def test_a_handshake_that_never_comes_is_not_waited_for(strict: Doors) -> None:
    with strict.raw() as sock:
        sock.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")
        sock.sendall(b"\x16\x03\x01")
        sock.settimeout(10)
        assert heard(sock) == b""
    assert still_open(strict)


@pytest.mark.parametrize(
    "announced", ["Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"]
)
def test_a_body_too_large_is_refused_while_it_comes(strict: Doors, announced: str) -> None:
    with strict.raw() as sock:
        sock.sendall(f"POST http://{HOST}/ HTTP/1.1\r\nHost: x\r\n{announced}".encode())
        if "chunked" in announced:
            sock.sendall(b"258\r\n" + b"x" * 600 + b"\r\n258\r\n" + b"x" * 600 + b"\r\n")
        answer = heard(sock)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"up to 1000 bytes" in answer
    assert strict.seen == []


def test_a_bomb_is_not_unpacked(strict: Doors) -> None:
    import gzip  # noqa: PLC0415 - only here

    bomb = gzip.compress(b"\0" * 500_000)
    assert len(bomb) < BRIEF.largest
    with strict.https(HOST) as connection:
        connection.request("POST", "/", bomb, {"Content-Encoding": "gzip"})
        answer = connection.getresponse()
        assert (answer.status, b"too large" in answer.read()) == (400, True)


@pytest.mark.parametrize(
    "head",
    [
        "CONNECT / HTTP/1.1",
        "CONNECT storage.googleapis.com HTTP/1.1",
        "CONNECT storage.googleapis.com:https HTTP/1.1",
        "CONNECT storage.googleapis.com:443:443 HTTP/1.1",
        "CONNECT http://storage.googleapis.com:443 HTTP/1.1",
        "CONNECT :443 HTTP/1.1",
        f"CONNECT {'a' * 300}.googleapis.com:443 HTTP/1.1",
        "CONNECT  HTTP/1.1",
        "GET http://storage.googleapis.com/ FTP/1.1",
        "G\x00T / HTTP/1.1",
        "GET / HTTP/1.1\r\nContent-Length: ten",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2",
        "GET / HTTP/1.1\r\nno colon",
    ],
)
def test_what_is_no_request_is_a_400(doors: Doors, head: str) -> None:
    with doors.raw() as sock:
        sock.sendall(f"{head}\r\nHost: {HOST}\r\n\r\n".encode())
        sock.shutdown(socket.SHUT_WR)
        assert heard(sock).startswith(b"HTTP/1.1 400 ")
    assert still_open(doors)


def test_nothing_may_follow_connect_at_once(doors: Doors) -> None:
    with doors.raw() as sock:
        sock.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: x\r\n\r\n\x16\x03\x01 and so on".encode())
        assert heard(sock).startswith(b"HTTP/1.1 400 ")


def test_tls_where_plain_http_is_spoken_and_the_other_way_round(doors: Doors) -> None:
    context = ssl.create_default_context(cafile=str(doors.authority.certificate))
    with doors.raw() as sock, pytest.raises(ssl.SSLError):
        context.wrap_socket(sock, server_hostname=HOST)
    with doors.raw() as sock:
        sock.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        sock.recv(1000)
        sock.sendall(b"\x16\x03\x01\x00\x05hello" + b"GET / HTTP/1.1\r\n\r\n")
        with suppress(ConnectionResetError):
            assert not heard(sock).startswith(b"HTTP")
    assert still_open(doors)


def test_a_host_let_through_that_is_not_there_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with open_doors(tmp_path, frozenset(("127.0.0.1",))) as opened, opened.raw() as sock:
        sock.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = heard(sock)
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"127.0.0.1 is let through, but cannot be reached" in answer


def test_requests_sent_ahead_are_answered_in_order(doors: Doors) -> None:
    with doors.raw() as sock:
        one = f"GET http://{HOST}/%d HTTP/1.1\r\nHost: x\r\n\r\n"
        last = f"GET http://{HOST}/last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        sock.sendall(("".join(one % number for number in range(20)) + last).encode())
        text = heard(sock).decode()
    places = [text.index(f'"/{name}"') for name in [*range(20), "last"]]
    assert places == sorted(places)
    assert text.count("HTTP/1.1 200 ") == 21


def test_a_client_that_has_said_all_still_hears_the_answer(doors: Doors) -> None:
    with doors.raw() as sock:
        sock.sendall(f"GET http://{HOST}/half HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        sock.shutdown(socket.SHUT_WR)
        assert b'"/half"' in heard(sock)


def test_a_client_that_goes_within_its_request_leaves_nothing(doors: Doors) -> None:
    with doors.raw() as sock:
        sock.sendall(f"POST http://{HOST}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf".encode())
        sock.shutdown(socket.SHUT_WR)
        answer = heard(sock)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert doors.seen == []
    assert still_open(doors)


def test_five_hundred_at_once(doors: Doors) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 500 * 4 + 200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    request = f"GET http://{HOST}/crowd HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    try:
        with ExitStack() as stack:
            crowd = [stack.enter_context(doors.raw()) for _ in range(500)]
            for sock in crowd:
                sock.sendall(request)
            assert all(sock.recv(65536).startswith(b"HTTP/1.1 200 ") for sock in crowd)
            assert still_open(doors)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Poor(socket.socket):
    """A listening socket of a process that has run out of descriptors once."""

    failures = 1

    def accept(self) -> tuple[socket.socket, object]:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_a_listener_outlives_a_shortage_of_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioner.sandbox.front.listener.socket.socket", Poor)
    listener = Listener("poor", lambda sock: sock.sendall(b"served"))
    monkeypatch.undo()
    listener.start()
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as sock:
        assert heard(sock) == b"served"
    listener.stop(5)


def answered_by(response: Response, request: bytes) -> bytes:
    """Return what a client hears when an application gives this response."""
    ours, theirs = socket.socketpair()

    def one_client() -> None:
        with ours:
            serve(Connection(ours, BRIEF), lambda _: response, HOST, lambda: False)

    thread = threading.Thread(target=one_client)
    thread.start()
    with theirs:
        theirs.sendall(request)
        theirs.shutdown(socket.SHUT_WR)
        answer = heard(theirs)
    thread.join()
    return answer


def test_an_answer_that_is_no_http_is_our_mistake_and_says_so() -> None:
    answer = answered_by(Response(200, (("X-Name", "two\r\nlines"),), b"x"), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"no HTTP" in answer


def test_any_letter_may_be_in_a_header() -> None:
    answer = answered_by(Response(200, (("X-Name", "ł"),), b"x"), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert "X-Name: ł\r\n".encode().lower() in answer.lower()


@pytest.mark.parametrize(("path", "outcome"), [("/at-once", 500), ("/midway", 0)])
def test_an_application_that_breaks_says_so_or_breaks_off(
    path: str, outcome: int, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(request: Request) -> Response:
        if request.path == "/midway":
            return Response(200, (("Content-Length", "9"),), (str(1 // each).encode() for each in (1, 0)))
        raise LookupError(request.path)

    listener = Listener("broken", lambda sock: serve(Connection(sock, BRIEF), broken, HOST, lambda: False))
    listener.start()
    connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=10)
    connection.request("GET", path)
    if outcome:
        with connection.getresponse() as answer:
            assert (answer.status, b"server.log" in answer.read()) == (outcome, True)
    else:
        with pytest.raises((ConnectionError, http.client.IncompleteRead)), connection.getresponse() as answer:
            answer.read()
    connection.close()
    listener.stop(5)
    assert f"no answer to GET storage.googleapis.com{path}" in caplog.text
