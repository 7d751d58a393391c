"""Changed copies of labelled reviews: what they are, and that none of a held-out one is learned."""

import numpy as np

from pipeline.reviews.labelled import read_reviews
from pipeline.text.cleaning import clean_all
from pipeline.training.copies import CHANGES, SHARE, changed_copies
from pipeline.training.fitting import LinearSettings, gather_rows, split
from tests.support.paths import SAMPLE


def test_copies_are_the_same_each_time_and_differ_from_their_sources() -> None:
    texts = clean_all(read_reviews(SAMPLE).texts)
    copies, sources = changed_copies(texts, seed=0)
    assert len(copies) == sources.size > 0.8 * len(CHANGES) * SHARE * len(texts)
    assert all(copy != texts[row] for copy, row in zip(copies, sources, strict=True))
    assert any(copy.endswith("ㅎㅎ") for copy in copies)
    again, _ = changed_copies(texts, seed=0)
    assert again == copies != changed_copies(texts, seed=1)[0]


def test_no_copy_of_a_held_out_review_is_in_a_trial() -> None:
    reviews = read_reviews(SAMPLE)
    rows = gather_rows(clean_all(reviews.texts), reviews.labels, LinearSettings(), None)
    kept, held_out, copies = split(rows, LinearSettings())
    assert sorted(np.concatenate([kept, held_out, copies])) == list(range(len(rows.texts)))
    assert not np.isin(rows.sources[kept], held_out).any()
    assert np.isin(rows.sources[copies], held_out).all()
    assert copies.size
    assert (rows.sources[held_out] == held_out).all()
