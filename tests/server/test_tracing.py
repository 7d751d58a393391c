"""Traces, as a collector gets them from a real server over HTTP; and a server without any."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from pipeline.errors import InvalidInput
from pipeline.server.trace_variables import is_asked_for
from tests.support.loopback import free_port
from tests.support.paths import SENTIMENT
from tests.support.served import Served, served
from tests.support.waiting import wait_until

TEXT = "정말 재밌게 잘봤습니다"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
UNSAMPLED = {"traceparent": f"00-{TRACE[::-1]}-{PARENT}-00"}
NOWHERE = "http://127.0.0.1:9"
"""The port for `discard`, where nobody listens."""
posix = pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")


class Collector(HTTPServer):
    """An OTLP collector: keeps what it is sent. `delay`: seconds before it answers."""

    def __init__(self, delay: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []
        self.delay = delay
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> list[tuple[Any, dict[str, Any]]]:
        """Each span, and the attributes of the service that sent it."""
        service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
        batches = [
            batch
            for body in self.bodies
            for batch in service.ExportTraceServiceRequest.FromString(body).resource_spans
        ]
        return [
            (span, attributes(batch.resource))
            for batch in batches
            for scope in batch.scope_spans
            for span in scope.spans
        ]


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/v1/traces"
        time.sleep(self.server.delay)
        self.server.bodies.append(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def attributes(owner: Any) -> dict[str, Any]:
    """Values of a span's or a service's attributes, by name."""
    found = {}
    for pair in owner.attributes:
        kind = pair.value.WhichOneof("value")
        value = getattr(pair.value, kind)
        found[pair.key] = [v.string_value for v in value.values] if kind == "array_value" else value
    return found


def ask(server: Served, *texts: str, fast: bool = True, **headers: str) -> requests.Response:
    body = {"text": list(texts), "do_fast": fast}
    return requests.post(f"{server.url}/predict", json=body, headers=headers, timeout=30)


def within(inner: Any, outer: Any) -> bool:
    start, end = inner.start_time_unix_nano, inner.end_time_unix_nano
    return outer.start_time_unix_nano <= start <= end <= outer.end_time_unix_nano


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that the servers of a test are told of."""
    pytest.importorskip("opentelemetry.sdk", reason="needs the extra [otel]")
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        yield collector
        collector.shutdown()


def trace_of(collector: Collector, trace: str) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """The request's span of a trace, its service's attributes, and the children by name."""
    wait_until(lambda: any(span.kind == 2 for span, _ in found(collector, trace)))
    spans = found(collector, trace)
    [(request, service)] = [(span, service) for span, service in spans if span.kind == 2]
    children = [span for span, _ in spans if span.kind != 2]
    assert all(span.parent_span_id == request.span_id for span in children)
    return request, service, {span.name: span for span in children}


def found(collector: Collector, trace: str) -> list[tuple[Any, dict[str, Any]]]:
    return [pair for pair in collector.spans() if pair[0].trace_id.hex() == trace]


@posix
def test_a_request_continues_its_clients_trace(collector: Collector, sample_root: Path) -> None:
    with served(sample_root, "--workers", "2") as server:
        began = time.time_ns()
        answer = ask(server, TEXT, TEXT, **TRACEPARENT)
        over = time.time_ns()
        request, service, parts = trace_of(collector, TRACE)
    assert (request.name, request.parent_span_id.hex()) == ("POST /predict", PARENT)
    assert began <= request.start_time_unix_nano <= request.end_time_unix_nano
    assert request.start_time_unix_nano <= over
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.route": "/predict",
        "http.response.status_code": 200,
        "http.response.header.x-request-id": [answer.headers["X-Request-ID"]],
        "sentiment.slot": "fast",
        "sentiment.model": answer.headers["X-Model"],
        "sentiment.texts": 2,
    }
    assert service["service.name"] == "sentiment"
    assert list(parts) == ["read", "queue", "model", "write"]
    assert all(within(part, request) for part in parts.values())
    order = [(part.start_time_unix_nano, part.end_time_unix_nano) for part in parts.values()]
    assert order == sorted(order)
    assert parts["model"].end_time_unix_nano > parts["model"].start_time_unix_nano


@posix
def test_no_trace_holds_a_text(collector: Collector, sample_root: Path) -> None:
    with served(sample_root) as server:
        assert ask(server, TEXT).status_code == 200
        data = json.dumps({"text": TEXT, "odd": TEXT}, ensure_ascii=False).encode()
        assert requests.post(f"{server.url}/predict", data=data, timeout=9).status_code == 422
        assert requests.get(f"{server.url}/{TEXT}?text=secret", timeout=9).status_code == 404
        assert requests.get(f"{server.url}/healthz?text=secret", timeout=9).status_code == 200
        server.process.terminate()
        assert server.process.wait(40) == 0
    sent = b"".join(collector.bodies)
    assert not any(word.encode() in sent for word in (*TEXT.split(), "secret"))
    named = {
        (span.name, attributes(span)["http.response.status_code"])
        for span, _ in requests_in(collector)
    }
    assert {("POST /predict", 200), ("POST /predict", 422), ("GET", 404)} < named
    assert ("GET /healthz", 200) in named


def requests_in(collector: Collector) -> list[tuple[Any, dict[str, Any]]]:
    return [(span, service) for span, service in collector.spans() if span.kind == 2]


@posix
def test_the_end_sends_what_is_left(
    collector: Collector, sample_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    with served(sample_root, "--workers", "1") as server:
        for _ in range(5):
            ask(server, TEXT)
        assert collector.bodies == []
        server.process.terminate()
        assert server.process.wait(40) == 0
    asked = [span for span, _ in requests_in(collector) if span.name == "POST /predict"]
    assert len(asked) == 5
    assert len({span.trace_id for span in asked}) == 5


@posix
def test_variables_name_the_service_and_sample(
    collector: Collector, sample_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "reviews")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    with served(sample_root) as server:
        ask(server, TEXT)
        ask(server, TEXT, **UNSAMPLED)
        ask(server, TEXT, **TRACEPARENT)
        _, service, _ = trace_of(collector, TRACE)
    assert service["service.name"] == "reviews"
    assert service["deployment.environment.name"] == "test"
    assert len(requests_in(collector)) == 1


@posix
def test_requests_answered_together_each_have_the_models_time(
    collector: Collector, sample_root: Path
) -> None:
    body = json.dumps({"text": TEXT, "do_fast": True}).encode()
    with served(sample_root, "--workers", "1") as server, requests.Session() as session:
        threads = [
            threading.Thread(
                target=session.post,
                args=(f"{server.url}/predict", body),
                kwargs={"headers": {"traceparent": f"00-{n:032x}-{PARENT}-01"}},
            )
            for n in range(1, 33)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for n in range(1, 33):
            request, _, parts = trace_of(collector, f"{n:032x}")
            assert set(parts) == {"read", "queue", "model", "write"}
            assert all(within(part, request) for part in parts.values())


@posix
def test_a_stream_is_one_trace_to_its_last_line(collector: Collector, sample_root: Path) -> None:
    with served(sample_root) as server:
        answer = ask(server, *[TEXT] * 300, accept="application/x-ndjson", **TRACEPARENT)
        request, _, parts = trace_of(collector, TRACE)
    assert len(answer.text.splitlines()) == attributes(request)["sentiment.texts"] == 300
    assert all(within(part, request) for part in parts.values())
    assert parts["write"].start_time_unix_nano < parts["model"].end_time_unix_nano


@posix
@pytest.mark.slow
def test_a_batch_of_the_deep_model_is_waited_for(collector: Collector, deep_root: Path) -> None:
    with served(deep_root, "--workers", "1", "--batch-wait", "0.2") as server:
        ask(server, TEXT, fast=False, **TRACEPARENT)
        request, _, parts = trace_of(collector, TRACE)
    queue = parts["queue"].end_time_unix_nano - parts["queue"].start_time_unix_nano
    assert attributes(request)["sentiment.slot"] == "deep"
    assert all(within(part, request) for part in parts.values())
    assert queue >= 0.15e9


@posix
@pytest.mark.parametrize("answers", [False, True])
def test_a_bad_collector_disturbs_nobody(
    answers: bool, sample_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens, or the collector takes longer than the server will wait for it."""
    pytest.importorskip("opentelemetry.sdk", reason="needs the extra [otel]")
    with Collector(delay=20.0) as collector:
        address = collector.url if answers else NOWHERE
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{address}/v1/traces")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
        with served(sample_root, "--workers", "1") as server:
            for _ in range(700):  # more spans than may wait to be sent
                began = time.monotonic()
                assert ask(server, TEXT).status_code == 200
                assert time.monotonic() - began < 5
            server.process.terminate()
            began = time.monotonic()
            assert server.process.wait(40) == 0
            assert time.monotonic() - began < 6
            events = server.events()
    told = [event for event in events if "opentelemetry" in str(event.get("logger"))]
    assert 1 <= len(told) <= 10
    assert {event["event"] for event in events} <= {"request", "warning", "error"}


@posix
def test_without_variables_nothing_is_imported(
    sample_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONVERBOSE", "1")  # each import of each process is a line on stderr
    with served(sample_root) as server:
        assert ask(server, TEXT, **TRACEPARENT).status_code == 200
        log = server.log.read_text("utf-8")
    assert re.search(r"^import 'pipeline.server.bridge'", log, re.MULTILINE)
    assert "opentelemetry" not in log


@posix
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "set it to otlp or none"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_BSP_MAX_QUEUE_SIZE": "0"}, "max_queue_size"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SPAN_LINK_COUNT_LIMIT": "x"}, "LINK_COUNT_LIMIT"),
    ],
)
def test_what_cannot_be_used_ends_the_start(
    variables: dict[str, str], words: str, sample_root: Path
) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="needs the extra [otel]")
    ended = start(sample_root, variables)
    assert (ended.returncode, ended.stderr.count("Traceback")) == (3, 0)
    assert words in ended.stderr


@posix
def test_a_missing_extra_is_named(sample_root: Path, tmp_path: Path) -> None:
    """A package of that name with nothing inside hides the real one."""
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").touch()
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE, "PYTHONPATH": str(tmp_path)}
    ended = start(sample_root, variables)
    assert (ended.returncode, ended.stderr.count("Traceback")) == (5, 0)
    assert "pip install 'sentiment-toolkit[otel]'" in ended.stderr


def start(root: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Start a server that is to end by itself."""
    command = [SENTIMENT, "serve", "--artifacts", str(root), "--port", str(free_port())]
    return subprocess.run(
        command, env=os.environ | variables, capture_output=True, text=True, timeout=40
    )


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "reviews"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": NOWHERE}, True),
        ({"OTEL_TRACES_EXPORTER": "OTLP "}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE}, False),
        ({"OTEL_SDK_DISABLED": "True", "OTEL_TRACES_EXPORTER": "otlp"}, False),
    ],
)
def test_traces_are_asked_for(variables: dict[str, str], asked: bool) -> None:
    assert is_asked_for(variables) is asked


def test_the_traces_own_protocol_counts() -> None:
    variables = {
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
    }
    assert is_asked_for(variables)
    with pytest.raises(InvalidInput, match="cannot be sent by grpc"):
        is_asked_for(variables | {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"})
