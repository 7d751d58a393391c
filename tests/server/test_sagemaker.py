"""Amazon SageMaker's door: in this process, and as the platform starts a container."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cli.serve_presets import SAGEMAKER
from pipeline.artifacts.pointer import current_artifact
from pipeline.handlers.base import Handler, Prediction
from pipeline.server.app import create_app
from pipeline.server.current_models import Models
from pipeline.server.settings import ServerSettings
from pipeline.server.shared_memory import Flag
from tests.support.http_requests import post
from tests.support.paths import Invoke
from tests.support.served import served
from tests.support.stand_in import StandIn

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
JSON, LINES, CSV = "application/json", "application/jsonlines", "text/csv"
TEXTS = ["정말 재밌게 잘봤습니다!", ' "노잼",\r\n\x00', "x", "ㅋㅋㅋ👨\u200d👩\u200d👧"]


@pytest.fixture
def client(handler: Handler) -> FlaskClient:
    return make_client(handler)


def make_client(*handlers: Handler, **limits: Any) -> FlaskClient:
    settings = ServerSettings(sagemaker=True, **limits)
    return create_app(Models({one.slot: one for one in handlers}), settings).test_client()


def invoke_with(
    client: FlaskClient, body: object, kind: str = JSON, **headers: str
) -> TestResponse:
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/invocations", data=data, content_type=kind, headers=named)


def as_csv(rows: list[list[str]]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue()


def rows_of(predictions: list[Prediction]) -> list[list[str]]:
    return [[one.label, repr(one.confidence)] for one in predictions]


def test_json_is_answered_as_by_predict(client: FlaskClient, handler: Handler) -> None:
    for body in ({"text": TEXTS}, {"text": "굿", "do_fast": True}):
        response = invoke_with(client, body)
        assert response.data == post(client, body).data
        assert response.content_type == JSON
        assert response.headers["X-Model"] == handler.name


def test_json_lines(client: FlaskClient, handler: Handler) -> None:
    lines = [json.dumps(TEXTS[0]), *(json.dumps({"text": text}) for text in TEXTS[1:])]
    for body in ("\n".join(lines), "\r\n".join(lines) + "\n"):
        response = invoke_with(client, body, LINES)
        assert response.content_type == LINES
        answers = [json.loads(line) for line in response.text.removesuffix("\n").split("\n")]
        assert answers == [one._asdict() for one in handler.handle(TEXTS)]


def test_csv(client: FlaskClient, handler: Handler) -> None:
    body = as_csv([[TEXTS[0], "another column"], *([text] for text in TEXTS[1:])])
    response = invoke_with(client, body, "text/csv; charset=utf-8")
    assert response.mimetype == CSV
    rows = list(csv.reader(io.StringIO(response.text, newline="")))
    assert rows == rows_of(handler.handle(TEXTS))


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/html", JSON),
        (CSV, CSV),
        (f"{LINES}, */*", LINES),
        (f"{LINES};q=0.5, {CSV}", CSV),
    ],
)
def test_the_answer_is_of_the_kind_that_accept_names(
    client: FlaskClient, accept: str, kind: str
) -> None:
    assert invoke_with(client, {"text": "굿"}, Accept=accept).mimetype == kind


def test_custom_attributes_are_handed_back(client: FlaskClient) -> None:
    for sent, kept in (("trace-id=5; do_fast=true", True), ("a" * 1024, True), ("a" * 1025, False)):
        response = invoke_with(client, {"text": "굿"}, **{ATTRIBUTES: sent})
        assert response.headers.get(ATTRIBUTES) == (sent if kept else None)
    assert ATTRIBUTES not in invoke_with(client, {"text": "굿"}, **{ATTRIBUTES: "é"}).headers


def test_custom_attributes_pick_the_model(handler: Handler, sample_root: Path) -> None:
    deep = StandIn(current_artifact(sample_root, "fast"))
    deep.initialize()
    both = make_client(handler, deep)
    for sent, name in (
        ("", deep.name),
        ("do_fast=true", handler.name),
        ("a=1,do_fast=false", deep.name),
        ("not_do_fast=true", deep.name),
    ):
        assert invoke_with(both, '"굿"', LINES, **{ATTRIBUTES: sent}).headers["X-Model"] == name
    for sent in ("do_fast=yes", "do_fast=true,do_fast=false"):
        refused = invoke_with(both, {"text": "굿"}, **{ATTRIBUTES: sent})
        assert (refused.status_code, refused.get_json()["error"]["field"]) == (422, "do_fast")
    body = {"text": "굿", "do_fast": True}
    assert invoke_with(both, body, **{ATTRIBUTES: "do_fast=true"}).status_code == 200
    assert invoke_with(both, body, **{ATTRIBUTES: "do_fast=false"}).status_code == 422


@pytest.mark.parametrize(
    ("body", "kind", "status", "field"),
    [
        (b"{", JSON, 400, None),
        ({"text": ["a", ""]}, JSON, 422, "text[1]"),
        (b"", LINES, 422, "text"),
        (b"\xff", LINES, 400, None),
        (b'"a"\n\n"b"', LINES, 400, None),
        (b'"a"\n5', LINES, 422, None),
        (b'{"text": "a", "secret": 1}', LINES, 422, None),
        (b'{"text": 5}', LINES, 422, "text[0]"),
        (b'"a"\n"\\ud800"', LINES, 422, "text[1]"),
        (b"", CSV, 422, "text"),
        (b"\xff", CSV, 400, None),
        (b'"secret', CSV, 400, None),
        (b'"secret"secret', CSV, 400, None),
        (b"a\n\nb", CSV, 422, "text[1]"),
        (("가" * 2001).encode(), CSV, 422, "text[0]"),
        (b"a\n" * 1025, CSV, 422, "text"),
        (b"a", "text/plain", 415, None),
        (b" " * (2**20 + 1), CSV, 413, None),
    ],
)
def test_bad_bodies(
    client: FlaskClient, body: object, kind: str, status: int, field: str | None
) -> None:
    response = invoke_with(client, body, kind)
    assert response.status_code == status
    error = response.get_json()["error"]
    assert set(error) == {"code", "message", "field"}
    assert error["field"] == field
    assert "secret" not in response.text


def test_limits_are_the_settings(handler: Handler) -> None:
    large = make_client(handler, max_body=2**21, max_texts=2000)
    assert len(invoke_with(large, b"a\n" * 2000, CSV).text.splitlines()) == 2000
    assert invoke_with(large, b" " * (2**20 + 1), JSON).status_code == 400
    assert "over 2 MiB" in invoke_with(large, b" " * (2**21 + 1), JSON).text
    small = make_client(handler, max_texts=2)
    assert invoke_with(small, {"text": ["a"] * 3}).status_code == 422


def test_ping_as_readyz(handler: Handler) -> None:
    draining = Flag()
    settings = ServerSettings(sagemaker=True, keys=("k" * 16,))
    client = create_app(Models({"fast": handler}), settings, draining=draining).test_client()
    for status in (200, 503):
        assert client.get("/readyz").status_code == client.get("/ping").status_code == status
        draining.set()
    assert invoke_with(client, {"text": "굿"}).status_code == 401


def test_only_where_told(handler: Handler, client: FlaskClient) -> None:
    without = create_app(Models({"fast": handler})).test_client()
    assert without.get("/ping").status_code == without.post("/invocations").status_code == 404
    assert "/ping" not in without.get("/openapi.json").get_json()["paths"]
    assert "/invocations" in client.get("/openapi.json").get_json()["paths"]


@pytest.fixture
def settings_served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, ServerSettings]]:
    """What `sentiment serve` would serve with, in place of serving."""
    recorded: list[tuple[Path, ServerSettings]] = []
    monkeypatch.setattr(
        "pipeline.server.running.serve",
        lambda models, settings, _: recorded.append((models.root, settings)),
    )
    return recorded


def test_the_preset_gives_way_to_options(
    settings_served: list[tuple[Path, ServerSettings]],
    invoke: Invoke,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert invoke("serve", "--sagemaker").exit_code == 0
    monkeypatch.setenv("SENTIMENT_SERVE_PORT", "5001")
    assert invoke("serve", "--sagemaker", "--host", "::1", "--max-body", 2).exit_code == 0
    (root, preset), (_, told) = settings_served
    assert (root, preset.host) == (SAGEMAKER["artifacts"], SAGEMAKER["host"])
    assert (preset.port, preset.max_body) == (8080, 6 * 2**20)
    assert (told.host, told.port, told.max_body) == ("::1", 5001, 2 * 2**20)


@pytest.mark.slow
def test_a_real_server(sample_root: Path, handler: Handler) -> None:
    with served(sample_root, "--sagemaker", "--host", "127.0.0.1") as running:
        assert requests.get(f"{running.url}/ping", timeout=30).status_code == 200
        response = requests.post(
            f"{running.url}/invocations",
            data=as_csv([[text] for text in TEXTS]).encode(),
            headers={"Content-Type": CSV, "Accept": LINES, ATTRIBUTES: "do_fast=true"},
            timeout=30,
        )
    answers = [json.loads(line) for line in response.text.removesuffix("\n").split("\n")]
    assert answers == [one._asdict() for one in handler.handle(TEXTS)]
    assert response.headers[ATTRIBUTES] == "do_fast=true"
