"""What only a socket shows: framing, slow clients, half-closed ones, requests of odd sizes."""

import json
import socket
import sys

import pytest

from pipeline.server.clients import Awaited
from tests.support.hostile_clients import BODY
from tests.support.http_requests import HEAD, read_answer
from tests.support.served import Served
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")

LENGTH = b"Content-Length: %d\r\n" % len(BODY)


def status_of(client: socket.socket, request: bytes) -> int:
    client.sendall(request)
    status, headers, body = read_answer(client)
    assert headers["content-type"] == "application/json"
    assert status == 200 or set(json.loads(body)["error"]) == {"code", "message", "field"}
    return status


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (HEAD + LENGTH + b"\r\n" + BODY, 200),
        (HEAD + b"content-LENGTH:%d\r\n\r\n" % len(BODY) + BODY, 200),
        (HEAD.replace(b"1.1", b"1.0") + LENGTH + b"\r\n" + BODY, 200),
        (HEAD + LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY, 200),
        (HEAD + b"\r\n", 400),
        (HEAD + b"Content-Length: 0\r\n\r\n", 400),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (HEAD + b"Content-Length: +5\r\n\r\n", 400),
        (HEAD + b"Content-Length: 1e3\r\n\r\n", 400),
        (HEAD + b"Content-Length: 9999999999999999999999\r\n\r\n", 400),
        (HEAD + b"Content-Length: 1048577\r\n\r\n", 413),
        (HEAD + LENGTH + LENGTH + b"\r\n" + BODY, 400),
        (HEAD + LENGTH + b"Content-Length: 5\r\n\r\n" + BODY, 400),
        (HEAD + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n21\r\n" + BODY + b"\r\n0\r\n\r\n", 411),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nnonsense", 400),
        (HEAD + b"Transfer-Encoding: bogus\r\n\r\n", 400),
        (HEAD + b"X-A: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (HEAD + b"".join(b"X-%d: a\r\n" % n for n in range(150)) + b"\r\n", 431),
        (b"POST /" + b"a" * 6000 + b" HTTP/1.1\r\n\r\n", 414),
        (HEAD + b"Bad Header\r\n\r\n", 400),
        (HEAD + b"X-A: a\r\n folded\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
        (b"DELETE /predict HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /static/../app.py HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /static/%2e%2e/app.py HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /docs/..%2fx HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    ],
)
def test_framing(client: socket.socket, request_bytes: bytes, status: int) -> None:
    if b"100-continue" in request_bytes:
        head, _, body = request_bytes.partition(b"\r\n\r\n")
        client.sendall(head + b"\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        request_bytes = body
    assert status_of(client, request_bytes) == status


def test_one_connection_serves_many_requests(client: socket.socket) -> None:
    for _ in range(5):
        assert status_of(client, HEAD + LENGTH + b"\r\n" + BODY) == 200


def test_requests_sent_at_once_are_answered_in_order(client: socket.socket) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    client.sendall(one + HEAD + LENGTH + b"\r\n" + BODY + one.replace(b"healthz", b"nowhere"))
    data = b""
    while data.count(b"HTTP/1.1") < 3 or not data.endswith(b"}"):
        data += client.recv(65536)
    assert [part[:4] for part in data.split(b"HTTP/1.1")[1:]] == [b" 200", b" 200", b" 404"]


def test_a_request_in_many_pieces_is_one(client: socket.socket) -> None:
    for byte in HEAD + LENGTH + b"\r\n" + BODY:
        client.sendall(bytes([byte]))
    assert read_answer(client)[0] == 200


def test_a_client_that_closes_its_half_is_answered(client: socket.socket) -> None:
    client.sendall(HEAD + LENGTH + b"\r\n" + BODY)
    client.shutdown(socket.SHUT_WR)
    assert read_answer(client)[0] == 200
    assert client.recv(1) == b""


def test_a_client_that_goes_away_amid_its_request_harms_nobody(server: Served) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as gone:
            gone.sendall(HEAD + LENGTH + b"\r\n" + BODY[:5])
    assert server.get("/healthz")[0] == 200


def test_a_refused_large_body_may_still_be_sent(client: socket.socket) -> None:
    client.sendall(HEAD + b"Content-Length: 3000000\r\n\r\n")
    client.sendall(b" " * 3_000_000)
    assert read_answer(client)[0] == 413
    assert status_of(client, HEAD + LENGTH + b"\r\n" + BODY) == 200  # it is in step


def test_an_answer_larger_than_the_socket_takes_comes_whole(
    server: Served, client: socket.socket
) -> None:
    texts = ["가" * 300] * 1000
    body = json.dumps({"text": texts, "do_fast": True}, ensure_ascii=False).encode()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
    client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    wait_until(lambda: any(event.get("texts") == 1000 for event in server.events()))
    status, _, content = read_answer(client)
    assert status == 200
    assert [answer["text"] for answer in json.loads(content).values()] == texts


@pytest.mark.slow
def test_a_request_that_takes_too_long_to_come_is_given_up(client: socket.socket) -> None:
    client.sendall(HEAD)
    client.settimeout(Awaited.REQUEST.value + 5)
    assert read_answer(client)[0] == 408


def test_slow_clients_keep_nobody_waiting(server: Served) -> None:
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    for number, one in enumerate(slow):
        one.sendall((HEAD + LENGTH)[: number % 60])
    for _ in range(20):
        assert server.get("/healthz")[0] == 200
    for one in slow:
        one.close()
