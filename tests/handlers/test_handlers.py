"""The contract of the skeleton, run over every handler."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.artifacts.golden import golden_texts
from pipeline.handlers.base import Handler, Prediction

ANY_TEXTS = st.lists(st.text(st.characters(codec=None)), max_size=12)


@pytest.fixture(scope="session", params=["handler", "deep_handler"])
def any_handler(request: pytest.FixtureRequest) -> Handler:
    handler: Handler = request.getfixturevalue(request.param)
    return handler


def same(answers: Sequence[Prediction], expected: Sequence[Prediction], handler: Handler) -> bool:
    """Whether the labels are equal, and the confidence is within the artifact's tolerance."""
    tolerance = handler.artifact.manifest.tolerance
    return len(answers) == len(expected) and all(
        a.text == b.text and a.label == b.label and abs(a.confidence - b.confidence) <= tolerance
        for a, b in zip(answers, expected, strict=True)
    )


@settings(deadline=None)
@given(texts=ANY_TEXTS)
def test_any_texts_get_one_answer_each_in_order(any_handler: Handler, texts: list[str]) -> None:
    predictions = any_handler.handle(texts)
    assert [prediction.text for prediction in predictions] == texts
    assert all(0.5 <= prediction.confidence <= 1.0 for prediction in predictions)
    assert {prediction.label for prediction in predictions} <= {"negative", "positive"}


@settings(deadline=None)
@given(texts=ANY_TEXTS)
def test_an_answer_does_not_depend_on_its_neighbours(
    any_handler: Handler, texts: list[str]
) -> None:
    alone = [any_handler.handle([text])[0] for text in texts]
    assert same(any_handler.handle(texts), alone, any_handler)


def test_no_texts_give_no_answers(any_handler: Handler) -> None:
    assert any_handler.handle([]) == []


def test_texts_beyond_a_batch_keep_their_order(any_handler: Handler) -> None:
    texts = golden_texts() * 20
    assert same(any_handler.handle(texts), any_handler.handle(golden_texts()) * 20, any_handler)


def test_what_cleaning_removes_makes_no_difference(any_handler: Handler) -> None:
    plain, noisy = any_handler.handle(["정말 재밌다", " 정말 \n재\x00밌다\u200b "])
    assert plain[1:] == noisy[1:]


def test_handle_is_the_three_steps(any_handler: Handler) -> None:
    texts = ["최고의 영화", "돈 아깝다"]
    cleaned = any_handler.preprocess(texts)
    assert any_handler.handle(texts) == any_handler.postprocess(
        texts, any_handler.inference(cleaned)
    )


def test_answers_are_predictions(any_handler: Handler) -> None:
    (prediction,) = any_handler.handle(["정말 재밌게 잘봤습니다! 최고 강추"])
    assert isinstance(prediction, Prediction)
    assert prediction.label == "positive"


def test_very_long_texts_are_answered_as_alone(any_handler: Handler) -> None:
    texts = ["가" * 1_000_000, "a" + "\u0301" * 200_000, "재미 " * 100_000, "", "\ud800\x00"]
    alone = [any_handler.handle([text])[0] for text in texts]
    assert same(any_handler.handle(texts), alone, any_handler)
