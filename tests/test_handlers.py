"""The contract of the skeleton, run over every handler."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.golden import golden_texts
from pipeline.handlers.base import Handler, Prediction

ANY_TEXTS = st.lists(st.text(st.characters(codec=None)), max_size=8)


@given(texts=ANY_TEXTS)
def test_any_texts_get_one_answer_each_in_order(handler: Handler, texts: list[str]) -> None:
    predictions = handler.handle(texts)
    assert [prediction.text for prediction in predictions] == texts
    assert all(0.5 <= prediction.confidence <= 1.0 for prediction in predictions)
    assert {prediction.label for prediction in predictions} <= {"negative", "positive"}


@given(texts=ANY_TEXTS)
def test_an_answer_does_not_depend_on_its_neighbours(handler: Handler, texts: list[str]) -> None:
    assert handler.handle(texts) == [handler.handle([text])[0] for text in texts]


def test_no_texts_give_no_answers(handler: Handler) -> None:
    assert handler.handle([]) == []


def test_texts_beyond_a_batch_keep_their_order(handler: Handler) -> None:
    texts = golden_texts() * 20
    assert handler.handle(texts) == handler.handle(golden_texts()) * 20


def test_what_cleaning_removes_makes_no_difference(handler: Handler) -> None:
    plain, noisy = handler.handle(["정말 재밌다", " 정말 \n재\x00밌다\u200b "])
    assert plain[1:] == noisy[1:]


def test_handle_is_the_three_steps(handler: Handler) -> None:
    texts = ["최고의 영화", "돈 아깝다"]
    cleaned = handler.preprocess(texts)
    assert handler.handle(texts) == handler.postprocess(texts, handler.inference(cleaned))


def test_answers_are_predictions(handler: Handler) -> None:
    (prediction,) = handler.handle(["정말 재밌게 잘봤습니다! 최고 강추"])
    assert isinstance(prediction, Prediction)
    assert prediction.label == "positive"


def test_very_long_texts_are_answered(handler: Handler) -> None:
    texts = ["가" * 1_000_000, "a" + "\u0301" * 200_000, "재미 " * 100_000]
    assert len(handler.handle(texts)) == 3
