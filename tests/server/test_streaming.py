"""Long lists, an answer a line."""

import http.client
import json
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from pipeline.artifacts.pointer import current_artifact
from pipeline.handlers.base import Handler
from pipeline.server.answering import TEXTS_AT_A_TIME
from pipeline.server.app import create_app
from pipeline.server.current_models import Models
from pipeline.server.settings import ServerSettings
from pipeline.server.streaming import NDJSON
from tests.support.http_requests import post
from tests.support.served import Served, served
from tests.support.stand_in import POISON, StandIn
from tests.support.waiting import wait_until

ACCEPT = {"Accept": NDJSON}
TEXTS = [f"재밌다 {number}" for number in range(5 * TEXTS_AT_A_TIME + 1)]


@pytest.fixture
def client(handler: Handler, sample_root: Path) -> FlaskClient:
    deep = StandIn(current_artifact(sample_root, "fast"))
    deep.initialize()
    return create_app(Models({"fast": handler, "deep": deep}), ServerSettings()).test_client()


def test_a_line_is_an_answer_of_predict(client: FlaskClient) -> None:
    response = post(client, {"text": TEXTS, "do_fast": True}, headers=ACCEPT)
    assert (response.status_code, response.content_type) == (200, NDJSON)
    lines = [json.loads(line) for line in response.text.splitlines()]
    numbered = post(client, {"text": TEXTS, "do_fast": True}).get_json()
    assert lines == list(numbered.values())


def test_one_text_is_one_line(client: FlaskClient) -> None:
    assert len(post(client, {"text": "굿"}, headers=ACCEPT).text.splitlines()) == 1


def test_what_is_wrong_at_once_has_its_status(client: FlaskClient) -> None:
    assert post(client, {"text": []}, headers=ACCEPT).status_code == 422
    assert post(client, {"text": [POISON]}, headers=ACCEPT).status_code == 500


def test_a_later_failure_is_the_last_line(client: FlaskClient) -> None:
    texts = [*TEXTS[: TEXTS_AT_A_TIME + 5], POISON]
    response = post(client, {"text": texts}, headers=ACCEPT)
    *answers, last = [json.loads(line) for line in response.text.splitlines()]
    assert [answer["text"] for answer in answers] == TEXTS[:TEXTS_AT_A_TIME]
    assert last["error"]["code"] == "internal_server_error"
    assert POISON not in str(last)


@pytest.fixture(scope="module")
def server(sample_root: Path) -> Iterator[Served]:
    if sys.platform == "win32":
        pytest.skip("gunicorn needs fork")
    with served(sample_root, "--max-texts", "60000", "--max-body", "16") as running:
        yield running


def test_a_long_list_comes_whole_and_in_order(server: Served) -> None:
    texts = [f"리뷰 {number}" for number in range(50_000)]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = json.dumps({"text": texts}).encode()
    connection.request("POST", "/predict", body, ACCEPT)
    response = connection.getresponse()
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert [json.loads(line)["text"] for line in response] == texts
    connection.close()


def test_who_does_not_read_holds_up_nobody(server: Served) -> None:
    body = json.dumps({"text": ["긴 글 " * 60] * 20_000}, ensure_ascii=False).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nAccept: {NDJSON}\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    slow = []
    for _ in range(3):
        client = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(request)
        slow.append(client)
    wait_until(lambda: sum(event.get("texts") == 20_000 for event in server.events()) == 3)
    started = time.monotonic()
    for _ in range(10):
        assert server.get("/healthz")[0] == 200
    assert time.monotonic() - started < 5
    for client in slow:
        client.close()
