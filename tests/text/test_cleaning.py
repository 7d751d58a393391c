import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.cleaning import CHUNK, FEWEST, MAX_COMBINING_MARKS, clean, clean_all

NEARLY_CLEAN = st.text("좋다 a\n😀\u0301")
ANY_TEXT = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("given_text", "cleaned"),
    [
        ("  앞뒤   빈칸\t많은\r\n리뷰 ", "앞뒤 빈칸 많은 리뷰"),
        ("재미\x00있\x07어\ufffd요\u200b", "재미있어요"),
        (unicodedata.normalize("NFD", "한글 리뷰"), "한글 리뷰"),
        ("ㅋㅋㅋ ㅠㅠ", "ㅋㅋㅋ ㅠㅠ"),
        ("ＡＢＣ　①", "ＡＢＣ ①"),
        ("\ud800서로게이트", "서로게이트"),
        ("", ""),
        ("\n\t ", ""),
    ],
)
def test_cleans(given_text: str, cleaned: str) -> None:
    assert clean(given_text) == cleaned


@given(ANY_TEXT)
def test_is_idempotent_and_canonical(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == " ".join(cleaned.split())


@given(ANY_TEXT)
def test_composed_and_decomposed_text_are_one(text: str) -> None:
    assert clean(unicodedata.normalize("NFD", text)) == clean(text)


def test_runs_of_combining_marks_are_bounded() -> None:
    storm = "a" + "\u0301\u0323" * 50_000
    assert len(clean(storm)) <= MAX_COMBINING_MARKS + 1


def test_a_mark_that_decomposes_into_two_is_bounded_too() -> None:
    storm = "a" + "\u0344" * 40
    assert clean(clean(storm)) == clean(storm)
    assert len(clean(storm)) <= MAX_COMBINING_MARKS + 1


@given(st.lists(NEARLY_CLEAN | ANY_TEXT, max_size=3 * FEWEST))
def test_cleans_many_as_each(texts: list[str]) -> None:
    assert clean_all(texts) == [clean(text) for text in texts]


def test_texts_at_the_ends_of_chunks_are_cleaned() -> None:
    texts = ["깨끗한 리뷰"] * (2 * CHUNK + 1)
    unclean = {0: " 앞", CHUNK - 1: "뒤 ", CHUNK: "두  칸", 2 * CHUNK: "제어\x00문자"}
    for row, text in unclean.items():
        texts[row] = text
    assert clean_all(texts) == [clean(text) for text in texts]


def test_a_line_break_in_a_text_is_cleaned() -> None:
    assert clean_all(["줄\n바꿈"] + ["리뷰"] * CHUNK)[:2] == ["줄 바꿈", "리뷰"]
