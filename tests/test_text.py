import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.cleaning import MAX_COMBINING_MARKS, clean

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
