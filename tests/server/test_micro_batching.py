"""Micro-batching: every caller its own rows, a bad text nobody else's harm."""

import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.artifacts.pointer import current_artifact
from pipeline.errors import ResourceUnavailable
from pipeline.handlers.base import Handler, Prediction
from pipeline.server.context import RequestContext
from pipeline.server.metrics import Metrics
from pipeline.server.micro_batching import Batcher
from pipeline.server.refusals import RequestRefused
from pipeline.server.settings import ServerSettings
from tests.support.stand_in import POISON, StandIn
from tests.support.waiting import wait_until

SOON = 20.0


@pytest.fixture
def deep(sample_root: Path) -> StandIn:
    handler = StandIn(current_artifact(sample_root, "fast"))
    handler.initialize()
    return handler


def new_batcher(**settings: Any) -> Batcher:
    return Batcher("deep", ServerSettings(**settings), Metrics(()))


def later() -> float:
    return time.monotonic() + SOON


def ask_together(
    batcher: Batcher, handler: Handler, requests: list[list[str]]
) -> list[list[Prediction] | Exception]:
    """Answers of concurrent requests, an exception in place of those that fail."""

    def ask(texts: list[str]) -> list[Prediction] | Exception:
        try:
            return batcher.answer(handler, texts, later())
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(ask, requests))


@contextmanager
def busy(batcher: Batcher, deep: StandIn) -> Iterator[None]:
    """The model is held at a text of its own meanwhile: what is asked waits for a batch."""
    deep.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(batcher.answer, deep, ["먼저"], later())
        try:
            wait_until(lambda: deep.begun == [["먼저"]])
            yield
        finally:
            deep.gate.set()
        assert len(first.result()) == 1


def wait_for_rows(batcher: Batcher, count: int) -> None:
    wait_until(lambda: batcher._rows == count)


def test_every_caller_gets_its_own_rows(deep: StandIn, handler: Handler) -> None:
    requests = [[f"리뷰 {n} {k} 재밌다" for k in range(n % 5 + 1)] for n in range(60)]
    batcher = new_batcher(batch_wait=0.02)
    for texts, answers in zip(requests, ask_together(batcher, deep, requests), strict=True):
        assert answers == handler.handle(texts)
    assert max(map(len, deep.batches)) > 4
    assert max(map(len, deep.batches)) <= 32


def test_a_bad_text_fails_its_own_request_alone(deep: StandIn, handler: Handler) -> None:
    requests = [[f"영화 {n}"] for n in range(40)]
    requests[17] = ["재밌다", POISON, "노잼"]
    batcher = new_batcher()
    with ThreadPoolExecutor(1) as pool:
        with busy(batcher, deep):
            asked = pool.submit(ask_together, batcher, deep, requests)
            wait_for_rows(batcher, 42)
        answers = asked.result()
    assert isinstance(answers.pop(17), FloatingPointError)
    requests.pop(17)
    assert answers == [handler.handle(texts) for texts in requests]
    assert any(POISON in batch and len(batch) > 4 for batch in deep.batches)


def test_batches_run_at_once_where_several_may(deep: StandIn, handler: Handler) -> None:
    requests = [[f"리뷰 {n} {k} 재밌다" for k in range(n % 20 + 1)] for n in range(30)]
    batcher = new_batcher(batches_at_once=3)
    deep.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask_together, batcher, deep, requests)
        wait_until(lambda: len(deep.begun) == 3)
        deep.gate.set()
        assert asked.result() == [handler.handle(texts) for texts in requests]


def test_a_batch_that_no_model_answers_is_not_tried_in_halves(deep: StandIn) -> None:
    batcher = new_batcher()
    deep.unavailable = True
    (answer,) = ask_together(batcher, deep, [["굿"] * 8])
    assert isinstance(answer, ResourceUnavailable)
    assert len(deep.begun) == 1


def test_nothing_of_a_batch_is_kept(sample_root: Path) -> None:
    one = StandIn(current_artifact(sample_root, "fast"))
    one.initialize()
    batcher, gone = new_batcher(), weakref.ref(one)
    batcher.answer(one, ["굿"], later())
    del one
    wait_until(lambda: gone() is None)


def test_too_many_waiting_are_refused_at_once(deep: StandIn) -> None:
    batcher = new_batcher(batch_queue=10)
    with ThreadPoolExecutor(2) as pool:
        with busy(batcher, deep):
            waiting = [pool.submit(batcher.answer, deep, ["굿"] * 5, later()) for _ in range(2)]
            wait_for_rows(batcher, 10)
            with pytest.raises(RequestRefused) as refused:
                batcher.answer(deep, ["굿"], later())
        assert [len(answer.result()) for answer in waiting] == [5, 5]
    assert (refused.value.status, refused.value.retry_after) == (503, 1)


def test_what_is_too_late_is_refused_and_never_run(deep: StandIn, handler: Handler) -> None:
    batcher = new_batcher()
    with busy(batcher, deep), pytest.raises(RequestRefused) as refused:
        batcher.answer(deep, ["늦은 글"], time.monotonic() + 0.1)
    assert batcher.answer(deep, ["다음"], later()) == handler.handle(["다음"])
    assert refused.value.status == 504
    assert ["늦은 글"] not in deep.batches


def test_a_long_list_holds_nobody_up(deep: StandIn) -> None:
    batcher = new_batcher()
    with ThreadPoolExecutor(2) as pool:
        with busy(batcher, deep):
            long = pool.submit(batcher.answer, deep, [f"글 {n}" for n in range(320)], later())
            wait_for_rows(batcher, 320)
            short = pool.submit(batcher.answer, deep, ["짧은 글"], later())
            wait_for_rows(batcher, 321)
        assert len(short.result()) == 1
        assert len(long.result()) == 320
    assert any("짧은 글" in batch for batch in deep.batches[:3])


def test_each_answer_is_of_one_model(deep: StandIn, sample_root: Path) -> None:
    other = StandIn(current_artifact(sample_root, "fast"))
    other.initialize()
    batcher = new_batcher(batch_wait=0.05)
    with ThreadPoolExecutor(20) as pool:
        handlers = [deep, other] * 10
        answers = pool.map(lambda h: batcher.answer(h, [h.name], later()), handlers)
        assert all(len(answer) == 1 for answer in answers)
    assert sum(map(len, deep.batches)) == sum(map(len, other.batches)) == 10


def test_the_context_knows_when_its_batches_were_run(deep: StandIn) -> None:
    batcher, context = new_batcher(), RequestContext(0.0)
    with ThreadPoolExecutor(1) as pool:
        with busy(batcher, deep):
            waiting = pool.submit(batcher.answer, deep, ["글"] * 20, later(), context)
            wait_for_rows(batcher, 20)
            free = time.monotonic()
        waiting.result()
    assert free <= context.model_began < context.model_ended <= time.monotonic()


def test_no_texts_no_answers(deep: StandIn) -> None:
    assert new_batcher().answer(deep, [], later()) == []
