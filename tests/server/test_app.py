"""The API's contract, on the application in this process."""

import pytest
from flask.testing import FlaskClient

from pipeline.handlers.base import Handler
from pipeline.server.app import create_app
from pipeline.server.current_models import Models
from tests.support.http_requests import post


@pytest.fixture
def client(handler: Handler) -> FlaskClient:
    return create_app(Models({"fast": handler})).test_client()


def test_answers_one_text(client: FlaskClient, handler: Handler) -> None:
    response = post(client, {"text": "정말 재밌게 잘봤습니다!", "do_fast": True})
    (expected,) = handler.handle(["정말 재밌게 잘봤습니다!"])
    assert response.get_json() == {"0": expected._asdict()}
    assert response.headers["X-Model"] == handler.name
    assert "정말" in response.text


def test_answers_a_list_in_order_as_sent(client: FlaskClient, handler: Handler) -> None:
    texts = [f" 리뷰\n{number}\x00 " for number in range(12)]
    answers = post(client, {"text": texts}).get_json()
    assert list(answers) == [str(number) for number in range(12)]
    assert list(answers.values()) == [p._asdict() for p in handler.handle(texts)]


@pytest.mark.parametrize("kind", [None, "application/json", "application/json; charset=utf-8"])
def test_a_missing_content_type_counts_as_json(client: FlaskClient, kind: str | None) -> None:
    assert post(client, {"text": "굿"}, content_type=kind).status_code == 200


def test_a_byte_order_mark_is_passed_over(client: FlaskClient) -> None:
    assert post(client, b'\xef\xbb\xbf{"text": "a"}').status_code == 200


def test_the_type_curl_sends_counts_as_json(client: FlaskClient) -> None:
    response = post(client, {"text": "굿"}, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"", 400, None),
        (b"{", 400, None),
        (b'{"text": "\xff"}', 400, None),
        ('{"text": "굿"}'.encode("utf-16"), 400, None),
        (b'{"text": NaN}', 400, None),
        (b"[" * 100_000, 400, None),
        (b"[" * 9 + b"]" * 9, 400, None),
        (b'{"text": ' + b"[" * 9 + b"]" * 9 + b"}", 400, None),
        (b'{"text": "a", "do_fast": 1e999}', 422, "do_fast"),
        (b"\xef\xbb\xbf{}", 422, "text"),
        (b'{"text": "a"} {}', 400, None),
        (b"[]", 422, None),
        (b'"text"', 422, None),
        ({}, 422, "text"),
        ({"text": ""}, 422, "text"),
        ({"text": []}, 422, "text"),
        ({"text": None}, 422, "text"),
        ({"text": 5}, 422, "text"),
        ({"text": {"a": "b"}}, 422, "text"),
        ({"text": ["a", 5]}, 422, "text[1]"),
        ({"text": ["a", ""]}, 422, "text[1]"),
        ({"text": ["a"] * 1025}, 422, "text"),
        ({"text": "가" * 2001}, 422, "text"),
        ({"text": "a", "do_fast": "true"}, 422, "do_fast"),
        ({"text": "a", "do_fast": 1}, 422, "do_fast"),
        ({"text": "a", "secret": 1}, 422, None),
        (b'{"text": "a", "text": "b"}', 422, None),
        ({"text": "\ud800"}, 422, "text"),
        ({"text": "a", "do_fast": False}, 503, "do_fast"),
    ],
)
def test_bad_bodies(client: FlaskClient, body: object, status: int, field: str | None) -> None:
    response = post(client, body)
    assert response.status_code == status
    error = response.get_json()["error"]
    assert set(error) == {"code", "message", "field"}
    assert error["field"] == field
    assert "secret" not in response.text


def test_the_limits_themselves_are_allowed(client: FlaskClient) -> None:
    assert post(client, {"text": "가" * 2000}).status_code == 200
    assert len(post(client, {"text": ["a"] * 1024}).get_json()) == 1024


def test_other_statuses(client: FlaskClient) -> None:
    assert client.get("/nowhere").status_code == 404
    assert client.get("/predict").status_code == 405
    assert post(client, {"text": "a"}, content_type="text/plain").status_code == 415
    assert post(client, b" " * (2**20 + 1)).status_code == 413
    responses = (client.get("/nowhere"), client.get("/predict"), post(client, b" " * (2**20 + 1)))
    assert all("error" in response.get_json() for response in responses)


def test_health_and_readiness(client: FlaskClient, handler: Handler) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["models"]) == (200, {"fast": handler.name})
    assert create_app(Models({})).test_client().get("/readyz").status_code == 503
