"""`predict --report`: what is gathered while files are scored, and the page of it."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from pipeline.batch.output import writing
from pipeline.batch.output.serializing import WriteSettings
from pipeline.batch.report import scored_page, scored_record
from pipeline.batch.scoring import CHUNK_BYTES, Job, score_files
from pipeline.files.formats import FileKind
from pipeline.files.layouts import ReadSettings
from pipeline.files.sources import find_sources
from pipeline.handlers.base import Handler
from pipeline.models.linear import LinearModel
from pipeline.reports.dates import day_of
from pipeline.reports.page import count, percent
from pipeline.reports.standing_out import standing_out
from pipeline.reports.tallies import MOST_TOPICS, Tally
from pipeline.reviews.labelled import read_reviews
from pipeline.workflows.explaining import character_shares
from tests.reports.pages import Page
from tests.support.paths import SAMPLE

FILMS = ("괴물", "밀양", "<b>x")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with films and dates."""
    path = tmp_path_factory.mktemp("scored") / "given.jsonl"
    reviews = read_reviews(SAMPLE)
    with path.open("w", encoding="utf-8") as file:
        for number, (text, label) in enumerate(zip(reviews.texts, reviews.labels, strict=True)):
            day = f"{2023 + number % 2}-{number % 12 + 1:02}-05T10:00"
            film = FILMS[number % 3] if number % 100 else [str(number)]
            row = {"text": text, "label": label, "영화": film, "date": day}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def make_job(given: Path, output: Path) -> Job:
    write = WriteSettings(FileKind("jsonl"), profile=True)
    return Job(find_sources([str(given)]), str(output), ReadSettings(), write)


@pytest.fixture(scope="module")
def record(given: Path, handler: Handler) -> dict:  # type: ignore[type-arg]
    job = make_job(given, given.with_name("out.jsonl"))
    return dict(scored_record(handler, job, score_files(handler, job)))


def test_figures_are_those_of_scikit_learn(record: dict, handler: Handler) -> None:  # type: ignore[type-arg]
    reviews = read_reviews(SAMPLE)
    labels = np.array(reviews.labels)
    positive = handler.inference(handler.preprocess(reviews.texts))[:, 1]
    found = record["labelled"]
    assert found["confusion"] == confusion_matrix(labels, positive > 0.5).tolist()
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, positive > 0.5))
    assert found["f1"] == pytest.approx(f1_score(labels, positive > 0.5))
    assert record["positive_share"] == pytest.approx((positive > 0.5).mean())
    surest = [one["confidence"] for one in record["surest_positive"]]
    assert surest == pytest.approx(sorted(positive)[::-1][: len(surest)])
    unsure = [one["confidence"] for one in record["least_sure"]]
    assert unsure == pytest.approx(sorted(np.maximum(positive, 1 - positive))[: len(unsure)])
    assert len(unsure) == len(surest) == 10
    assert sum(part["reviews"] for part in record["scores"]) == 848


def test_shares_by_date_and_film(record: dict) -> None:  # type: ignore[type-arg]
    parts = record["topics"]["parts"]
    assert [part["name"] for part in parts[:3]] == ["괴물", "밀양", "<b>x"] or len(parts) == 4
    assert parts[-1]["name"] is None
    assert parts[-1]["reviews"] == 9  # each film of its own
    assert sum(part["reviews"] for part in parts) == 848
    months = [part["name"] for part in record["dates"]["parts"]]
    assert months == sorted(months)
    assert len(months) == 12
    assert sum(part["positive"] for part in record["dates"]["parts"]) == record["positive"]


def test_words_stand_out_by_what_they_add(record: dict, handler: Handler) -> None:  # type: ignore[type-arg]
    assert isinstance(handler.model, LinearModel)
    words = record["standing_out"]
    assert words["method"] == "contributions"
    assert words["positive"][0]["value"] > 0 > words["negative"][0]["value"]
    for one, other in pairwise(words["positive"]):
        assert one["value"] >= other["value"]
    texts = ["좋다", "좋다 나쁘다", "좋다!"]
    (first, *_) = standing_out(texts, [1.0, 0.0, 1.0], handler.model).positive
    shares = [character_shares(handler.model, text)[:2].sum() for text in texts]
    assert (first.word, first.reviews) == ("좋다", 3)
    assert first.value == pytest.approx(sum(shares))
    by_odds = standing_out(["좋다"] * 9 + ["별로"] * 9, [0.9] * 9 + [0.1] * 9, None)
    assert [[one.word for one in part] for part in by_odds[2:]] == [["좋다"], ["별로"]]


def test_the_page_shows_the_record(record: dict) -> None:  # type: ignore[type-arg]
    for language in ("en", "ko"):
        content = scored_page(record, language)
        page = Page(content)
        assert page.addresses == []
        assert "script" not in page.tags
        assert "<b>x" not in content
        parts = [*record["topics"]["parts"], *record["dates"]["parts"]]
        shown = [percent(part["share"]) for part in parts]
        shown += [count(cell) for row in record["labelled"]["confusion"] for cell in row]
        shown += [f"−{-one['value']:.1f}" for one in record["standing_out"]["negative"]]
        shown += [one["shown"]["text"] for one in record["surest_positive"]]
        shown += [f"{one['index']:.3f}" for one in record["drift"]["indexes"]]
        shown += [percent(part["share"]) for part in record["scores"]]
        assert [one for one in shown if one not in page.text] == []


def test_a_resumed_run_gathers_the_same(
    record: dict,  # type: ignore[type-arg]
    given: Path,
    handler: Handler,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(CHUNK_BYTES, "fast", 20_000)
    monkeypatch.setattr(writing, "SECONDS_BETWEEN_CHECKPOINTS", 0)
    job = make_job(given, tmp_path / "out.jsonl")
    left = 2

    def interrupt(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_files(handler, job, watch=interrupt)
    assert Path(f"{job.output}.journal").exists()
    totals = score_files(handler, job)
    found = {**scored_record(handler, job, totals), "output": record["output"]}
    assert found["mean_confidence"] == pytest.approx(record.pop("mean_confidence"))
    assert {name: found[name] for name in record} == record
    assert (tmp_path / "out.jsonl").read_bytes() == given.with_name("out.jsonl").read_bytes()


def test_several_processes_gather_the_same(
    given: Path, handler: Handler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHUNK_BYTES, "fast", 20_000)
    job = make_job(given, tmp_path / "out.jsonl")
    alone, together = (score_files(handler, job, jobs).gathered for jobs in (1, 3))
    assert alone is not None
    assert together == alone


def test_days_become_months_and_years() -> None:
    days = [f"{year}-{month:02}-{day:02}" for year in (1, 2) for month in (1, 2) for day in (1, 9)]
    few = Tally.of_dates("d", [(f"200{day}", True) for day in days])
    assert len(few.counts) == 8
    many = [(f"20{year:02}.{month}.1.", False) for year in range(9) for month in range(1, 13)]
    both = few.plus_dates(Tally.of_dates("d", [*many, ("soon", False)]))
    assert set(both.counts) == {f"200{year}" for year in range(9)}
    assert both.counts["2001"] == [16, 4]
    assert both.others == [1, 0]


def test_topics_are_counted_in_bounded_memory() -> None:
    first = Tally.of_topics("t", [(f"{number}", True) for number in range(MOST_TOPICS)])
    both = first.plus_topics(Tally.of_topics("t", [("5", False), ("new", False)]))
    assert len(both.counts) == MOST_TOPICS
    assert (both.counts["5"], both.others) == ([2, 1], [1, 0])


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026.11.26 10:00", "2026-11-26"),
        ("2026년 1월 3일", "2026-01-03"),
        ("20261126", "2026-11-26"),
        ("2026-02-30", None),
        ("9976970", None),
        (None, None),
    ],
)
def test_days(written: object, day: str | None) -> None:
    assert day_of(written) == day
