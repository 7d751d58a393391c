"""Requests that are ready at once, answered in one call of the fast model."""

import io
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.artifacts.pointer import current_artifact
from pipeline.handlers.base import Handler, Prediction
from pipeline.handlers.fast import LinearHandler
from pipeline.server.context import CONTEXT, RequestContext
from pipeline.server.current_models import Models
from pipeline.server.gathering import Gathering
from pipeline.server.refusals import overloaded
from pipeline.server.settings import ServerSettings
from tests.support.http_requests import HEAD, read_answer
from tests.support.served import served
from tests.support.stand_in import StandIn

pytestmark = pytest.mark.slow

TEXTS = ["재밌다", " 노잼\n\x00", "굿", "재밌다"]


class Recorded(LinearHandler):
    """The fast model; notes what it is asked, and fails at what it is told to."""

    def initialize(self) -> None:
        super().initialize()
        self.calls: list[list[str]] = []
        self.poison = ""

    def handle(self, texts: Sequence[str]) -> list[Prediction]:
        if hasattr(self, "calls"):  # the golden set is replayed before
            self.calls.append(list(texts))
            if self.poison in texts:
                raise FloatingPointError
        return super().handle(texts)


@pytest.fixture
def fast(sample_root: Path) -> Recorded:
    recorded = Recorded(current_artifact(sample_root, "fast"))
    recorded.initialize()
    return recorded


def environ(body: object, path: str = "/predict", **fields: str) -> dict[str, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": io.BytesIO(content),
        CONTEXT: RequestContext(time.monotonic()),
        **fields,
    }


def gather(models: Models, environs: list[dict[str, Any]], **settings: Any) -> list[RequestContext]:
    Gathering(models, ServerSettings(**settings)).gather(environs)
    return [one[CONTEXT] for one in environs]


def test_each_gets_its_own_rows(fast: Recorded, handler: Handler) -> None:
    bodies = [TEXTS[0], TEXTS[:3], TEXTS[3]]
    ready = [environ({"text": text, "do_fast": True}) for text in bodies]
    contexts = gather(Models({"fast": fast}), ready)
    assert fast.calls == [[TEXTS[0], *TEXTS[:3], TEXTS[3]]]
    assert [context.predictions for context in contexts] == [
        handler.handle(t if isinstance(t, list) else [t]) for t in bodies
    ]
    [(began, ended)] = {(context.model_began, context.model_ended) for context in contexts}
    assert 0 < began < ended <= time.monotonic()


def test_whatever_is_no_good_request_of_the_fast_model_is_not_predicted(
    fast: Recorded, sample_root: Path
) -> None:
    deep = StandIn(current_artifact(sample_root, "fast"))
    of_deep = [
        environ({"text": "굿", "do_fast": False}),
        environ({"text": "굿"}),  # the deep model's, where there is one
    ]
    refused = [
        environ({"text": ""}),
        environ(b"\xff"),
        environ({"text": "굿", "do_fast": True}, CONTENT_TYPE="text/plain"),
        environ({"text": "굿", "do_fast": True}, HTTP_CONTENT_ENCODING="gzip"),
        environ({"text": "굿", "do_fast": True}),
    ]
    refused[-1][CONTEXT].refusal = overloaded()  # as whoever saw its head may have said
    other = environ({"text": "굿", "do_fast": True}, path="/explain")
    good = [environ({"text": text, "do_fast": True}) for text in TEXTS]
    models = Models({"fast": fast, "deep": deep})
    contexts = gather(models, [*of_deep, *refused, other, *good])
    assert fast.calls == [TEXTS]
    assert not any(context.predictions for context in contexts[:-4])
    assert [context.must_wait for context in contexts] == [True] * 2 + [False] * 10
    assert all(context.refusal for context in contexts[2:7])
    assert not any(context.refusal for context in contexts[:2] + contexts[7:])
    assert other["wsgi.input"].tell() == 0


def test_nothing_is_predicted_where_that_is_switched_off(fast: Recorded) -> None:
    ready = [environ({"text": text, "do_fast": True}) for text in TEXTS]
    contexts = gather(Models({"fast": fast}), ready, gathers=False)
    assert not fast.calls
    assert all(context.handler is fast for context in contexts)


def test_what_has_waited_too_long_is_not_predicted(fast: Recorded) -> None:
    """The application then refuses it: 504."""
    ready = [environ({"text": text, "do_fast": True}) for text in TEXTS]
    for late in ready[:2]:
        late[CONTEXT].received -= 5.0
    contexts = gather(Models({"fast": fast}), ready)
    assert [context.predictions is None for context in contexts] == [True, True, False, False]


def test_guarded_servers_gather_too(fast: Recorded) -> None:
    """Whoever is let in has been let in by then."""
    ready = [environ({"text": text, "do_fast": True}) for text in TEXTS]
    gather(Models({"fast": fast}), ready, keys=("a" * 16,), rate=1.0)
    assert fast.calls == [TEXTS]


def test_a_call_that_fails_is_nobodys(fast: Recorded) -> None:
    fast.poison = TEXTS[2]
    ready = [environ({"text": text, "do_fast": True}) for text in TEXTS]
    contexts = gather(Models({"fast": fast}), ready)
    assert not any(context.predictions or context.refusal for context in contexts)


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
def test_many_at_once_get_what_is_theirs(sample_root: Path, handler: Handler) -> None:
    """Requests that arrive together, from connections of their own and behind one another."""
    texts = [f"재밌다 {number}" for number in range(40)]
    bodies = [json.dumps({"text": text, "do_fast": True}).encode() for text in texts]
    requests = [HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies]
    with served(sample_root) as server:
        clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        together(
            [
                lambda client=client, n=n: client.sendall(requests[n] + requests[n + 20])
                for n, client in enumerate(clients)
            ]
        )
        for number, client in enumerate(clients):
            data = b""
            while data.count(b"x-model") < 2 or not data.endswith(b"}\n"):
                data += client.recv(65536)
            bodies = [part.partition(b"\r\n\r\n")[2] for part in data.split(b"HTTP/1.1")[1:]]
            due = handler.handle([texts[number], texts[number + 20]])
            assert [json.loads(body)["0"] for body in bodies] == [one._asdict() for one in due]
            client.close()


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
def test_a_fast_request_behind_a_deep_one_waits_for_it(sample_root: Path) -> None:
    """Both on one connection: the loop must not answer the second before the first."""
    deep = b'{"text": "good", "do_fast": false}'
    fast = b'{"text": "good", "do_fast": true}'
    both = b"".join(
        HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body for body in (deep, fast)
    )
    with (
        served(sample_root) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=15) as client,
    ):
        client.sendall(both)
        assert read_answer(client)[0] == 503
        assert read_answer(client)[0] == 200


def together(calls: Sequence[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
