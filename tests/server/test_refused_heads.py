"""What is refused for its head alone: which answer, and what becomes of the connection."""

import contextlib
import socket
import sys
import time

import pytest

from tests.support.hostile_clients import BODY, GET, connect, rest_of
from tests.support.http_requests import HEAD, read_answer
from tests.support.served import Served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork"),
]


@pytest.mark.parametrize("length", [b"", b"Content-Length: 200000\r\n"])
@pytest.mark.parametrize("ending", [b"", b"\r\n\r\n"])
@pytest.mark.parametrize("pieces", [1, 2, 7, 100])
def test_too_large_a_head_is_431_in_any_number_of_pieces(
    client: socket.socket, length: bytes, ending: bytes, pieces: int
) -> None:
    head = HEAD + length + b"X-A: " + b"a" * 40_000 + ending
    step = len(head) // pieces + 1
    with contextlib.suppress(OSError):  # the answer comes before the last piece
        for start in range(0, len(head), step):
            client.sendall(head[start : start + step])
            time.sleep(0.002)
    assert read_answer(client)[0] == 431


def test_many_small_fields_are_431_in_any_number_of_pieces(client: socket.socket) -> None:
    fields = [b"X-%d: %s\r\n" % (number, b"a" * 180) for number in range(99)]
    with contextlib.suppress(OSError):
        for part in [HEAD, *fields, b"\r\n"]:
            client.sendall(part)
            time.sleep(0.002)
    assert read_answer(client)[0] == 431


def test_who_sends_a_refused_body_is_not_reset(server: Served) -> None:
    """The answer would be lost with the connection."""
    head = HEAD + b"Connection: close\r\nContent-Length: 3000000\r\n\r\n"
    for _ in range(10):
        with connect(server.port) as client:
            client.sendall(head)
            time.sleep(0.02)
            client.sendall(bytes(3_000_000))
            assert rest_of(client)[9:12] == b"413"


def test_a_chunked_body_is_answered_once(client: socket.socket) -> None:
    client.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    time.sleep(0.1)
    client.sendall(b"nonsense\r\n" + GET % b"/healthz")
    answer = rest_of(client)
    assert answer.count(b"HTTP/1.1") == 1
    assert answer[9:12] == b"411"


def test_who_asks_to_go_on_and_is_refused_may_not(client: socket.socket) -> None:
    """Whether it sends the body anyhow cannot be known: the connection ends."""
    client.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
    answer = rest_of(client)
    assert answer[9:12] == b"413"
    assert b"connection: close" in answer


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_wish_for_another_protocol_is_passed_over(client: socket.socket, pieces: int) -> None:
    """Java's HttpClient has it in each first request."""
    wish = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: a\r\n"
    request = HEAD + wish + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    step = len(request * 3) // pieces + 1
    for start in range(0, len(request * 3), step):
        client.sendall((request * 3)[start : start + step])
        time.sleep(0.02)
    assert [read_answer(client)[0] for _ in range(3)] == [200, 200, 200]


def test_a_tunnel_is_refused(client: socket.socket) -> None:
    client.sendall(b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert read_answer(client)[0] == 400
