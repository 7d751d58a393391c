"""Requests to the application in this process, and answers off a socket."""

import json
import socket
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"


def post(client: FlaskClient, body: object, **options: Any) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return client.post("/predict", data=data, **options)


def read_answer(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One whole answer: status, headers, body. Nothing is taken of the next one."""
    head, body = b"", b""
    while not head.endswith(b"\r\n\r\n"):
        part = client.recv(1)
        assert part, head
        head += part
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    while missing := int(headers.get("content-length", 0)) - len(body):
        part = client.recv(missing)
        assert part, body
        body += part
    return int(first.split()[1]), headers, body
