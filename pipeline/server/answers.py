"""Predictions as bodies of answers: JSON, JSON lines, CSV."""

import csv
import io
import json
from collections.abc import Sequence
from json.encoder import encode_basestring

from flask import Response

from pipeline.handlers.base import Prediction

# Made once: json.dumps would make an encoder for each answer.
encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_response(
    content: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """An answer of this JSON."""
    return Response(f"{content}\n", status, headers, content_type="application/json")


def encode_numbered(predictions: Sequence[Prediction]) -> str:
    """The answers under "0", "1", …: what `encode_json` would write, without a dict for each."""
    rows = [
        f'"{number}":{{"text":{encode_basestring(text)},"label":"{label}",'
        f'"confidence":{confidence!r}}}'
        for number, (text, label, confidence) in enumerate(predictions)
    ]
    return f"{{{','.join(rows)}}}"


def encode_lines(predictions: Sequence[Prediction]) -> str:
    """The answers as JSON lines."""
    return "".join(
        [
            f'{{"text":{encode_basestring(text)},"label":"{label}","confidence":{confidence!r}}}\n'
            for text, label, confidence in predictions
        ]
    )


def encode_csv(predictions: Sequence[Prediction]) -> str:
    """Rows of label and confidence, without a header (RFC 4180)."""
    rows = io.StringIO(newline="")
    csv.writer(rows).writerows((label, repr(confidence)) for _, label, confidence in predictions)
    return rows.getvalue()
