"""More requests than a server takes in: refused in order, with the connection in step."""

import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hostile_clients import BODY, GET, POST, connect, crowd, rest_of
from tests.support.http_requests import HEAD, read_answer
from tests.support.served import Served, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork"),
]

WITH_DEEP = (sys.executable, "-m", "tests.support.stand_in")
SLOW = b'{"text": "good", "do_fast": false}'
LARGE = BODY.ljust(20_000)
"""Needs a thread, as small ones of the fast model do not."""


@pytest.fixture(scope="module")
def server(sample_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One that takes in one request, which takes a second."""
    root = shutil.copytree(sample_root, tmp_path_factory.mktemp("both") / "artifacts")
    shutil.copytree(root / "fast", root / "deep")
    options = ("--in-flight", "1", "--batch-wait", "1", "--batch-size", "256")
    with served(root, *options, command=WITH_DEEP) as running, connect(running.port) as first:
        for body in (LARGE, SLOW):  # the first of a kind takes longer
            first.sendall(POST % (len(body), body))
            assert read_answer(first)[0] == 200
        yield running


@pytest.fixture
def held(server: Served) -> Iterator[socket.socket]:
    """A connection whose request is under way, so that any other is one too many."""
    with connect(server.port) as opened:
        opened.sendall(POST % (len(SLOW), SLOW))
        assert server.get("/healthz")[0] == 200  # by then it has been read
        assert is_refused(server)
        yield opened
        assert read_answer(opened)[0] == 200


def is_refused(server: Served) -> bool:
    with connect(server.port) as other:
        other.sendall(POST % (len(LARGE), LARGE))
        return read_answer(other)[0] == 503


@pytest.mark.usefixtures("held")
def test_many_requests_ahead_are_refused_in_order(client: socket.socket) -> None:
    request = POST % (len(LARGE), LARGE)
    client.sendall(request * 90)
    assert [read_answer(client)[0] for _ in range(90)].count(503) > 0
    client.sendall(GET % b"/healthz")
    assert read_answer(client)[0] == 200  # it is in step


@pytest.mark.usefixtures("held")
def test_too_many_requests_ahead_end_the_connection(server: Served, client: socket.socket) -> None:
    before = server.workers()
    client.sendall((POST % (len(LARGE), LARGE)) * 250)
    answers = rest_of(client)
    assert 0 < answers.count(b"HTTP/1.1 ") <= 250
    assert answers.rstrip().endswith(b"}")  # the last one is whole
    assert server.workers() == before


@pytest.mark.usefixtures("held")
def test_a_refusal_to_head_has_no_body(client: socket.socket) -> None:
    client.sendall((GET % b"/explain").replace(b"GET", b"HEAD"))
    client.sendall(GET % b"/healthz")
    seen = b""
    while b"ok" not in seen:
        seen += client.recv(65536)
    first, rest = seen.split(b"\r\n\r\n", 1)
    assert first[9:12] == b"503"
    assert rest.startswith(b"HTTP/1.1 200")


@pytest.mark.usefixtures("held")
def test_a_refusal_ends_the_connection_where_the_client_wishes(client: socket.socket) -> None:
    client.sendall(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE)
    answer = rest_of(client)
    assert answer[9:12] == b"503"
    assert b"connection: close" in answer.lower()


@pytest.mark.usefixtures("held")
def test_small_requests_of_the_fast_model_are_all_answered(server: Served) -> None:
    """However many become whole at one moment: what needs no thread waits for none."""
    (worker,) = server.workers()
    with crowd(server.port, 200) as clients:
        os.kill(worker, signal.SIGSTOP)
        for one in clients:
            one.sendall(POST % (len(BODY), BODY))
        os.kill(worker, signal.SIGCONT)
        assert {read_answer(one)[0] for one in clients} == {200}


def test_whoever_watches_the_server_waits_for_nobody(server: Served) -> None:
    """Else a probe's second would be over, and a busy server be ended for it."""
    (worker,) = server.workers()
    many = json.dumps({"text": ["good"] * 1024, "do_fast": True}).encode()
    with crowd(server.port, 200) as clients, connect(server.port) as probe:
        probe.sendall(GET % b"/healthz")
        assert read_answer(probe)[0] == 200  # all have been accepted
        seen = len(server.events())
        os.kill(worker, signal.SIGSTOP)
        for one in clients:
            one.sendall(POST % (len(many), many))
        probe.sendall(GET % b"/readyz")
        os.kill(worker, signal.SIGCONT)
        assert {read_answer(one)[0] for one in (probe, *clients)} == {200}
    routes = [event["route"] for event in server.events()[seen:]]
    assert routes.index("/readyz") < 100
