"""`evaluate --json` and `--report`: scikit-learn's figures, and pages that show no others."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    confusion_matrix,
    f1_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from pipeline.handlers.base import Handler
from pipeline.handlers.loading import load_current
from pipeline.quality.perturbations import PERTURBATIONS, perturb
from pipeline.reports.charts import draw_charts
from pipeline.reports.evaluation import evaluation_record
from pipeline.reports.evaluation_page import evaluation_page
from pipeline.reports.page import count, percent, signed, words_of
from pipeline.reports.words import evaluation
from pipeline.reviews.labelled import Reviews, read_reviews
from pipeline.text.cleaning import clean
from pipeline.workflows.evaluating import agreement, evaluate
from tests.reports.pages import Page
from tests.support.command import run
from tests.support.paths import SAMPLE

pytest.importorskip("matplotlib", reason="needs the extra [report]")

HOSTILE = "<script>alert(1)</script>\u202e\x07"


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with a column of films, one of dates, and one that makes no groups."""
    path = tmp_path_factory.mktemp("evaluation") / "mine.csv"
    lines = [f"id,review,label,film,{HOSTILE},when"]
    for number, line in enumerate(SAMPLE.read_text("utf-8").splitlines()[1:]):
        name, text, label = line.split("\t")
        film = "괴물" if number % 3 else f"{HOSTILE}{number % 2}"
        if number == 8:
            text = HOSTILE + text
        date = f"{2020 + number % 3}.{number // 3 % 12 + 1:02}.{number % 28 + 1:02}"
        quoted = '"' + text.replace('"', '""') + '"'
        lines.append(f"{name},{quoted},{label},{film},{number % 2},{date}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def record(mine: Path, sample_root: Path) -> dict:  # type: ignore[type-arg]
    """What the command prints, having written the page, too."""
    page = mine.with_name("page.html")
    done = run(
        *("evaluate", "--fast", "--json", "--robustness", "--report", page, "--lang", "en"),
        *("--data", mine, "--artifacts", sample_root),
    )
    assert done.code == 0, done.stderr
    return done.rows[0]


def test_figures_are_those_of_scikit_learn(record: dict, mine: Path, handler: Handler) -> None:  # type: ignore[type-arg]
    reviews = read_reviews(mine)
    labels = np.array(reviews.labels)
    positive = handler.inference(handler.preprocess(reviews.texts))[:, 1]
    answers, (model,) = positive > 0.5, record["models"]
    assert model["accuracy"] == pytest.approx(accuracy_score(labels, answers))
    assert model["f1"] == pytest.approx(f1_score(labels, answers))
    assert model["roc_auc"] == pytest.approx(roc_auc_score(labels, positive))
    assert model["confusion"] == confusion_matrix(labels, answers).tolist()
    mean = average_precision_score(labels, positive)
    assert model["precision_recall"]["average_precision"] == pytest.approx(mean)
    false_rate, true_rate, _ = roc_curve(labels, positive)
    assert _points(model["roc"], "false_positive_rate", "true_positive_rate") <= set(
        zip(false_rate.tolist(), true_rate.tolist(), strict=True)
    )
    precision, recall, _ = precision_recall_curve(labels, positive)
    assert _points(model["precision_recall"], "recall", "precision") <= set(
        zip(recall.tolist(), precision.tolist(), strict=True)
    )
    bins = [one for one in model["reliability"] if one["reviews"]]
    shares, means = calibration_curve(labels, positive, n_bins=10)
    assert [one["positive_share"] for one in bins] == pytest.approx(shares)
    assert [one["mean_probability"] for one in bins] == pytest.approx(means)
    assert sum(one["reviews"] for one in bins) == labels.size
    for one in (*model["coverage"], *model["coverage_curve"]):
        remain = np.maximum(positive, 1 - positive) >= one["threshold"]
        assert one["share"] == pytest.approx(remain.mean())
        right = accuracy_score(labels[remain], answers[remain]) if remain.any() else None
        assert one["accuracy"] == (right if right is None else pytest.approx(right))
    sure = [one["confidence"] for one in model["mistakes"]]
    wrong = (answers != labels).nonzero()[0]
    assert sure == pytest.approx(sorted(np.maximum(positive, 1 - positive)[wrong])[::-1][:50])


def _points(curve: dict, x: str, y: str) -> set[tuple[float, float]]:  # type: ignore[type-arg]
    """The points of a curve, which has both its ends."""
    assert {curve[x][0], curve[x][-1]} == {0.0, 1.0}
    return set(zip(curve[x], curve[y], strict=True))


def test_groups_are_columns_of_few_values_and_dates(record: dict) -> None:  # type: ignore[type-arg]
    slices = {one["name"]: one["groups"] for one in record["models"][0]["slices"]}
    assert list(slices) == ["length", "spelling", "film", "<script>alert(1)</script>", "when"]
    assert [group["name"] for group in slices["when"]] == ["2020", "2021", "2022"]
    assert sum(group["reviews"] for group in slices["film"]) == 848
    for group in slices["length"]:
        assert group["low"] <= group["accuracy"] <= group["high"]


@pytest.mark.parametrize("change", ["without_spaces", "mistyped"])
def test_robustness_is_the_accuracy_on_reviews_that_somebody_changed(
    record: dict,  # type: ignore[type-arg]
    mine: Path,
    sample_root: Path,
    change: str,
) -> None:
    reviews = read_reviews(mine)
    texts = [perturb(change, clean(text)) for text in reviews.texts]
    handler = load_current(sample_root, "fast")
    (alone,) = evaluate(replace(reviews, texts=texts), [handler])
    (unchanged,) = evaluate(reviews, [handler])
    (model,) = record["models"]
    (found,) = [one for one in model["robustness"] if one["change"] == change]
    assert found["accuracy"] == pytest.approx(alone.metrics.accuracy)
    assert found["difference"] == pytest.approx(alone.metrics.accuracy - model["accuracy"])
    assert found["flips"] == pytest.approx(1 - agreement(unchanged, alone))


def test_robustness_of_both_models_on_the_terminal(
    sample_root: Path, deep_root: Path, tmp_path: Path
) -> None:
    for root in (sample_root, deep_root):
        shutil.copytree(root, tmp_path, dirs_exist_ok=True)
    few = tmp_path / "few.tsv"
    few.write_text("".join(SAMPLE.read_text("utf-8").splitlines(keepends=True)[:20]), "utf-8")
    given = ("evaluate", "--robustness", "--fast", "--deep", "--data", few)
    done = run(*given, "--artifacts", tmp_path)
    assert done.code == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    words = [evaluation.WORDS["en"][change] for change in PERTURBATIONS]
    told = [line.split("  ")[0] for line in lines]
    assert [one for one in told if one in words] == words * 2
    assert [line.split()[-1] for line in lines if "NFD" in line] == ["0.00%"] * 2


def test_small_groups_are_merged() -> None:
    from pipeline.reports.grouping import by_value

    found = by_value(["a"] * 30 + ["b"] * 19 + ["c"] * 2)
    assert [(name, int(inside.sum())) for name, inside in found] == [("a", 30), (None, 21)]
    assert by_value([f"{number}" for number in range(99)]) == []
    assert by_value(["a", "b"]) == []


def test_the_page_shows_the_record_and_loads_nothing(record: dict, mine: Path) -> None:  # type: ignore[type-arg]
    content = mine.with_name("page.html").read_text("utf-8")
    page = Page(content)
    (model,) = record["models"]
    assert page.addresses == []
    assert "script" not in page.tags
    assert "\u202e" not in content
    assert "\x07" not in content
    assert HOSTILE[:25] in page.text
    assert "svg" in page.tags
    shown = [percent(model[name], 2) for name in ("accuracy", "f1", "calibration_error")]
    shown += [count(cell) for row in model["confusion"] for cell in row]
    shown += [percent(one[key], 2) for one in model["coverage"] for key in ("share", "accuracy")]
    groups = [group for one in model["slices"] for group in one["groups"]]
    shown += [percent(group["accuracy"]) for group in groups]
    shown += [one["shown"]["text"] for one in model["mistakes"]]
    shown += [signed(100 * one["difference"], 2) for one in model["robustness"]]
    shown += [percent(one["flips"], 2) for one in model["robustness"]]
    shown += [evaluation.WORDS["en"][one["change"]] for one in model["robustness"]]
    assert [one for one in shown if one not in page.text] == []


def test_two_models_and_where_they_disagree(sample_root: Path, handler: Handler) -> None:
    reviews = read_reviews(SAMPLE)
    (one,) = evaluate(reviews, [load_current(sample_root, "fast")])
    turned = np.where(one.positive > 0.9, 0.2, 0.3)
    other = replace(one, name="other", slot="deep", reviews_per_second=1.0, positive=turned)
    found = evaluation_record(reviews, SAMPLE, [one, other], sample_root)
    differ = found["disagreements"]
    assert differ["count"] == int((one.positive > 0.5).sum())
    assert differ["only_first"] + differ["only_second"] == differ["count"]
    assert found["coloured_by"] == handler.name
    page = Page(evaluation_page(found, "ko")).text
    assert evaluation.WORDS["ko"]["disagreements"] in page
    assert count(differ["only_second"]) in page


def test_one_label_alone_and_no_fast_model(sample_root: Path, tmp_path: Path) -> None:
    reviews = Reviews(["좋다", ""], [1, 1], "0")
    found = evaluation_record(
        reviews, SAMPLE, evaluate(reviews, [load_current(sample_root, "fast")]), tmp_path
    )
    assert found["models"][0]["roc_auc"] is None
    json.dumps(found, allow_nan=False)
    assert evaluation.WORDS["ko"]["one_label"] in Page(evaluation_page(found, "ko")).text


def test_charts_are_the_same_each_time(record: dict) -> None:  # type: ignore[type-arg]
    words = words_of(evaluation.WORDS, "ko")
    charts = draw_charts(record["models"], words)
    assert charts == draw_charts(record["models"], words)
    assert ">재현율</text>" in charts["precision_recall"]
    assert list(charts) == ["roc", "precision_recall", "reliability", "coverage"]


def test_a_report_never_replaces_the_reviews(mine: Path, sample_root: Path) -> None:
    done = run("evaluate", "--data", mine, "--artifacts", sample_root, "--report", mine)
    assert done.code == 3
    assert "would be lost" in done.stderr
    nowhere = mine.parent / "none" / "page.html"
    done = run("evaluate", "--data", mine, "--artifacts", sample_root, "--report", nowhere)
    assert done.code == 3
    assert "There is no folder" in done.stderr


def test_without_matplotlib_the_extra_is_named(
    mine: Path, sample_root: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['matplotlib'] = None\n")
    given = ("evaluate", "--data", mine, "--artifacts", sample_root)
    env = {"PYTHONPATH": str(tmp_path)}
    done = run(*given, "--report", tmp_path / "page.html", env=env)
    assert done.code == 4
    assert "pip install 'sentiment-toolkit[report]'" in done.stderr
