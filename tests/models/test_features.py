import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.feature_settings import FeatureSettings
from pipeline.models.features import BOUNDARY, Batch, featurize
from pipeline.text.cleaning import clean
from pipeline.training.counts import count_matrix

SETTINGS = FeatureSettings(bits=(12, 16, 16, 8))
CLEAN_TEXTS = st.lists(st.text(max_size=12).map(clean), min_size=1, max_size=6)


def by_view(batch: Batch, review: int = 0) -> dict[str, list[list[int]]]:
    """Of one review, per view and order: its buckets."""
    found = {}
    count = batch.starts.size // len(batch.views)
    orders = [first + buckets.astype(int) for first, buckets in batch.buckets()]
    for number, view in enumerate(batch.views):
        own = slice(*(side[number * count + review] for side in (batch.starts, batch.ends)))
        found[view.name] = [order[own].tolist() for order in orders[: view.orders]]
    return found


def views_of(text: str, settings: FeatureSettings = SETTINGS) -> dict[str, list[list[int]]]:
    return by_view(featurize([text], settings))


@given(CLEAN_TEXTS)
def test_a_review_has_the_same_buckets_alone_and_in_a_batch(texts: list[str]) -> None:
    batch = featurize(texts, SETTINGS)
    assert [by_view(batch, i) for i in range(len(texts))] == [views_of(text) for text in texts]


@given(st.text(max_size=12).map(clean))
def test_every_ngram_within_the_boundaries_comes_once(text: str) -> None:
    units = {
        "unspaced": len(text.replace(" ", "")),
        "words": max(len(text.split(" ")), 1),
    }
    for view, orders in views_of(text).items():
        real = [[bucket for bucket in order if bucket != SETTINGS.nothing] for order in orders]
        between = units[view] + 1  # n-grams of two, each boundary being in one of them
        longer = [max(between - n, 0) for n in (1, 2)] if view == "unspaced" else []
        assert [len(order) for order in real] == [between, between, *longer]


def test_equal_ngrams_share_a_bucket_and_others_do_not() -> None:
    order_two = views_of("가나가나")["unspaced"][1]
    assert order_two[1] == order_two[3]
    assert len(set(order_two)) == 4


def test_only_the_words_see_spaces() -> None:
    spaced, unspaced = views_of("안 봐 요"), views_of("안봐요")
    assert spaced["unspaced"] == unspaced["unspaced"]
    assert spaced["words"] != unspaced["words"]


def test_words_are_told_by_their_first_two_characters() -> None:
    one, other = (
        views_of("영화가 정말 참 좋다")["words"][0],
        views_of("영화는요 정말로 참 좋네")["words"][0],
    )
    assert one[:-1] == other[:-1]
    assert one[-1] != other[-1]


def test_the_hash_is_fixed() -> None:
    """Artifacts in the field depend on these numbers: they never change."""
    views = views_of("재밌 다", FeatureSettings(bits=(22, 22, 22), word_orders=3))
    assert {view: orders[2] for view, orders in views.items()} == {
        "unspaced": [11941757, 11699936, 10404782, 12582912],
        "words": [12415959, 9504604, 12582912],
    }


def test_buckets_are_used_evenly() -> None:
    letters = np.random.default_rng(0).integers(ord("가"), ord("힣"), (10_000, 2))
    texts = ["".join(map(chr, pair)) for pair in letters]
    batch = featurize(texts, FeatureSettings(bits=(1, 16)))
    _, (_, pairs) = batch.buckets()
    inner = pairs[batch.starts[: len(texts)] + 1]
    expected = 65_536 * (1 - np.exp(-len(texts) / 65_536))
    assert np.unique(inner).size == pytest.approx(expected, rel=0.02)


@given(CLEAN_TEXTS)
def test_counts_are_those_of_the_buckets(texts: list[str]) -> None:
    batch = featurize(texts, SETTINGS)
    for number, row in enumerate(count_matrix(texts, SETTINGS, 0)[0].toarray()):
        views = by_view(batch, number).values()
        buckets = [bucket for view in views for order in view for bucket in order]
        expected = np.bincount(buckets, minlength=SETTINGS.bucket_count)
        expected[SETTINGS.nothing] = 0
        np.testing.assert_array_equal(row, expected)


@given(CLEAN_TEXTS)
def test_sums_are_per_review(texts: list[str]) -> None:
    batch = featurize(texts, SETTINGS)
    sums = batch.sums(np.ones(batch.ends[-1], dtype=np.int16))
    assert sums.tolist() == (batch.ends - batch.starts).reshape(2, -1).sum(axis=0).tolist()


def test_no_character_of_a_text_is_a_boundary_in_any_view() -> None:
    assert clean(BOUNDARY) == ""


@pytest.mark.parametrize(
    "record",
    [
        {"bits": []},
        {"bits": [0]},
        {"bits": [25]},
        {"bits": [2] * 9},
        {"bits": [2.0, 2]},
        {"bits": [True, 2]},
        {"bits": [2, 2], "word_orders": 0},
        {"bits": [2, 2], "morpheme_orders": 9},
        {"bits": [2, 2], "content_orders": 0},
        {"bits": [2, 2], "word_orders": 1.0},
        {"bits": [2, 2], "tokenizer": "nosuch"},
        {"bits": [2, 2], "more": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(record: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        FeatureSettings.from_record(record)


def test_settings_survive_json() -> None:
    record = json.loads(json.dumps(asdict(SETTINGS)))
    assert FeatureSettings.from_record(record) == SETTINGS
