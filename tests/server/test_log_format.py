"""What is logged, as people read it: on a terminal, or where --log-format says so."""

import contextlib
import http.client
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from pipeline.server.readable_lines import readable
from tests.support.paths import SENTIMENT
from tests.support.served import served
from tests.support.waiting import wait_until

REQUEST = (
    '{"time": "2026-11-26T00:00:00.000+00:00", "event": "request", "id": "1", "client": '
    '"127.0.0.1", "method": "POST", "route": "/predict", "status": 200, "ms": 0.64, '
    '"slot": "fast", "texts": 2, "model": "fast@0123456789ab"}'
)


def test_a_request_is_a_short_line() -> None:
    shown = readable(REQUEST)
    pattern = r"\d\d:00:00 200 POST /predict 0.6 ms 127.0.0.1 fast@0123456789ab, texts: 2"
    assert re.fullmatch(pattern.replace(":00:00", r":\d\d:00"), shown)


def test_nothing_in_a_line_steers_the_terminal() -> None:
    shown = readable(
        '{"time": "2026-11-26T00:00:00.000+00:00", "event": "error", "message": "a\\u001b[2J\\nb"}'
    )
    assert shown.endswith("error: a [2J b")


@pytest.mark.slow
def test_a_terminal_gets_text_and_a_pipe_json(sample_root: Path) -> None:
    with served(sample_root) as server:
        server.get("/healthz")
        wait_until(lambda: any(one["event"] == "request" for one in server.events()), 10)
    master, slave = pty.openpty()
    command = [SENTIMENT, "serve", "--artifacts", str(sample_root), "--port", str(server.port)]
    process = subprocess.Popen(command, stderr=slave, stdin=subprocess.DEVNULL)
    try:
        shown = b""
        while b"GET /healthz" not in shown:
            if b"Serving on" in shown:  # it listens from then on
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
                with contextlib.closing(connection):
                    connection.request("GET", "/healthz")
                    assert connection.getresponse().status == 200
            shown += os.read(master, 4096)
    finally:
        process.terminate()
        process.wait(40)
        os.close(master)
        os.close(slave)
    assert b'"event"' not in shown
