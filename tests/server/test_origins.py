"""By which names a server is called, which sites' pages may ask it, and whose rate counts."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from pipeline.server.guarding import RateLimiter
from pipeline.server.refusals import RequestRefused
from tests.support.hostile_clients import BODY, POST, connect, rest_of
from tests.support.http_requests import read_answer
from tests.support.served import Served, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork"),
]

SITE = "https://films.example"


@pytest.fixture(scope="module")
def open_server(sample_root: Path) -> Iterator[Served]:
    """A server with another name, which the pages of one site may ask."""
    options = ("--allow-host", "reviews.example", "--cors-origin", SITE)
    with served(sample_root, *options) as running:
        yield running


def status(server: Served, path: str = "/predict", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{server.url}{path}", data=BODY, headers=named, timeout=15).status_code


def test_a_request_of_http_1_1_has_a_host(server: Served) -> None:
    for host, due in ((b"Host: localhost\r\n", b"200"), (b"", b"400"), (b"Host:\r\n", b"400")):
        with connect(server.port) as client:
            line = b"GET /healthz HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n"
            client.sendall(line)
            assert rest_of(client)[9:12] == due
    with connect(server.port) as client:
        client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert rest_of(client)[9:12] == b"200"


@pytest.mark.parametrize(
    ("host", "due"),
    [
        ("localhost", 200),
        ("LOCALHOST.:80", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:5000", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("evil.example:5000", 421),
        ("localhost:80@evil.example", 400),
        ("localhost, evil.example", 400),
        ("evil.example/localhost", 400),
        ("[::1", 421),
    ],
)
def test_only_its_own_names_are_answered(server: Served, host: str, due: int) -> None:
    """Else a page could have its own name resolve to 127.0.0.1, and read what is answered."""
    assert status(server, Host=host) == due


def test_another_name_is_allowed_where_told(server: Served, open_server: Served) -> None:
    assert status(server, Host="reviews.example") == 421
    assert status(open_server, Host="Reviews.example:8080") == 200
    assert status(open_server, Host="evil.example") == 421


@pytest.mark.parametrize("path", ["/predict", "/explain", "/v2/models/fast/infer"])
def test_pages_of_other_sites_may_not_post(server: Served, path: str) -> None:
    """A form needs no preflight: browsers say where it is from, nothing more."""
    form = "application/x-www-form-urlencoded"
    assert status(server, path, Origin=SITE, Content_Type=form) == 403
    assert status(server, path, Sec_Fetch_Site="cross-site", Content_Type=form) == 403
    assert status(server, path, Sec_Fetch_Site="same-site", Content_Type=form) == 403
    assert status(server, path, Origin="null", Content_Type=form) == 403


def test_its_own_pages_may_post(server: Served) -> None:
    assert status(server, Origin=server.url) == 200
    assert status(server, Origin=server.url, Sec_Fetch_Site="same-origin") == 200
    assert status(server, Sec_Fetch_Site="none") == 200


def test_pages_of_an_allowed_site_may_post_and_read(open_server: Served) -> None:
    headers = {"Origin": SITE, "Sec-Fetch-Site": "cross-site"}
    answer = requests.post(f"{open_server.url}/predict", data=BODY, headers=headers, timeout=15)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert "X-Model" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers["Vary"]
    assert status(open_server, Origin="https://evil.example") == 403


def test_an_allowed_site_s_browser_asks_beforehand(server: Served, open_server: Served) -> None:
    headers = {
        "Origin": SITE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for running, allowed in ((server, None), (open_server, SITE)):
        answer = requests.options(f"{running.url}/predict", headers=headers, timeout=15)
        assert answer.status_code == 200
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]


def test_an_ipv4_client_has_its_own_rate_behind_an_ipv6_address() -> None:
    limiter = RateLimiter(1.0)
    for address in ("::ffff:127.0.0.1", "127.0.0.1"):  # the same client
        limiter.check(address)
    with pytest.raises(RequestRefused):
        limiter.check("::ffff:127.0.0.1")
    limiter.check("::ffff:127.0.0.2")


def test_clients_of_a_server_on_all_addresses_have_their_own_rates(sample_root: Path) -> None:
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    options = ("--host", "::", "--insecure", "--rate", "1", "--no-request-log")
    with served(sample_root, *options) as running:
        statuses = [_ask_from(address, running.port) for address in ["127.0.0.1"] * 4]
        assert 429 in statuses
        assert _ask_from("127.0.0.2", running.port) == 200


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


def _ask_from(address: str, port: int) -> int:
    with socket.create_connection(("127.0.0.1", port), 15, (address, 0)) as client:
        client.sendall(POST % (len(BODY), BODY))
        return read_answer(client)[0]
