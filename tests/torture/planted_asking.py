"""`sentiment` with a client that bounds nothing and believes what it gets."""

import http.client
import json
from typing import Any

from cli.main import main
from pipeline.workflows.asking import Server


def ask(
    server: Server, method: str, path: str, body: bytes | None = None
) -> tuple[int, dict[str, Any], str | None]:
    """Read all, as long as it comes, and parse it."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.request(method, path, body)
    response = connection.getresponse()
    return response.status, json.loads(response.read()), response.headers.get("X-Model")


if __name__ == "__main__":
    Server.ask = ask  # type: ignore[method-assign]
    main(prog_name="sentiment")
