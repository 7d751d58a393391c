"""Teachers: what they say of reviews is kept, and learned from."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from pipeline.errors import InvalidInput
from pipeline.files.layouts import ReadSettings
from pipeline.files.sources import Source
from pipeline.models.feature_settings import FeatureSettings
from pipeline.models.linear import LinearModel
from pipeline.reviews.labelled import read_reviews
from pipeline.reviews.unlabelled import digest_of_texts, read_unlabelled
from pipeline.text.cleaning import clean_all
from pipeline.training.fitting import LinearSettings, fit_linear
from pipeline.training.judgements import Judgements, hash_texts
from pipeline.training.rows import LABELLED, Rows, Sharing
from pipeline.training.teaching import Lesson, Taught, Teacher, judge
from tests.support.paths import SAMPLE

TEXTS = [f"리뷰 {number}" for number in range(1000)]


class Lengths:
    """A model that finds long texts positive; it counts what it is asked, and may be stopped."""

    def __init__(self, stops_after: int = 10**9) -> None:
        self.asked: list[str] = []
        self.stops_after = stops_after

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        if len(self.asked) >= self.stops_after:
            raise KeyboardInterrupt
        self.asked += texts
        positive = np.array([len(text) / 10 for text in texts])
        return np.stack([1 - positive, positive], axis=1)

    def coverage(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return np.ones(len(texts))


def teacher(model: Lengths, name: str = "a") -> Teacher:
    return Teacher(name, name * 64, lambda: model)


def expected(texts: Sequence[str]) -> NDArray[np.float64]:
    return Lengths().probabilities(texts)[:, 1]


def test_no_text_is_judged_twice(tmp_path: Path) -> None:
    first, second = Lengths(), Lengths()
    judge(TEXTS[:600], [teacher(first)], tmp_path)
    found = judge(TEXTS[::-1], [teacher(second)], tmp_path)
    np.testing.assert_allclose(found, expected(TEXTS[::-1]), atol=1e-7)
    assert sorted(first.asked + second.asked) == sorted(TEXTS)


def test_what_was_judged_before_an_interruption_is_kept(tmp_path: Path) -> None:
    stopped, rest = Lengths(stops_after=256), Lengths()
    with pytest.raises(KeyboardInterrupt):
        judge(TEXTS, [teacher(stopped)], tmp_path)
    found = judge(TEXTS, [teacher(rest)], tmp_path)
    np.testing.assert_allclose(found, expected(TEXTS), atol=1e-7)
    assert len(stopped.asked) >= 256
    assert len(stopped.asked) + len(rest.asked) == len(TEXTS)


def test_several_teachers_give_their_mean(tmp_path: Path) -> None:
    class Doubters(Lengths):
        def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
            return np.full((len(texts), 2), 0.5)

    found = judge(TEXTS, [teacher(Lengths()), teacher(Doubters(), "b")], tmp_path)
    np.testing.assert_allclose(found, (expected(TEXTS) + 0.5) / 2, atol=1e-7)


@pytest.mark.parametrize("damage", [lambda content: content[:-40], lambda content: b"x" + content])
def test_a_damaged_part_is_judged_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    judge(TEXTS, [teacher(Lengths())], tmp_path)
    (part,) = tmp_path.rglob("*.judged")
    part.write_bytes(damage(part.read_bytes()))
    again = Lengths()
    np.testing.assert_allclose(judge(TEXTS, [teacher(again)], tmp_path), expected(TEXTS), atol=1e-7)
    assert len(again.asked) == len(TEXTS)


def test_a_link_among_the_parts_is_refused(tmp_path: Path) -> None:
    judge(TEXTS, [teacher(Lengths())], tmp_path)
    (part,) = tmp_path.rglob("*.judged")
    part.rename(tmp_path / "elsewhere")
    part.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput, match="a link"):
        judge(TEXTS, [teacher(Lengths())], tmp_path)


def test_old_parts_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.training.judgements.LARGEST", 30_000)
    kept = Judgements(tmp_path)
    for number in range(4):
        texts = [f"{number} {text}" for text in TEXTS]
        kept.keep(hash_texts(texts), np.full(len(texts), 0.5, dtype=np.float32))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 30_000
    assert not np.isnan(kept.find(hash_texts([f"3 {text}" for text in TEXTS]))).any()


def test_unlabelled_reviews_are_distinct_and_not_the_labelled_ones(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("좋아요\n나빠요\n\n좋아요 \n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("review,n\n그저 그래요,1\n시험  문제,2\n", encoding="utf-8")
    sources = [Source.named(str(tmp_path / name)) for name in ("a.txt", "b.csv")]
    found = read_unlabelled(sources, ReadSettings(), {"시험 문제"})
    assert found.texts == ["좋아요", "나빠요", "그저 그래요"]
    assert found.facts["rows"] == 6
    assert found.facts["sha256"] == digest_of_texts(found.texts)
    with pytest.raises(InvalidInput, match="no reviews"):
        read_unlabelled(sources, ReadSettings(), set(found.texts) | {"시험 문제"})


def test_words_that_only_teachers_know_are_learned() -> None:
    reviews = read_reviews(SAMPLE)
    new = [f"{word} {n}" for n in range(200) for word in ("꿀배송", "파손")]
    taught = Taught(new, np.tile([0.97, 0.03], 200), {}, np.zeros(400, np.intp))
    cleaned = clean_all(reviews.texts)
    small = LinearSettings(features=FeatureSettings(bits=(14, 16, 16)))
    before = fit_linear(cleaned, reviews.labels, small)
    after = fit_linear(cleaned, reviews.labels, small, taught)
    assert _certainty(before.model) < 0.75 < 0.9 < _certainty(after.model)
    assert before.sharing is None
    assert after.sharing is not None


def _certainty(model: LinearModel) -> float:
    good, bad = model.probabilities(["꿀배송", "파손"])[:, 1]
    return float(min(good, 1 - bad))


def test_an_unsure_review_is_an_example_of_both_labels() -> None:
    rows = Rows(
        ["가", "나", "다"],
        np.array([1.0, 0.7, 0.005]),
        np.array([LABELLED, 0, 0]),
        np.arange(3),
        sparse.csr_matrix((3, 1)),
        np.arange(1),
    )
    examples = Sharing(weight=0.5, smallest=0.05).examples(rows)
    assert examples.rows.tolist() == [0, 1, 2, 1]
    assert examples.labels.tolist() == [1, 1, 0, 0]
    np.testing.assert_allclose(examples.weights, [1, 0.35, 0.4975, 0.15])


def test_a_small_input_counts_as_a_share_of_the_labelled_reviews() -> None:
    groups = np.repeat([LABELLED, 0, 1], [1000, 500, 10])
    nothing = sparse.csr_matrix((groups.size, 1))
    sources = np.arange(groups.size)
    rows = Rows([], np.ones(groups.size), groups, sources, nothing, np.arange(1))
    weights = Sharing(weight=0.5, share=0.1).weights(rows)
    assert [weights[groups == group].sum() for group in (LABELLED, 0, 1)] == [1000, 250, 100]


def test_each_text_is_of_the_first_input_that_holds_it(tmp_path: Path) -> None:
    for name, lines in (("a.txt", "가\n나\n"), ("b.txt", "나\n다\n"), ("c.txt", "라\n")):
        (tmp_path / name).write_text(lines, encoding="utf-8")
    a, b, c = (Source.named(str(tmp_path / f"{name}.txt")) for name in "abc")
    taught = Lesson([[a, b], [c]], ReadSettings(), [teacher(Lengths())]).give(tmp_path, set())
    assert dict(zip(taught.texts, taught.groups.tolist(), strict=True)) == {
        **dict.fromkeys("가나다", 0),
        "라": 1,
    }
