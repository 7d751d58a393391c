import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.features import BOUNDARY, FeatureSettings, ngram_blocks
from pipeline.text import clean
from pipeline.training.counts import count_matrix

SETTINGS = FeatureSettings(
    spaced=((1, 16), (2, 16), (3, 12), (4, 8)),
    unspaced=((2, 10), (5, 16)),
    ending=((2, 10), (3, 11)),
    ending_length=4,
    words=((1, 14), (2, 14)),
)
CLEAN_TEXTS = st.lists(st.text(max_size=12).map(clean), min_size=1, max_size=6)


def buckets_of(texts: list[str], settings: FeatureSettings = SETTINGS) -> list[list[list[int]]]:
    """Per review, per order: its buckets."""
    per_order = []
    for block in ngram_blocks(texts, settings):
        for place, buckets in block.buckets():
            whole = np.full(block.positions, place.stop - 1)
            whole[: buckets.size] = place.start + buckets
            per_order.append([part.tolist() for part in np.split(whole, block.starts[1:])])
    return [list(parts) for parts in zip(*per_order, strict=True)]


@given(CLEAN_TEXTS)
def test_a_review_has_the_same_buckets_alone_and_in_a_batch(texts: list[str]) -> None:
    assert buckets_of(texts) == [buckets_of([text])[0] for text in texts]


@given(st.text(max_size=12).map(clean))
def test_counts_every_ngram_within_the_boundaries_once(text: str) -> None:
    padded = BOUNDARY + text + BOUNDARY
    for order, buckets in zip((1, 2, 3, 4), buckets_of([text])[0][:4], strict=True):
        real = [bucket for bucket in buckets if bucket not in SETTINGS.nothing()]
        expected = len(text) + 1 if order == 1 else max(len(padded) - order + 1, 0)
        assert len(real) == expected


def test_equal_ngrams_share_a_bucket_and_others_do_not() -> None:
    order_two = buckets_of(["가나가나"])[0][1]
    assert order_two[1] == order_two[3]
    assert len(set(order_two)) == 4


def test_the_unspaced_block_does_not_see_spaces() -> None:
    spaced, unspaced = buckets_of(["안 봐 요"])[0], buckets_of(["안봐요"])[0]
    assert spaced[4:8] == unspaced[4:8]
    assert spaced[:4] != unspaced[:4]


def test_the_ending_is_the_last_characters_without_spaces() -> None:
    long, short = buckets_of(["정말 재 밌 어요"])[0], buckets_of(["재밌어요"])[0]
    assert long[6:8] == short[6:8]
    assert long[:6] != short[:6]


def test_words_are_told_by_their_first_two_characters() -> None:
    one, other = buckets_of(["영화가 정말 참 좋다"])[0], buckets_of(["영화는요 정말로 참 좋네"])[0]
    assert one[8][:4] == other[8][:4]
    assert one[8][4] != other[8][4]
    assert len(one[8]) == 5


def test_the_hash_is_fixed() -> None:
    """Artifacts in the field depend on these numbers: they never change."""
    settings = FeatureSettings(((1, 22), (2, 22), (3, 22)), ((2, 22),), (), words=())
    (orders,) = buckets_of(["재밌 다"], settings)
    assert [[bucket % (2**22 + 1) for bucket in buckets] for buckets in orders] == [
        [2539187, 2973299, 1446947, 1414513, 2691417],
        [3477972, 2806015, 1929618, 3467281, 3900483],
        [3787989, 1068451, 3573568, 2529694, 4194304],
        [3477972, 2806015, 3206611, 3900483],
    ]


def test_buckets_are_used_evenly() -> None:
    texts = [chr(0xAC00 + n) + chr(0xAC00 + m) for n in range(0, 5000, 50) for m in range(100)]
    used = count_matrix(texts, FeatureSettings(((2, 16),), (), (), words=())).sum(axis=0)
    inner = 10_000
    expected_empty = 65_536 * np.exp(-(inner + 200) / 65_536)
    assert np.count_nonzero(np.asarray(used)[0, :-1] == 0) == pytest.approx(
        expected_empty, rel=0.02
    )


@given(CLEAN_TEXTS)
def test_counts_are_those_of_the_buckets(texts: list[str]) -> None:
    counts = count_matrix(texts, SETTINGS).toarray()
    for row, orders in zip(counts, buckets_of(texts), strict=True):
        expected = np.bincount(np.concatenate(orders), minlength=SETTINGS.bucket_count)
        expected[SETTINGS.nothing()] = 0
        np.testing.assert_array_equal(row, expected)
