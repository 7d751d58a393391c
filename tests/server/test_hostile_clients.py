"""Clients that mean the server ill: nobody else waits for them, and no worker dies of them."""

import contextlib
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.server.clients import Awaited
from tests.support.hostile_clients import (
    BODY,
    GET,
    LARGE_PAGE,
    LARGEST_WORKER,
    POST,
    connect,
    crowd,
    reset,
    resident,
    seconds_of_an_answer,
    unharmed,
)
from tests.support.http_requests import HEAD, read_answer
from tests.support.served import Served, served
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork"),
]


@pytest.fixture(scope="module")
def server(sample_root: Path) -> Iterator[Served]:
    with served(sample_root, "--workers", "2") as running:
        wait_until(lambda: len(running.workers()) == 2)
        yield running


@pytest.fixture
def alone(sample_root: Path) -> Iterator[Served]:
    """A server with one worker, which nobody has asked before."""
    with served(sample_root) as running:
        yield running


def test_who_asks_to_go_on_and_resets_harms_nobody(server: Served) -> None:
    head = HEAD + b"Content-Length: 30000\r\nExpect: 100-continue\r\n\r\n"
    with unharmed(server):
        for number in range(300):
            gone = connect(server.port)
            gone.sendall(head)
            if number % 2:
                gone.recv(10)
            reset(gone)


def test_who_resets_amid_a_large_answer_harms_nobody(server: Served) -> None:
    with unharmed(server):
        for _ in range(100):
            gone = connect(server.port)
            gone.sendall(LARGE_PAGE * 3)
            gone.recv(1000)
            reset(gone)


def test_who_resets_amid_answers_of_many_lines_is_no_error(alone: Served) -> None:
    body = b'{"text": [%s], "do_fast": true}' % b",".join([b'"' + b"good " * 100 + b'"'] * 1000)
    head = HEAD + b"Accept: application/x-ndjson\r\nContent-Length: %d\r\n\r\n" % len(body)
    with unharmed(alone):
        for _ in range(20):
            gone = connect(alone.port)
            gone.sendall((head + body) * 3)
            gone.recv(10)
            reset(gone)
    wait_until(lambda: seconds_of_an_answer(alone) < 0.5)
    assert not [event for event in alone.events() if event["event"] == "error"]


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"Content-Length: 50\r\n\r\n{"])
def test_thousands_of_idle_connections_lock_nobody_out(server: Served, sent: bytes) -> None:
    with unharmed(server), crowd(server.port, 3000, sent):
        assert max(seconds_of_an_answer(server) for _ in range(20)) < 1.0


def test_answers_that_nobody_reads_take_bounded_memory(alone: Served) -> None:
    with unharmed(alone), crowd(alone.port, 1, LARGE_PAGE * 60):
        for _ in range(8):
            time.sleep(0.25)
            assert resident(alone) < LARGEST_WORKER
            assert seconds_of_an_answer(alone) < 1.0


def test_answers_that_many_do_not_read_take_bounded_memory(alone: Served) -> None:
    with unharmed(alone), crowd(alone.port, 300, LARGE_PAGE * 60):
        for _ in range(20):
            time.sleep(0.25)
            assert resident(alone) < LARGEST_WORKER


def test_bodies_that_many_do_not_finish_take_bounded_memory(alone: Served) -> None:
    with unharmed(alone), crowd(alone.port, 300) as clients:
        for one in clients:
            with contextlib.suppress(OSError):
                one.sendall(POST % (1_000_000, b" " * 999_000))
        assert resident(alone) < LARGEST_WORKER
        assert seconds_of_an_answer(alone) < 3.0  # it has 300 MB to read


def test_what_is_dropped_takes_no_room_from_others(server: Served) -> None:
    large = POST % (20_000, BODY.ljust(20_000))
    head = HEAD + b"Content-Length: 200000000\r\n\r\n"
    with connect(server.port) as dropped, connect(server.port) as other:
        dropped.sendall(head)
        with contextlib.suppress(OSError):  # it is given up
            for _ in range(200):
                dropped.sendall(bytes(1_000_000))
                other.sendall(large)
                assert read_answer(other)[0] == 200


def test_who_is_refused_and_still_sends_is_gone_soon(server: Served, client: socket.socket) -> None:
    started = time.monotonic()
    with contextlib.suppress(OSError), unharmed(server):
        client.sendall(b"nonsense\r\n\r\n")
        while time.monotonic() < started + 10:
            client.sendall(b"x")
            time.sleep(0.2)
    assert time.monotonic() - started < Awaited.LEAVING.value + 1.5


@pytest.mark.parametrize(
    "body",
    [
        b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}",
        b'{"text": [' + b",".join([b'""'] * 300_000) + b"]}",
        b'{"text": [' + b",".join([b"1"] * 400_000) + b"]}",
        b"[" * 1_000_000,
        b'{"text": "' + b"\\u0061" * 170_000 + b'"}',
    ],
)
def test_a_large_bad_body_keeps_nobody_waiting(sample_root: Path, body: bytes) -> None:
    with served(sample_root) as running, connect(running.port) as client:
        for _ in range(5):
            seconds_of_an_answer(running)
        with unharmed(running, longest=0.5):
            for _ in range(10):
                client.sendall(POST % (len(body), body))
                assert seconds_of_an_answer(running) < 0.5
                assert read_answer(client)[0] in (400, 422)


def test_no_header_moves_the_application(server: Served, client: socket.socket) -> None:
    client.sendall(b"GET /public/metrics HTTP/1.1\r\nHost: a\r\nSCRIPT_NAME: /public\r\n\r\n")
    assert read_answer(client)[0] == 421
    for name in (b"SCRIPT_NAME", b"Script-Name", b"X-Forwarded-Prefix"):
        client.sendall((GET % b"/public/metrics")[:-2] + name + b": /public\r\n\r\n")
        assert read_answer(client)[0] == 404
    with unharmed(server):
        client.sendall((GET % b"/metrics")[:-2] + b"Script-Name: /metrics\r\n\r\n")
        assert read_answer(client)[0] == 200


def test_a_name_with_underscores_is_not_its_twin_with_hyphens(sample_root: Path) -> None:
    with served(sample_root, "--proxies", "1") as running, connect(running.port) as client:
        twin = b"X_Forwarded_For: 203.0.113.9\r\n"
        client.sendall((GET % b"/healthz")[:-2] + twin + b"\r\n")
        assert read_answer(client)[0] == 200
        real = b"X-Forwarded-For: 203.0.113.8\r\n"
        client.sendall((GET % b"/healthz")[:-2] + twin + real + b"\r\n")
        assert read_answer(client)[0] == 200
        running.process.terminate()
        assert running.process.wait(20) == 0
        seen = [event["client"] for event in running.events() if event["event"] == "request"]
    assert seen[-2:] == ["127.0.0.1", "203.0.113.8"]


def test_without_a_key_a_large_body_is_not_read(sample_root: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("0123456789abcdef0123\n")
    keys.chmod(0o600)
    body = b" " * 1_000_000
    with (
        served(sample_root, "--api-key-file", str(keys)) as running,
        connect(running.port) as client,
    ):
        client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
        assert read_answer(client)[0] == 401  # before a byte of it
        client.sendall(body)
        key = b"Authorization: Bearer 0123456789abcdef0123\r\n"
        client.sendall(HEAD + key + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
        assert read_answer(client)[0] == 200  # it is in step


def test_nothing_is_left_of_clients_that_have_gone(server: Served) -> None:
    """Descriptors of the workers come back to what they were once both have begun to serve."""
    with crowd(server.port, 20, LARGE_PAGE):
        pass
    time.sleep(1.0)
    before = _descriptors(server)
    with unharmed(server, longest=5.0), crowd(server.port, 500, LARGE_PAGE):  # 755 MB to make
        pass
    time.sleep(1.0)
    assert _descriptors(server) <= before + 4


def _descriptors(server: Served) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in server.workers())
