"""A real server, and a client on a socket; a file whose server has options makes its own."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hostile_clients import connect
from tests.support.served import Served, served


@pytest.fixture(scope="module")
def server(sample_root: Path) -> Iterator[Served]:
    with served(sample_root) as running:
        yield running


@pytest.fixture
def client(server: Served) -> Iterator[socket.socket]:
    with connect(server.port) as opened:
        yield opened
