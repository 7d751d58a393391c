"""nginx in front, with the very configuration that the documentation shows."""

import json
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.server.clients import Awaited
from tests.support.proxied import CLIENT, NAME, Proxied, proxied
from tests.support.served import Served, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork"),
    pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed"),
]
CLIENTS, REQUESTS_EACH = 8, 1_250
CHUNKED = {"Transfer-Encoding": "chunked"}


class Case(NamedTuple):
    """A request, and the answer due: its status and, where that is settled, its JSON."""

    method: str
    path: str
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}
    answer: object = None
    code: str = ""


CASES = (
    Case("GET", "/healthz", 200),
    Case("GET", "/docs", 200),
    Case("GET", "/docs/swagger-ui.css", 200),
    Case("HEAD", "/docs/swagger-ui-bundle.js", 200),
    Case("HEAD", "/healthz", 200),
    Case("GET", "/nothing", 404, code="not_found"),
    Case("GET", "/predict", 405, code="method_not_allowed"),
    Case("POST", "/predict", 400, b'{"text": ', code="bad_json"),
    Case("POST", "/predict", 422, b'{"text": []}'),
    Case("POST", "/predict", 415, b"<a/>", {"Content-Type": "text/xml"}),
    Case("POST", "/predict", 413, b" " * 1_200_000, code="body_too_large"),
    Case("POST", "/predict", 403, b'{"text": "a"}', {"Origin": "https://other.example"}),
    Case("GET", "/healthz", 421, headers={"Host": "other.example"}, code="host_refused"),
)
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "Origin": f"https://{NAME}"}
OLD_BROWSER = {"Origin": f"https://{NAME}:8443", "Host": f"{NAME}:8443"}
FORGED = {"X-Forwarded-For": "203.0.113.9"}


@pytest.fixture(scope="module")
def server(sample_root: Path) -> Iterator[Served]:
    options = ("--workers", "2", "--proxies", "1", "--allow-host", NAME)
    with served(sample_root, *options) as running:
        yield running


@pytest.fixture
def nginx(server: Served, tmp_path: Path) -> Iterator[Proxied]:
    with proxied(server.port, tmp_path) as running:
        yield running


def predictions(answers: Mapping[str, object]) -> Iterator[Case]:
    """Some that all are answered with 200."""
    texts = list(answers)
    for count in (1, 1, 2, 5, 40):
        body = json.dumps({"text": texts[:count], "do_fast": True}).encode()
        due = {str(n): answers[text] for n, text in enumerate(texts[:count])}
        for headers in ({}, FORGED, OWN_PAGE, OLD_BROWSER, CHUNKED):
            yield Case("POST", "/predict", 200, body, headers, due)
    body = json.dumps({"text": texts[0], "do_fast": True}).encode()
    yield Case("POST", "/predict", 200, body, CHUNKED, {"0": answers[texts[0]]})


def test_mixed_requests(server: Served, nginx: Proxied, expected: dict) -> None:
    (answers,) = expected.values()
    cases = [*predictions(answers), *CASES]
    with ThreadPoolExecutor(CLIENTS) as pool:
        counts = sum(pool.map(lambda seed: ask(nginx, cases, seed), range(CLIENTS)), Counter())
    assert sum(counts.values()) == CLIENTS * REQUESTS_EACH
    assert set(counts) == {200, *(case.status for case in CASES)}
    assert nginx.errors() == ""
    clients = Counter(e["client"] for e in server.events() if e.get("route") == "/predict")
    assert set(clients) == {CLIENT}


def ask(nginx: Proxied, cases: list[Case], seed: int) -> Counter[int]:
    """Ask one by one, and count the statuses; now and then the client or nginx leaves."""
    chance, counts = random.Random(seed), Counter[int]()
    connection = nginx.connect()
    try:
        for _ in range(REQUESTS_EACH):
            response = ask_once(connection, chance.choice(cases), chance.random() < 0.05)
            counts[response.status] += 1
            if response.will_close:
                connection.close()
                connection = nginx.connect()
    finally:
        connection.close()
    return counts


def ask_once(connection: HTTPConnection, case: Case, leave: bool) -> HTTPResponse:
    """Ask, and check the answer."""
    headers = {**case.headers, **({"Connection": "close"} if leave else {})}
    is_chunked = "Transfer-Encoding" in headers
    body = iter([case.body[:9], case.body[9:]]) if is_chunked else case.body or None
    connection.request(case.method, case.path, body, headers, encode_chunked=is_chunked)
    response = connection.getresponse()
    check(case, response, response.read())
    return response


def check(case: Case, response: HTTPResponse, body: bytes) -> None:
    assert response.status == case.status, (case, body)
    if case.method == "HEAD":
        assert (body, int(response.headers["Content-Length"]) > 0) == (b"", True)
    elif case.answer is not None:
        assert json.loads(body) == case.answer
    elif case.status >= 400:
        assert case.code in ("", json.loads(body)["error"]["code"])


def test_a_stream_passes(nginx: Proxied, expected: dict) -> None:
    (answers,) = expected.values()
    body = json.dumps({"text": list(answers), "do_fast": True})
    with closing(nginx.connect()) as connection:
        connection.request("POST", "/predict", body, {"Accept": "application/x-ndjson"})
        lines = connection.getresponse().read().splitlines()
    assert [json.loads(line) for line in lines] == list(answers.values())


def test_nginx_closes_idle_connections_first() -> None:
    nginx_default = 60
    assert Awaited.NEXT.value > nginx_default
