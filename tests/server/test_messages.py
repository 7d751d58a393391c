"""What is read without gunicorn's parser is read as gunicorn reads it; all else is left to it."""

import socket
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

if sys.platform == "win32":
    pytest.skip("gunicorn needs fork", allow_module_level=True)

from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser

from pipeline.server import messages
from pipeline.server.connection import Connection
from pipeline.server.messages import Answer, read_message

CLIENT, SERVER = ("127.0.0.1", 50000), ("127.0.0.1", 5000)
CFG = Config()
BODY = b'{"text": "good"}'
NAMES = """
Host host Connection Content-Length content-type X-Request-ID X_Request_Id Expect Cookie Accept
Transfer-Encoding X-Forwarded-Proto X-Forwarded-For Upgrade Authorization
"""
PLAIN = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    near, far = socket.socketpair()
    with near, far:
        yield Connection(near, CLIENT, SERVER)


def mostly(usual: str, *others: str) -> st.SearchStrategy[str]:
    return st.sampled_from([usual] * 8 + list(others))


def heads() -> st.SearchStrategy[bytes]:
    """Requests in plain form, nearly so, and not at all."""
    values = st.one_of(
        st.just("x"),
        st.sampled_from(["x", "keep-alive", "close", "16", "+16", "016", "https", "chunked", ""]),
        st.text(" \ta:,=;\x00\x7fé", max_size=6),
    )
    colons = mostly(": ", ":", " : ", ":  ")
    lines = st.tuples(st.sampled_from(NAMES.split()), colons, values).map("".join)
    fields = st.lists(lines, max_size=3).map(lambda some: ["Host: x", "Content-Length: 16", *some])
    return st.tuples(
        mostly("POST", "GET", "GET", "PUT", "HEAD", "get"),
        mostly("/predict", "/", "/a/../b", "//a", "/a%20b", "/a?b=c", "*", "/é", ""),
        mostly("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "http/1.1"),
        fields.flatmap(st.permutations),
        mostly("\r\n", "\n"),
    ).map(lambda p: p[4].join([" ".join(p[:3]), *p[3], "", ""]).encode("latin-1"))


@given(heads())
def test_plain_requests_are_read_as_gunicorn_reads_them(
    connection: Connection, head: bytes
) -> None:
    request = head + BODY
    environ = messages._read_plain(request, connection)
    if environ is None:
        return
    parsed = next(RequestParser(CFG, [request], CLIENT))
    _, due = wsgi.create(parsed, connection, CLIENT, SERVER, CFG)
    assert not parsed.should_close()
    assert environ["wsgi.input"].getvalue() == due["wsgi.input"].read() == BODY
    assert environ["wsgi.url_scheme"] == due["wsgi.url_scheme"]
    ours, theirs = (
        {name: value for name, value in one.items() if name.isupper()} for one in (environ, due)
    )
    extra = {"SERVER_SOFTWARE", "RAW_URI"}
    assert ours == {name: value for name, value in theirs.items() if name not in extra}


def test_the_usual_request_is_a_plain_one(connection: Connection) -> None:
    assert messages._read_plain(PLAIN, connection) is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"Host: x", b"Accept: x"),
        (b"Host: x", b"Host: x\r\nHost: y"),
        (b"Host: x", b"Host: x\r\nConnection: close"),
        (b"Host: x", b"Host: x\r\nTransfer-Encoding: chunked"),
        (b"Host: x", b"Host: x\r\nX-Unknown: x"),
        (b"Host: x", b"Host: x\r\n folded"),
        (b"Host: x", b"Host: \xc3\xa9"),
        (b"Content-Length: 16", b"Content-Length: 15"),
        (b"Content-Length: 16", b"Content-Length: +16"),
        (b"/predict", b"/pre%64ict"),
    ],
)
def test_whatever_is_less_plain_is_left_to_gunicorn(
    connection: Connection, old: bytes, new: bytes
) -> None:
    assert messages._read_plain(PLAIN.replace(old, new), connection) is None


def test_an_answer_of_head_has_no_body(connection: Connection) -> None:
    message = read_message(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", connection, CFG)
    answer = Answer()
    answer.start("200 OK", [("X-A", "b")])
    head, _, body = answer.to_bytes([b"abc"], message.is_last, message.wants_body).partition(
        b"\r\n\r\n"
    )
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nContent-Length: 3" in head
    assert body == b""


def test_an_answer_without_content_tells_no_length() -> None:
    answer = Answer()
    answer.start("304 Not Modified", [])
    assert b"Content-Length" not in answer.to_bytes([], is_last=True, wants_body=True)
