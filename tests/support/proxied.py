"""A real nginx in front of a server, set up as docs/operations.md says."""

import http.client
import os
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.loopback import free_port
from tests.support.paths import ROOT
from tests.support.waiting import wait_until

NAME = "api.example.com"
CLIENT = "127.0.0.2"
"""The address that clients ask from; nginx asks the server from 127.0.0.1."""
_MAIN = """{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/errors warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/sentiment.conf;
}}
"""


@dataclass
class Proxied:
    """An nginx that listens on this port, with TLS."""

    port: int
    folder: Path

    def errors(self) -> str:
        """What it has warned of."""
        return (self.folder / "errors").read_text("utf-8")

    def connect(self) -> http.client.HTTPConnection:
        """A client's connection."""
        context = ssl.create_default_context(cafile=self.folder / "certificate")
        plain = socket.create_connection(("127.0.0.1", self.port), 30, (CLIENT, 0))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as http.client does itself
        connection = http.client.HTTPConnection(NAME)
        connection.sock, connection.auto_open = context.wrap_socket(plain, server_hostname=NAME), 0
        return connection


def snippet() -> str:
    """The configuration that the documentation shows."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    (found,) = re.findall(r"```nginx\n(.*?)```", page, re.DOTALL)
    return str(found)


@contextmanager
def proxied(server: int, folder: Path) -> Iterator[Proxied]:
    """Run nginx with that configuration; only ports and paths are other ones."""
    port = free_port()
    _make_certificate(folder)
    _write(folder, snippet(), server, port)
    command = ["nginx", "-p", str(folder), "-c", folder / "main.conf", "-e", folder / "errors"]
    with subprocess.Popen(command) as nginx:
        try:
            wait_until(lambda: nginx.poll() is not None or (folder / "pid").exists())
            yield Proxied(port, folder)
        finally:
            nginx.terminate()


def _write(folder: Path, site: str, server: int, port: int) -> None:
    for old, new in (
        ("127.0.0.1:5000", f"127.0.0.1:{server}"),
        ("listen 443", f"listen 127.0.0.1:{port}"),
        (f"/etc/ssl/{NAME}.pem", f"{folder}/certificate"),
        (f"/etc/ssl/{NAME}.key", f"{folder}/key"),
    ):
        assert site.count(old) == 1, old
        site = site.replace(old, new)
    (folder / "sentiment.conf").write_text(site)
    user = "user root;" if os.geteuid() == 0 else ""  # another could not enter our folder
    (folder / "main.conf").write_text(_MAIN.format(folder=folder, user=user))


def _make_certificate(folder: Path) -> None:
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", folder / "key", "-out", folder / "certificate"]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
