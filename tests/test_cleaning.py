from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.cleaning import CHUNK, FEWEST, clean, clean_all

NEARLY_CLEAN = st.text("좋다 a\n😀\u0301")
ANY_TEXT = st.text(st.characters(codec=None))


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
