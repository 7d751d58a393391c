"""Signals: which end a server, how soon, and which change nothing."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hostile_clients import (
    BODY,
    POST,
    connect,
    ends,
    replaces_a_worker,
    seconds_of_an_answer,
    unharmed,
)
from tests.support.http_requests import HEAD, read_answer
from tests.support.paths import SENTIMENT
from tests.support.served import Served, served
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork"),
]

CHANGE_NOTHING = (
    *(signal.SIGTTIN, signal.SIGTTIN, signal.SIGTTIN, signal.SIGTTOU, signal.SIGHUP),
    *(signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH),
)


@pytest.fixture
def server(sample_root: Path) -> Iterator[Served]:
    with served(sample_root, "--workers", "2") as running:
        wait_until(lambda: len(running.workers()) == 2)
        yield running


def test_other_signals_change_nothing(server: Served) -> None:
    with unharmed(server):
        for number in CHANGE_NOTHING:
            server.process.send_signal(number)
            time.sleep(0.1)
        time.sleep(1.5)
    assert len(server.workers()) == 2
    replaces_a_worker(server)
    ends(server, 10)


def test_ctrl_c_does_not_drain(sample_root: Path) -> None:
    with served(sample_root, "--workers", "2", "--drain", "6") as server:
        ends(server, 3, signal.SIGINT)


def test_ctrl_c_in_a_terminal_reaches_the_workers_too(sample_root: Path) -> None:
    """A terminal sends it to the whole group."""
    with served(
        sample_root, "--workers", "2", "--drain", "6", command=("setsid", SENTIMENT)
    ) as server:
        wait_until(lambda: len(server.workers()) == 2)
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.process.wait(3) == 0
        assert "Traceback" not in server.log.read_text()


def test_a_worker_that_dies_while_the_server_drains_is_replaced(sample_root: Path) -> None:
    with served(sample_root, "--workers", "2", "--drain", "4") as server:
        wait_until(lambda: len(server.workers()) == 2)
        server.process.terminate()
        server.wait_for(503)
        replaces_a_worker(server)
        assert server.process.wait(10) == 0


def test_sigterm_to_all_processes_still_drains(sample_root: Path) -> None:
    """As systemd sends it."""
    with served(
        sample_root, "--workers", "2", "--drain", "3", command=("setsid", SENTIMENT)
    ) as server:
        wait_until(lambda: len(server.workers()) == 2)
        started = time.monotonic()
        os.killpg(server.process.pid, signal.SIGTERM)
        server.wait_for(503)
        while time.monotonic() < started + 2.5:
            assert seconds_of_an_answer(server) < 2.0
        assert server.process.wait(10) == 0


@pytest.mark.parametrize(
    "sent", [b"", b"nonsense\r\n\r\n", HEAD, HEAD + b"Content-Length: 2000000\r\n\r\n"]
)
def test_sigterm_does_not_wait_long_for_a_client_that_means_it_ill(
    server: Served, sent: bytes
) -> None:
    with connect(server.port) as client, connect(server.port) as idle:
        client.sendall(sent)
        idle.sendall(POST % (len(BODY), BODY))
        assert read_answer(idle)[0] == 200
        ends(server, 8 if sent != HEAD else 14)  # it may still ask
