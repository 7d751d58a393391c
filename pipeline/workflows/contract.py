"""What a running server must answer beside its golden set, tried from outside: docs/http.md."""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from pipeline.errors import ResourceUnavailable
from pipeline.labels import NEGATIVE, POSITIVE, UNSURE
from pipeline.workflows.asking import Server, body_of

MARK = "a7d1e9"
"""In bodies that are refused: no error may repeat its input."""
TEXTS = ["정말 재밌게 잘봤습니다!", "돈 아깝다", "정말 재밌게 잘봤습니다!", "\u1100\u1161 굿👍\t\n"]
JSON = "application/json"


@dataclass(frozen=True)
class Check:
    """One promise of the API, and what was wrong with the answer; None if it was kept."""

    name: str
    problem: str | None = None


class Refusal(NamedTuple):
    """A request that a server refuses, and the statuses that may say so."""

    name: str
    statuses: Collection[int]
    method: str = "POST"
    path: str = "/predict"
    body: bytes | None = None
    content_type: str | None = JSON


REFUSALS = (
    Refusal("malformed JSON", {400}, body=f'{{"text": "{MARK}'.encode()),
    Refusal("no UTF-8", {400}, body=b'{"text": "\xff' + MARK.encode() + b'"}'),
    Refusal("an unknown path", {404}, "GET", f"/{MARK}"),
    Refusal("another method", {405}, "GET"),
    Refusal("a body of blanks, over 1 MiB", {413, 400}, body=b" " * 1_100_000),
    Refusal("another Content-Type", {415}, body=b"<a/>", content_type="text/xml"),
    Refusal("an empty list", {422}, body=b'{"text": []}'),
    Refusal("a wrong type", {422}, body=f'{{"text": {{"{MARK}": 1}}}}'.encode()),
    Refusal("an unknown key", {422}, body=f'{{"text": "a", "{MARK}": 1}}'.encode()),
    Refusal("a text that is too long", {422}, body=json.dumps({"text": MARK * 400}).encode()),
)


def check_contract(server: Server, slots: Collection[str]) -> Iterator[Check]:
    """Try each promise; `slots` are those whose models the server has."""
    for path in ("/healthz", "/readyz"):
        yield _check(f"GET {path}", partial(_status, server, "GET", path, None, 200))
    for slot, do_fast in (("fast", True), ("deep", False)):
        name = f"the lecture's client, do_fast {str(do_fast).lower()}"
        if slot in slots:
            yield _check(name, partial(_lecture, server, slot, do_fast))
        else:
            asked = partial(_status, server, "POST", "/predict", body_of(TEXTS[0], do_fast), 503)
            yield _check(f"{name}: no other model answers", asked)
    several = partial(_several, server, "fast" in slots)
    yield _check("several texts, in order, as they were sent", several)
    yield from (_check_refusal(server, refusal) for refusal in REFUSALS)


def check_key(server: Server) -> Check:
    """Whether a server that is asked without the key refuses to answer."""
    request = body_of(TEXTS[0], True)
    return _check_refusal(server, Refusal("a request without the API key", {401}, body=request))


def _check_refusal(server: Server, refusal: Refusal) -> Check:
    return _check(f"{refusal.name} is refused", partial(_refused, server, refusal))


def _check(name: str, find_problem: Callable[[], str | None]) -> Check:
    try:
        return Check(name, find_problem())
    except ResourceUnavailable as error:  # what stands before it may not speak our JSON
        return Check(name, str(error))


def _unlike(status: int, *due: int) -> str | None:
    return None if status in due else f"status {status}, not {' or '.join(map(str, sorted(due)))}"


def _status(server: Server, method: str, path: str, body: bytes | None, due: int) -> str | None:
    status, _, _ = server.ask(method, path, body, None)
    return _unlike(status, due)


def _lecture(server: Server, slot: str, do_fast: bool) -> str | None:
    """As the course's own client asks: one text, no Content-Type."""
    status, record, model = server.ask("POST", "/predict", body_of(TEXTS[0], do_fast), None)
    if problem := _unlike(status, 200):
        return problem
    if model is None or not model.startswith(f"{slot}@"):
        return "X-Model does not name the model that was asked for"
    return _wrong_answers(record, TEXTS[:1])


def _several(server: Server, do_fast: bool) -> str | None:
    status, record, _ = server.ask("POST", "/predict", body_of(TEXTS, do_fast))
    if problem := _unlike(status, 200):
        return problem
    if record.get("0") != record.get("2"):
        return "the same text twice has two answers"
    return _wrong_answers(record, TEXTS)


def _wrong_answers(record: dict[str, Any], texts: list[str]) -> str | None:
    if list(record) != [str(n) for n in range(len(texts))]:
        return "the answers are not numbered as the texts are"
    for text, answer in zip(texts, record.values(), strict=True):
        if not isinstance(answer, dict) or answer.get("text") != text:
            return "a text does not come back as it was sent"
        confidence = answer.get("confidence")
        if not isinstance(confidence, float) or not 0.5 <= confidence <= 1:
            return "a confidence is not between 0.5 and 1"
        if answer.get("label") not in {NEGATIVE, POSITIVE, UNSURE}:
            return "a label is none of the labels"
    return None


def _refused(server: Server, refusal: Refusal) -> str | None:
    status, record, _ = server.ask(refusal.method, refusal.path, refusal.body, refusal.content_type)
    if problem := _unlike(status, *refusal.statuses):
        return problem
    error = record.get("error")
    if not isinstance(error, dict) or set(error) != {"code", "message", "field"}:
        return "the error does not consist of code, message and field"
    return "the error repeats the input" if MARK in json.dumps(record) else None
