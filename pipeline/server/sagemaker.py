"""The door for Amazon SageMaker, which asks a container `GET /ping` and `POST /invocations`.

A body is JSON as for `/predict`, JSON lines or CSV; the answer is of the same kind, unless Accept
names another of them.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from flask import Flask, Response, request

from pipeline.handlers.base import Prediction
from pipeline.server.answering import choose
from pipeline.server.answers import (
    encode_csv,
    encode_json,
    encode_lines,
    encode_numbered,
    json_response,
)
from pipeline.server.bodies import JSON_TYPES, check_texts, check_type, read_bytes
from pipeline.server.context import CONTEXT, RequestContext
from pipeline.server.predicting import Predicting
from pipeline.server.readiness import Readiness
from pipeline.server.refusals import RequestRefused
from pipeline.server.schemas import PredictRequest, decode, load_json, parse_request
from pipeline.server.settings import ServerSettings

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
"""A header that the platform hands through both ways."""

_JSON, _LINES, _CSV = "application/json", "application/jsonlines", "text/csv"
_ADVICE = f"Send {_JSON}, {_LINES} or {_CSV}."
_PASSED_ON = re.compile(r"[ -~]{1,1024}")
_DO_FAST = re.compile(r"(?<![^\s,;&])do_fast=([^\s,;&]*)")
_CHOICES = {"true": True, "false": False}


class Asked(NamedTuple):
    """What a body holds: texts that are not checked yet; model and threshold if it names them."""

    texts: Sequence[object]
    do_fast: bool | None = None
    unsure_below: float | None = None


def add_sagemaker(
    app: Flask, predicting: Predicting, readiness: Readiness, settings: ServerSettings
) -> None:
    """Add `/ping` and `/invocations`."""

    @app.get("/ping")
    def ping() -> Response:
        return json_response(encode_json({"status": readiness.status}), readiness.code)

    @app.post("/invocations")
    def invocations() -> Response:
        context: RequestContext = request.environ[CONTEXT]
        kind = check_type(request.environ, (*JSON_TYPES, _LINES, _CSV), _ADVICE)
        kind = _JSON if kind in JSON_TYPES else kind
        attributes = request.headers.get(ATTRIBUTES, "")
        asked = _READERS[kind](read_bytes(request.environ), settings.max_texts)
        texts = check_texts(asked.texts, settings.max_texts)
        handler = choose(predicting.models, agreed(asked.do_fast, attributes))
        predictions = predicting.predict(context, handler, texts)
        headers = {"X-Model": handler.name}
        if _PASSED_ON.fullmatch(attributes):
            headers[ATTRIBUTES] = attributes
        return _answer(predictions, handler.threshold(asked.unsure_below), kind, headers)


def agreed(do_fast: bool | None, attributes: str) -> bool | None:
    """The model that the body or the custom attributes ask for, None if neither names one.

    Raises RequestRefused if they contradict each other, or the attributes name it wrongly.
    """
    named = set(_DO_FAST.findall(attributes))
    if named - set(_CHOICES):
        message = f"do_fast in {ATTRIBUTES} must be true or false."
        raise RequestRefused(422, "bool_parsing", message, "do_fast")
    asked = {_CHOICES[name] for name in named} | ({do_fast} - {None})
    if len(asked) > 1:
        message = "do_fast is given as true and as false."
        raise RequestRefused(422, "contradiction", message, "do_fast")
    return asked.pop() if asked else None


def _read_json(body: bytes, most_texts: int) -> Asked:
    asked = parse_request(body, PredictRequest, most_texts)
    return Asked(asked.texts, asked.do_fast, asked.unsure_below)


def _read_lines(body: bytes, _: int) -> Asked:
    """A JSON string, or an object with nothing but a text, in each line."""
    lines = decode(body).removesuffix("\n").split("\n") if body else []
    return Asked([_read_line(number, line) for number, line in enumerate(lines, 1)])


def _read_line(number: int, line: str) -> object:
    try:
        value = load_json(line.encode())
    except RequestRefused as error:
        message = f"Line {number} is not valid JSON, or has a key twice."
        raise RequestRefused(error.status, error.code, message) from None
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or set(value) != {"text"}:
        message = f'Line {number} must be a JSON string, or an object like {{"text": "…"}}.'
        raise RequestRefused(422, "wrong_type", message)
    return value["text"]


def _read_csv(body: bytes, _: int) -> Asked:
    """The first column of each row (RFC 4180, no header); an empty line is an empty text."""
    try:
        rows = list(csv.reader(io.StringIO(decode(body), newline=""), strict=True))
    except csv.Error:
        raise RequestRefused(400, "bad_csv", "The body is not valid CSV (RFC 4180).") from None
    return Asked([row[0] if row else "" for row in rows])


def _answer(
    predictions: Sequence[Prediction], below: float, kind: str, headers: dict[str, str]
) -> Response:
    """The answer in the kind that Accept prefers, the request's own where it does not care."""
    kinds = [kind, *(other for other in _ENCODERS if other != kind)]
    chosen = request.accept_mimetypes.best_match(kinds, kind)
    content = _ENCODERS[chosen](predictions, below)
    response = Response(content, headers=headers)
    response.headers["Content-Type"] = f"{_CSV}; charset=utf-8" if chosen == _CSV else chosen
    return response


_READERS: dict[str, Callable[[bytes, int], Asked]] = {
    _JSON: _read_json,
    _LINES: _read_lines,
    _CSV: _read_csv,
}
_ENCODERS: dict[str, Callable[[Sequence[Prediction], float], str]] = {
    _JSON: lambda predictions, below: f"{encode_numbered(predictions, below)}\n",
    _LINES: encode_lines,
    _CSV: encode_csv,
}
