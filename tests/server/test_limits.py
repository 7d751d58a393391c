"""Keys, rates, deadlines, headers, logs: the application in this process."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from pipeline.artifacts.pointer import current_artifact
from pipeline.errors import InvalidInput
from pipeline.handlers.base import Handler
from pipeline.server.api_keys import read_keys
from pipeline.server.app import create_app
from pipeline.server.current_models import Models
from pipeline.server.guarding import RateLimiter
from pipeline.server.refusals import RequestRefused
from pipeline.server.settings import ServerSettings
from pipeline.server.shared_memory import Flag
from tests.support.http_requests import post
from tests.support.stand_in import POISON, StandIn

KEY = "0123456789abcdef0123"
PRIVATE = "아무에게도 말하지 않은 글"


@pytest.fixture
def deep(sample_root: Path) -> StandIn:
    stand_in = StandIn(current_artifact(sample_root, "fast"))
    stand_in.initialize()
    return stand_in


def client(handler: Handler, *others: Handler, **settings: object) -> FlaskClient:
    handlers = {one.slot: one for one in (handler, *others)}
    return create_app(Models(handlers), ServerSettings(**settings)).test_client()  # type: ignore[arg-type]


def test_a_key_is_asked_for_where_there_is_one(handler: Handler) -> None:
    guarded = client(handler, keys=("another key 123456", KEY))
    body = {"text": "굿"}
    for header in ("", "Bearer", "Bearer wrong", f"Basic {KEY}", f"Bearer {KEY}x"):
        response = post(guarded, body, headers={"Authorization": header})
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
    assert post(guarded, body, headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
    assert guarded.get("/metrics").status_code == 401
    assert guarded.get("/healthz").status_code == guarded.get("/readyz").status_code == 200
    assert guarded.get("/").status_code == 200


def test_a_file_of_keys_must_be_private_and_its_keys_long(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# of the shop, since May\n{KEY}\n\n  # {KEY}\n{KEY} 2\n")
    path.chmod(0o600)
    assert read_keys(path) == (KEY, f"{KEY} 2")
    path.chmod(0o640)
    with pytest.raises(InvalidInput, match="chmod 600"):
        read_keys(path)
    path.chmod(0o600)
    for content in (
        "",
        "short\n",
        "열쇠열쇠열쇠열쇠열쇠열쇠\n",
        f"# {KEY}\n",
        f"{KEY}\0\n",
        "\udcff" * 16,
    ):
        path.write_text(content, errors="surrogateescape")
        with pytest.raises(InvalidInput, match="openssl rand"):
            read_keys(path)


def test_a_client_that_asks_too_often_is_told_to_wait(handler: Handler) -> None:
    limited = client(handler, rate=2.0)
    statuses = [post(limited, {"text": "굿"}).status_code for _ in range(12)]
    refused = post(limited, {"text": "굿"})
    assert statuses[:4] == [200] * 4
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert limited.get("/healthz").status_code == 200


def test_the_rate_is_each_client_s_own() -> None:
    limiter = RateLimiter(1.0)
    limiter.check("10.0.0.1")
    limiter.check("10.0.0.1")
    with pytest.raises(RequestRefused):
        limiter.check("10.0.0.1")
    limiter.check("10.0.0.2")
    limiter.check("2001:db8::1")
    limiter.check("2001:db8::2")
    with pytest.raises(RequestRefused):
        limiter.check("2001:db8::3")  # the same site


def test_a_deadline_that_is_over_gives_504(handler: Handler, deep: StandIn) -> None:
    late = client(handler, deep, seconds_fast=-1.0, seconds_deep=0.05)
    deep.gate.clear()
    for do_fast in (True, False):
        response = post(late, {"text": "굿", "do_fast": do_fast})
        assert response.status_code == 504
        assert response.get_json()["error"]["code"] == "deadline"
    deep.gate.set()


def test_deep_is_the_default_where_it_is(handler: Handler, deep: StandIn) -> None:
    both = client(handler, deep)
    assert post(both, {"text": "굿"}).headers["X-Model"] == deep.name
    assert post(both, {"text": "굿", "do_fast": True}).headers["X-Model"] == handler.name
    assert post(both, {"text": "굿", "do_fast": None}).headers["X-Model"] == deep.name


def test_a_bug_is_a_500_that_tells_nothing(
    handler: Handler, deep: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    response = post(client(handler, deep), {"text": POISON})
    assert response.status_code == 500
    assert set(response.get_json()["error"]) == {"code", "message", "field"}
    logged = capfd.readouterr().err
    assert "FloatingPointError" in logged
    assert POISON not in logged + response.text


def test_a_request_leaves_one_line_without_its_text(
    handler: Handler, capfd: pytest.CaptureFixture[str]
) -> None:
    observed = client(handler)
    post(observed, {"text": PRIVATE}, headers={"X-Request-ID": "abc-1"})
    observed.get(f"/{PRIVATE}?text={PRIVATE}")
    first, second = capfd.readouterr().err.splitlines()
    line = json.loads(first)
    assert (line["event"], line["id"], line["route"], line["status"]) == (
        "request",
        "abc-1",
        "/predict",
        200,
    )
    assert (line["slot"], line["texts"], line["model"]) == ("fast", 1, handler.name)
    assert json.loads(second)["route"] == "other"
    assert PRIVATE not in first + second


def test_every_answer_has_an_id_and_safe_headers(handler: Handler) -> None:
    observed = client(handler)
    for path in ("/", "/docs", "/healthz", "/nowhere", "/predict"):
        response = observed.get(path, headers={"X-Request-ID": "bad id\x7f"})
        assert len(response.headers["X-Request-ID"]) == 16
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert post(observed, {"text": "굿"}).headers["Cache-Control"] == "no-store"


def test_not_ready_while_draining(handler: Handler) -> None:
    draining = Flag()
    observed = create_app(Models({"fast": handler}), draining=draining).test_client()
    assert observed.get("/readyz").status_code == 200
    draining.set()
    answer = observed.get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "draining")
    assert post(observed, {"text": "굿"}).status_code == 200


def test_metrics_count_requests(handler: Handler) -> None:
    observed = client(handler)
    post(observed, {"text": "굿"})
    exposition = observed.get("/metrics").text
    assert 'sentiment_requests_total{route="/predict",slot="fast",status="200"}' in exposition
    assert 'sentiment_request_seconds_bucket{le="0.01",route="/predict",slot="fast"}' in exposition


def test_a_proxy_is_believed_only_where_told(
    handler: Handler, capfd: pytest.CaptureFixture[str]
) -> None:
    for proxies, seen in ((0, "127.0.0.1"), (1, "203.0.113.9")):
        client(handler, proxies=proxies).get("/healthz", headers={"X-Forwarded-For": "203.0.113.9"})
        assert json.loads(capfd.readouterr().err)["client"] == seen


def test_explains_the_fast_model(handler: Handler) -> None:
    response = client(handler).post("/explain", data=json.dumps({"text": " 재밌다  굿 "}))
    answer = response.get_json()
    assert answer["text"] == "재밌다 굿"
    assert len(answer["shares"]) == len(answer["text"])
    assert sum(answer["shares"]) + answer["intercept"] == pytest.approx(answer["logit"])
