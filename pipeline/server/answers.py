"""Predictions as bodies of answers: JSON, JSON lines, CSV."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from json.encoder import encode_basestring

from flask import Response

from pipeline.handlers.base import Prediction
from pipeline.handlers.unsure import NEVER, hold_back

# Made once: json.dumps would make an encoder for each answer.
encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_response(
    content: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """An answer of this JSON."""
    return Response(f"{content}\n", status, headers, content_type="application/json")


def encode_numbered(predictions: Sequence[Prediction], below: float = NEVER) -> str:
    """The answers under "0", "1", …: what `encode_json` would write, without a dict for each.

    `below`: the confidence under which they are labelled `unsure`, here and in the others.
    """
    rows = [f'"{number}":{answer}' for number, answer in enumerate(_objects(predictions, below))]
    return f"{{{','.join(rows)}}}"


def encode_lines(predictions: Sequence[Prediction], below: float = NEVER) -> str:
    """The answers as JSON lines."""
    return "".join([f"{answer}\n" for answer in _objects(predictions, below)])


def _objects(predictions: Sequence[Prediction], below: float) -> Iterable[str]:
    if below > NEVER:
        return [encode_json(answer._asdict()) for answer in hold_back(predictions, below)]
    return [
        f'{{"text":{encode_basestring(text)},"label":"{label}","confidence":{confidence!r}}}'
        for text, label, confidence in predictions
    ]


def encode_csv(predictions: Sequence[Prediction], below: float = NEVER) -> str:
    """Rows of label and confidence, without a header (RFC 4180); held back, also likelier label."""
    answers = hold_back(predictions, below)
    rows = io.StringIO(newline="")
    csv.writer(rows).writerows(
        (label, repr(confidence), *likelier) for _, label, confidence, *likelier in answers
    )
    return rows.getvalue()
